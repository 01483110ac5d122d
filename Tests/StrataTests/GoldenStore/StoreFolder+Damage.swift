import Foundation
import Testing

/// What damaged stores are made with.
extension StoreFolder {
    private func pack(ofBytes size: Int) throws -> String {
        let found = try packs().filter { try FileBytes.read(path + "/packs/" + $0).count == size }
        return try #require(found.count == 1 ? found.first : nil, "\(found.count) packs have \(size) bytes")
    }

    func changePack(_ size: Int, _ body: (inout [UInt8]) -> Void) throws { try change("packs/" + pack(ofBytes: size), body) }

    func removePack(_ size: Int) throws { try FileManager.default.removeItem(atPath: path + "/packs/" + pack(ofBytes: size)) }

    static let pageBytes = 4096

    /// - Parameter number: from 1, as SQLite counts.
    func zeroCatalogPage(_ number: Int) throws {
        try change("catalog.sqlite") { bytes in
            bytes.replaceSubrange((number - 1) * Self.pageBytes..<number * Self.pageBytes, with: [UInt8](repeating: 0, count: Self.pageBytes))
        }
    }

    /// The description of the model `golden`, and what the log of a process that died says in its place.
    static let (keptDescription, loggedDescription) = ("of format version", "OF FORMAT VERSION")

    /// Leaves a write-ahead log of one committed transaction, which SQLite has not folded into the file yet
    /// (https://www.sqlite.org/fileformat2.html#the_write_ahead_log).
    ///
    /// - Parameter isTorn: the frame's last byte was never written: the transaction was not committed.
    func leaveLog(isTorn: Bool) throws {
        let catalog = try FileBytes.read(path + "/catalog.sqlite")
        let (kept, logged) = (Array(Self.keptDescription.utf8), Array(Self.loggedDescription.utf8))
        let place = try #require(catalog.firstRange(of: kept)?.lowerBound)
        let number = place / Self.pageBytes
        var page = Array(catalog[number * Self.pageBytes..<(number + 1) * Self.pageBytes])
        page.replaceFirst(kept, by: logged)

        var checksum = LogChecksum()
        let salts: [UInt32] = [0x1234_5678, 0x9abc_def0]
        var log = [0x377f_0682, 3_007_000, UInt32(Self.pageBytes), 0].flatMap(Self.big) + salts.flatMap(Self.big)
        checksum.add(log)
        log += checksum.bytes
        let head = Self.big(UInt32(number + 1)) + Self.big(UInt32(catalog.count / Self.pageBytes))
        checksum.add(head)
        checksum.add(page)
        if isTorn { page[page.count - 1] ^= 1 }
        log += head + salts.flatMap(Self.big) + checksum.bytes + page
        try FileBytes.write(log, to: path + "/catalog.sqlite-wal")
    }

    fileprivate static func big(_ number: UInt32) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }
}

/// The running checksum of a write-ahead log whose words are little-endian.
private struct LogChecksum {
    private var (first, second): (UInt32, UInt32) = (0, 0)

    mutating func add(_ bytes: [UInt8]) {
        for place in stride(from: 0, to: bytes.count, by: 8) {
            func word(_ at: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(bytes[at + $1]) << (8 * $1) } }
            first = first &+ word(place) &+ second
            second = second &+ word(place + 4) &+ first
        }
    }

    var bytes: [UInt8] { StoreFolder.big(first) + StoreFolder.big(second) }
}

extension [UInt8] {
    /// Replaces the first place where `old` stands; it must stand somewhere.
    mutating func replaceFirst(_ old: [UInt8], by new: [UInt8]) {
        guard let range = firstRange(of: old) else {
            Issue.record("\(old) stands nowhere")
            return
        }
        replaceSubrange(range, with: new)
    }
}
