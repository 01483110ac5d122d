/// A batch after hashing, look-up and encoding: the records to append, and the pieces of the value.
struct EncodedBatch: Sendable {
    let valueNumber: Int
    let pieces: [ValuePiece]
    /// New chunks' records, one behind the other; nil when every chunk was known.
    let records: BufferPool.Buffer?
    let recordBytes: Int
    /// Offsets count from the first record.
    let chunks: [PackedChunk]
}
