/// The digest that a value with certain chunks must have, from its chunks one after another: for verifying values of any
/// size in little memory.
public struct PieceDigest {
    private var digest: ValueDigest

    public init(sizeBytes: Int64) { digest = ValueDigest(sizeBytes: sizeBytes) }

    /// - Precondition: `rawBytes` is what a chunk can have.
    public mutating func add(_ chunk: Digest, rawBytes: Int) { digest.add(chunk, rawBytes: rawBytes) }

    public consuming func finalize() -> Digest { digest.finalize() }
}
