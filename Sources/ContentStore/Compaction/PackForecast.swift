/// The exact size that a pack would have, counted without writing it.
public struct PackForecast: Sendable {
    public private(set) var chunkCount = 0
    private var recordBytes: Int64 = 0
    private var directoryBytes: Int64 = 0
    private var bases: Set<Digest> = []

    public init() {}

    /// Counts a chunk: its record and its line in the directory.
    public mutating func append(_ chunk: PackedChunk) {
        chunkCount += 1
        recordBytes += Int64(PackFormat.recordHeadSizeBytes + chunk.storedBytes)
        directoryBytes += Int64(PackFormat.entrySizeBytes)
        guard let base = chunk.base else { return }
        recordBytes += Int64(Digest.sizeBytes)
        if bases.insert(base).inserted { directoryBytes += Int64(Digest.sizeBytes) }
    }

    public mutating func append(_ record: CommitRecord) { directoryBytes += Int64(record.encodedSizeBytes) }

    /// The size of the file.
    public var sizeBytes: Int64 {
        Int64(PackFormat.headerSizeBytes) + recordBytes + directoryBytes + Int64(PackFormat.footerSizeBytes)
    }
}

extension CommitRecord {
    /// The bytes that the record takes in a pack's directory. Cost: encodes it.
    public var encodedSizeBytes: Int {
        var writer = LittleEndianWriter(capacity: metadata.count + 64)
        encode(into: &writer)
        return writer.bytes.count
    }
}
