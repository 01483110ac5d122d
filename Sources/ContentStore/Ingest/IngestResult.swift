/// A chunk as it stands in a sealed pack: one line of the pack's directory.
public struct PackedChunk: Hashable, Sendable {
    public let digest: Digest
    public let offset: Int64
    public let storedBytes: Int
    public let rawBytes: Int
    public let encoding: ChunkEncoding
    /// CRC-32C of the stored payload.
    public let checksum: UInt32
    /// The digest of the chunk that a difference was taken from.
    public let base: Digest?

    public init(
        digest: Digest, offset: Int64, storedBytes: Int, rawBytes: Int, encoding: ChunkEncoding, checksum: UInt32,
        base: Digest?
    ) {
        self.digest = digest
        self.offset = offset
        self.storedBytes = storedBytes
        self.rawBytes = rawBytes
        self.encoding = encoding
        self.checksum = checksum
        self.base = base
    }
}

/// A pack that is durable under its final name and not yet mentioned by the catalog.
public struct SealedPack: Sendable {
    public let name: PackName
    public let sizeBytes: Int64
    public let chunks: [PackedChunk]

    public init(name: PackName, sizeBytes: Int64, chunks: [PackedChunk]) {
        self.name = name
        self.sizeBytes = sizeBytes
        self.chunks = chunks
    }
}

/// One piece of an ingested value: the chunk's digest, its length, and its id where the index knew it already.
public struct ValuePiece: Hashable, Sendable {
    public let digest: Digest
    public let rawBytes: Int
    public let known: ChunkID?

    public init(digest: Digest, rawBytes: Int, known: ChunkID?) {
        self.digest = digest
        self.rawBytes = rawBytes
        self.known = known
    }
}

/// What is known of a value once its bytes have been taken in, before the catalog makes it visible.
public struct IngestedValue: Sendable {
    public enum Content: Sendable {
        /// Small enough to lie in the catalog itself.
        case inline([UInt8])
        case pieces([ValuePiece])
    }

    /// SHA-256 over the value's length and cuts; see `ValueDigest`.
    public let digest: Digest
    public let sizeBytes: Int64
    public let content: Content

    public init(digest: Digest, sizeBytes: Int64, content: Content) {
        self.digest = digest
        self.sizeBytes = sizeBytes
        self.content = content
    }
}
