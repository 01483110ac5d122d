import ContentStore

/// The names in a store's folder (FORMAT.md, "Layout").
struct StoreLayout: Sendable {
    static let formatVersion = 1

    let root: String

    var formatFile: String { root + "/format" }
    var catalog: String { root + "/catalog.sqlite" }
    var packs: String { root + "/packs" }
    var staging: String { root + "/staging" }

    /// Makes the folders and, last, the `format` file: a store exists once that file does.
    func create(on disk: any StoreDisk, storeID: String) throws(ContentError) {
        for folder in [root, packs, staging] { try disk.createDirectory(folder) }
        let line = Array("strata \(Self.formatVersion) \(storeID)\n".utf8)
        let temporary = formatFile + ".new"
        try disk.remove(temporary)
        let file = try disk.open(temporary, .create)
        let result = line.withUnsafeBytes { bytes in Result { () throws(ContentError) in try file.write(bytes, at: 0) } }
        try result.get()
        try file.sync()
        try disk.rename(temporary, to: formatFile)
        try disk.syncDirectory(root)
    }

    /// Reads the `format` file; nil when there is none.
    /// - Throws: `unsupported_format` for a newer store or a file that is none of ours.
    func storeID(on disk: any StoreDisk) throws -> String? {
        guard let status = try disk.status(formatFile) else { return nil }
        guard status.sizeBytes < 1024 else { throw unreadable("has \(status.sizeBytes) bytes") }
        let file = try disk.open(formatFile, .read)
        var bytes = [UInt8](repeating: 0, count: Int(status.sizeBytes))
        let read = bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(ContentError) in try file.read(into: buffer, at: 0) }
        }
        let words = String(decoding: bytes.prefix(try read.get()), as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard words.count == 3, words[0] == "strata", let version = Int(words[1]) else {
            throw unreadable("does not read `strata <version> <store id>`")
        }
        guard version <= Self.formatVersion else {
            throw StrataError(
                .unsupportedFormat,
                "the store `\(root)` has format version \(version), this program reads up to \(Self.formatVersion); use a newer program")
        }
        return String(words[2])
    }

    private func unreadable(_ reason: String) -> StrataError {
        StrataError(
            .unsupportedFormat, "`\(root)` is no store that this program knows: its file `format` \(reason)",
            context: ["path": formatFile])
    }
}
