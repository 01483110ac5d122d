/// The number under which the index knows a chunk; stable while the chunk exists, wherever its bytes move.
public struct ChunkID: Hashable, Sendable, Comparable {
    public let rawValue: Int64
    public init(_ rawValue: Int64) { self.rawValue = rawValue }
    public static func < (left: ChunkID, right: ChunkID) -> Bool { left.rawValue < right.rawValue }
}

/// Where one chunk lies and how it is encoded.
public struct ChunkLocation: Hashable, Sendable {
    public let id: ChunkID
    public let digest: Digest
    public let pack: PackName
    /// Where the payload begins in the pack file.
    public let offset: Int64
    public let storedBytes: Int
    public let rawBytes: Int
    public let encoding: ChunkEncoding
    /// CRC-32C of the stored bytes.
    public let checksum: UInt32
    /// The chunk that a difference was taken from; nil for every other codec.
    public let base: ChunkID?

    public init(
        id: ChunkID, digest: Digest, pack: PackName, offset: Int64, storedBytes: Int, rawBytes: Int,
        encoding: ChunkEncoding, checksum: UInt32, base: ChunkID?
    ) {
        self.id = id
        self.digest = digest
        self.pack = pack
        self.offset = offset
        self.storedBytes = storedBytes
        self.rawBytes = rawBytes
        self.encoding = encoding
        self.checksum = checksum
        self.base = base
    }
}

/// Tells where chunks lie. The catalog implements it; this module knows nothing of SQL.
///
/// Implementations must be callable from any task at once and must answer from one consistent moment a call.
public protocol ChunkIndex: Sendable {
    /// Finds chunks by content, in one query a batch.
    ///
    /// - Parameter horizon: the sequence at which the asking session began. A chunk that was condemned at or before it
    ///   must be answered as unknown, because collection may be removing it.
    /// - Returns: one entry for each digest, in order; nil for those that are unknown.
    func locate(_ digests: [Digest], horizon: Int64) async throws -> [ChunkLocation?]

    /// Finds chunks by id, in one query a batch. The answer holds every id that exists.
    func locate(_ ids: [ChunkID]) async throws -> [ChunkID: ChunkLocation]
}
