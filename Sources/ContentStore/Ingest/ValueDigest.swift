import Crypto

/// A value's digest: SHA-256 over a domain tag, the value's size and its cuts.
///
/// ```
/// "strata value 1\n" | size u64 LE | for each chunk: digest 32, raw length u32 LE
/// ```
/// It is computed from chunk digests that exist already, so a value's bytes are hashed once. An inline value counts as one
/// chunk; an empty value as none. Equal bytes cut differently have different digests: they are then kept as two chunk
/// lists, never as wrong data.
struct ValueDigest {
    private var hash = SHA256()

    init(sizeBytes: Int64) {
        hash.update(data: Array("strata value 1\n".utf8))
        withUnsafeBytes(of: sizeBytes.littleEndian) { hash.update(bufferPointer: $0) }
    }

    mutating func add(_ digest: Digest, rawBytes: Int) {
        hash.update(data: digest.bytes)
        withUnsafeBytes(of: UInt32(rawBytes).littleEndian) { hash.update(bufferPointer: $0) }
    }

    consuming func finalize() -> Digest { Digest(hash.finalize()) }
}

extension IngestedValue {
    /// A value that lies in the catalog itself.
    public init(inline bytes: [UInt8]) {
        var digest = ValueDigest(sizeBytes: Int64(bytes.count))
        if !bytes.isEmpty { digest.add(Digest(of: bytes), rawBytes: bytes.count) }
        self.init(digest: digest.finalize(), sizeBytes: Int64(bytes.count), content: .inline(bytes))
    }

    /// A value that is made of chunks.
    public init(pieces: [ValuePiece]) {
        let sizeBytes = pieces.reduce(Int64(0)) { $0 + Int64($1.rawBytes) }
        var digest = ValueDigest(sizeBytes: sizeBytes)
        for piece in pieces { digest.add(piece.digest, rawBytes: piece.rawBytes) }
        self.init(digest: digest.finalize(), sizeBytes: sizeBytes, content: .pieces(pieces))
    }

    /// The digest that a value with these chunks must have; for verification.
    public static func digest(ofPieces pieces: some Sequence<(digest: Digest, rawBytes: Int)>, sizeBytes: Int64) -> Digest {
        var digest = ValueDigest(sizeBytes: sizeBytes)
        for piece in pieces { digest.add(piece.digest, rawBytes: piece.rawBytes) }
        return digest.finalize()
    }
}
