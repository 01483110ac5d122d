import ContentStore

/// Where the next partial verification begins: the numbers of the last chunk and value that were looked at.
///
/// Kept in a file of the store and not in the catalog: losing it costs a look at the same bytes again, and a verification
/// need not write to the very database that it doubts. FORMAT.md has the line.
struct VerificationCursor: Hashable, Sendable {
    var chunk: Int64?
    var value: Int64?

    static let sizeMaxBytes: Int64 = 256

    /// The cursor that was kept; the beginning where there is none or it cannot be read as one.
    static func load(from path: String, on disk: any StoreDisk) throws(ContentError) -> VerificationCursor {
        guard let status = try disk.status(path), !status.isDirectory, status.sizeBytes <= sizeMaxBytes else { return VerificationCursor() }
        let file = try disk.open(path, .read)
        var bytes = [UInt8](repeating: 0, count: Int(status.sizeBytes))
        let read = bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(ContentError) in try file.read(into: buffer, at: 0) }
        }
        let words = String(decoding: bytes.prefix(try read.get()), as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard words.count == 4, words[0] == "verified", words[1] == "1" else { return VerificationCursor() }
        return VerificationCursor(chunk: Int64(words[2]), value: Int64(words[3]))
    }

    /// Keeps it: durable under its name when this returns, or the one before is still there.
    func save(to path: String, on disk: any StoreDisk) throws(ContentError) {
        let line = Array("verified 1 \(chunk.map(String.init) ?? "-") \(value.map(String.init) ?? "-")\n".utf8)
        let newPath = path + ".new"
        // Left by a process that died here.
        try disk.remove(newPath)
        let file = try disk.open(newPath, .create)
        let written = line.withUnsafeBytes { bytes in Result { () throws(ContentError) in try file.write(bytes, at: 0) } }
        try written.get()
        try file.sync()
        try disk.rename(newPath, to: path)
    }
}

/// Goes through a table by its numbers, once round, from where an earlier run stopped.
struct VerificationRound {
    /// Where the round began; it is complete when it comes here again.
    private let start: Int64?
    private var hasWrapped: Bool
    private(set) var last: Int64?

    init(from start: Int64?) {
        self.start = start
        last = start
        hasWrapped = start == nil
    }

    /// Those of the next rows that belong to the round; nil once it is complete.
    /// - Parameter page: asks for the rows behind a number.
    mutating func next<Row>(_ id: (Row) -> Int64, _ page: (_ after: Int64?) async throws -> [Row]) async throws -> [Row]? {
        var rows = try await page(last)
        if rows.isEmpty, !hasWrapped {
            hasWrapped = true
            last = nil
            rows = try await page(nil)
        }
        if hasWrapped, let start { rows = Array(rows.prefix { id($0) <= start }) }
        return rows.isEmpty ? nil : rows
    }

    /// Tells up to where rows were looked at.
    mutating func advance(to id: Int64) { last = id }
}
