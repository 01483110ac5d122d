/// A chunk list's entry: which chunk, and how many bytes of the value it makes.
public struct ChunkListEntry: Hashable, Sendable {
    public let id: ChunkID
    public let rawBytes: Int

    public init(id: ChunkID, rawBytes: Int) {
        self.id = id
        self.rawBytes = rawBytes
    }
}

/// A run of a value's chunks, encoded as the catalog keeps it.
///
/// Encoding (FORMAT.md, "Chunk lists"): for each entry two LEB128 numbers: the zigzag of the id's difference from the
/// previous id plus one (the first: from zero), then the raw length. Chunks of one ingest have consecutive ids, so
/// an entry mostly takes four bytes.
public struct ChunkListSegment: Hashable, Sendable {
    /// The most entries in one segment: a gibibyte of average chunks.
    public static let entriesMax = 4096
    /// The largest offset that a segment of untrusted bytes may have: no sum of lengths behind it can overflow.
    static let firstOffsetMax = Int64.max / 2

    public let firstOffset: Int64
    public let firstChunk: Int
    public let entries: [ChunkListEntry]

    public init(firstOffset: Int64, firstChunk: Int, entries: [ChunkListEntry]) {
        self.firstOffset = firstOffset
        self.firstChunk = firstChunk
        self.entries = entries
    }

    /// Cuts a value's whole list into segments.
    public static func segments(of entries: [ChunkListEntry]) -> [ChunkListSegment] {
        var result: [ChunkListSegment] = []
        var offset: Int64 = 0
        for start in stride(from: 0, to: entries.count, by: entriesMax) {
            let run = Array(entries[start..<min(start + entriesMax, entries.count)])
            result.append(ChunkListSegment(firstOffset: offset, firstChunk: start, entries: run))
            offset += run.reduce(0) { $0 + Int64($1.rawBytes) }
        }
        return result
    }

    public func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(entries.count * 5)
        var expected: Int64 = 0
        for entry in entries {
            let delta = entry.id.rawValue &- expected
            Self.append(UInt64(bitPattern: (delta << 1) ^ (delta >> 63)), to: &bytes)
            Self.append(UInt64(entry.rawBytes), to: &bytes)
            expected = entry.id.rawValue &+ 1
        }
        return bytes
    }

    /// How many entries `encoded()` wrote, by the bytes alone: each is two numbers, and every number ends with a byte below 128.
    public static func count(inEncoded bytes: some Sequence<UInt8>) -> Int { bytes.count(where: { $0 < 0x80 }) / 2 }

    /// Reads what `encoded()` wrote.
    /// - Throws: `.corrupted` when the bytes are not exactly `chunkCount` entries with lengths that a chunk can have, or
    ///   when the numbers beside them are impossible.
    public init(firstOffset: Int64, firstChunk: Int, chunkCount: Int, encoded: some Sequence<UInt8>) throws(ContentError) {
        var entries: [ChunkListEntry] = []
        var iterator = encoded.makeIterator()
        var expected: Int64 = 0
        let damaged = ContentError(.corrupted, "a chunk list segment at offset \(firstOffset) is damaged; run `strata verify`")
        guard (0...Self.firstOffsetMax).contains(firstOffset), firstChunk >= 0 else { throw damaged }
        while let zigzag = try Self.next(&iterator, damaged) {
            guard let length = try Self.next(&iterator, damaged), length > 0, length <= UInt64(PackFormat.chunkRawBytesMax),
                entries.count < Self.entriesMax
            else { throw damaged }
            let id = expected &+ (Int64(bitPattern: zigzag >> 1) ^ -Int64(bitPattern: zigzag & 1))
            entries.append(ChunkListEntry(id: ChunkID(id), rawBytes: Int(length)))
            expected = id &+ 1
        }
        guard entries.count == chunkCount else { throw damaged }
        self.init(firstOffset: firstOffset, firstChunk: firstChunk, entries: entries)
    }

    private static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private static func next(
        _ iterator: inout some IteratorProtocol<UInt8>, _ damaged: ContentError
    ) throws(ContentError) -> UInt64? {
        guard var byte = iterator.next() else { return nil }
        var value = UInt64(byte & 0x7f)
        var shift: UInt64 = 7
        while byte & 0x80 != 0 {
            guard shift < 64, let following = iterator.next() else { throw damaged }
            byte = following
            guard shift < 63 || byte <= 1 else { throw damaged }
            value |= UInt64(byte & 0x7f) << shift
            shift += 7
        }
        return value
    }
}
