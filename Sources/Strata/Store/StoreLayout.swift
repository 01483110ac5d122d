import ContentStore
import Glibc

/// The names in a store's folder (FORMAT.md, "Layout").
struct StoreLayout: Sendable {
    static let formatVersion = 1
    /// SQLite takes paths of 512 bytes, with its own endings.
    static let rootBytesMax = 480

    let root: String

    var formatFile: String { root + "/format" }
    var catalog: String { root + "/catalog.sqlite" }
    /// A second, complete copy of the catalog, somewhat older, from which a repair starts.
    var catalogCopy: String { root + "/catalog.copy.sqlite" }
    /// A copy in the making.
    var newCatalogCopy: String { catalogCopy + ".new" }
    var packs: String { root + "/packs" }
    /// What a repair has put aside.
    var quarantine: String { root + "/quarantine" }
    /// Locked by a repair that is running; also what it works in.
    var repairFolder: String { root + "/repair" }
    var repairLock: String { repairFolder + "/lock" }
    var staging: String { root + "/staging" }
    /// Locked by a compaction that is running; empty.
    var compactionLock: String { root + "/compaction" }
    /// Stands in a backup's folder only: whose backup it is. Locked while one is made.
    var backupMarker: String { root + "/backup" }
    /// What is being copied into a backup.
    var incoming: String { root + "/incoming" }
    /// How far partial verifications have come.
    var verificationCursor: String { root + "/verification" }

    /// The `format` file of a store in the making.
    var newFormatFile: String { formatFile + ".new" }

    /// Makes the folders and settles the id of a store in the making: all who make it at once get the same one.
    func begin(on disk: any StoreDisk, proposedID: String) throws -> String {
        for folder in [root, packs, staging] { try disk.createDirectory(folder) }
        let proposal = "\(formatFile).\(proposedID)"
        let line = Array("strata \(Self.formatVersion) \(proposedID)\n".utf8)
        let file = try disk.open(proposal, .create)
        defer { try? disk.remove(proposal) }
        let result = line.withUnsafeBytes { bytes in Result { () throws(ContentError) in try file.write(bytes, at: 0) } }
        try result.get()
        try file.sync()
        try name(proposal, newFormatFile, on: disk)
        // Durable before there is a catalog: it is how a catalog without `format` is known for one in the making.
        try disk.syncDirectory(root)
        // Looked for in this order: somebody may have finished, and taken `format.new` away, before or after our naming.
        guard let id = try storeID(on: disk) ?? storeID(in: newFormatFile, on: disk) ?? storeID(on: disk) else {
            throw unreadable("vanished while the store was made")
        }
        return id
    }

    /// Gives the `format` file its name, last of all: a store exists once that file does, and then it has a catalog.
    func finish(on disk: any StoreDisk) throws {
        try name(newFormatFile, formatFile, on: disk)
        try disk.syncDirectory(root)
        try syncParent(on: disk)
        try disk.remove(newFormatFile)
    }

    /// The folder's own name stands in its parent. One that may not be read cannot be synced; then the name was given by
    /// whoever may.
    func syncParent(on disk: any StoreDisk) throws(ContentError) {
        let parent = root.split(separator: "/").dropLast().joined(separator: "/")
        do throws(ContentError) {
            try disk.syncDirectory("/" + parent)
        } catch where error.errno == EACCES {
            return
        }
    }

    /// Gives a file a second name, unless somebody has given it to another before.
    private func name(_ path: String, _ newPath: String, on disk: any StoreDisk) throws(ContentError) {
        do throws(ContentError) {
            try disk.link(path, to: newPath)
        } catch where error.errno == EPERM || error.errno == ENOTSUP {
            // File systems without hard links.
            try disk.rename(path, to: newPath)
        } catch {
            if try disk.status(newPath) != nil { return }
            if try disk.status(formatFile) == nil { throw error }
        }
    }

    /// The number of the next folder below `quarantine`.
    func nextQuarantine(on disk: any StoreDisk) throws(ContentError) -> Int {
        guard try disk.status(quarantine) != nil else { return 1 }
        return (try disk.list(quarantine).compactMap { Int($0) }.max() ?? 0) + 1
    }

    /// Whether a folder's entry can be what is left of a store whose making was cut off.
    static func isUnfinished(_ name: String, among names: [String]) -> Bool {
        if name.hasPrefix("catalog.sqlite") { return names.contains("format.new") }
        return ["packs", "staging"].contains(name) || name.hasPrefix("format.")
    }

    /// Reads the `format` file; nil when there is none.
    /// - Throws: `unsupported_format` for a newer store or a file that is none of ours.
    func storeID(on disk: any StoreDisk) throws -> String? { try storeID(in: formatFile, on: disk) }

    private func storeID(in path: String, on disk: any StoreDisk) throws -> String? {
        guard let status = try disk.status(path) else { return nil }
        guard status.sizeBytes < 1024 else { throw unreadable("has \(status.sizeBytes) bytes") }
        let file = try disk.open(path, .read)
        var bytes = [UInt8](repeating: 0, count: Int(status.sizeBytes))
        let read = bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(ContentError) in try file.read(into: buffer, at: 0) }
        }
        guard try read.get() == bytes.count else {
            throw StrataError(.io, "`\(path)` could be read in part only; try again", context: ["path": path])
        }
        let words = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard words.count == 3, words[0] == "strata", let version = Int(words[1]) else {
            throw unreadable("does not read `strata <version> <store id>`")
        }
        guard version <= Self.formatVersion else {
            throw StrataError(
                .unsupportedFormat,
                "the store `\(root)` has format version \(version), this program reads up to \(Self.formatVersion); use a newer program",
                context: ["path": root, "formatVersion": "\(version)"])
        }
        return String(words[2])
    }

    private func unreadable(_ reason: String) -> StrataError {
        StrataError(
            .unsupportedFormat, "`\(root)` is no store that this program knows: its file `format` \(reason)",
            context: ["path": formatFile])
    }
}
