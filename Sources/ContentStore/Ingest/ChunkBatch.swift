/// A run of a value's chunks on their way through hashing, look-up and encoding, with the memory that they lie in.
///
/// Unchecked: a batch has one owner at a time. The producer fills it and gives it to one task; nobody else sees it.
final class ChunkBatch: @unchecked Sendable {
    /// The most chunks of a batch: what their records' heads may take is bounded by it.
    static let chunksMax = 1024

    /// Which value of the session the chunks belong to.
    let valueNumber: Int
    /// The index in the value of the batch's first chunk.
    let firstChunk: Int
    let buffer: BufferPool.Buffer
    /// Where in `buffer` the data ends, cut or not.
    var filledBytes: Int
    /// Where in `buffer` that ends which was cut into chunks.
    private(set) var cutBytes: Int
    private(set) var chunks: [Range<Int>] = []
    var base: LocatedList?

    /// Addresses repeat after this many bytes for those who choose encodings.
    static let alignmentBytes = 8

    /// - Parameter offset: where in the value the batch begins. Its bytes lie at addresses that are equal to their offsets in the
    ///     value, modulo eight: an element size and phase that suited one batch then suits the next.
    init(valueNumber: Int, firstChunk: Int, offset: Int64, buffer: BufferPool.Buffer, base: LocatedList?) {
        self.valueNumber = valueNumber
        self.firstChunk = firstChunk
        self.buffer = buffer
        self.base = base
        filledBytes = Int(offset % Int64(Self.alignmentBytes))
        cutBytes = filledBytes
    }

    var freeBytes: Int { buffer.bytes.count - filledBytes }

    var uncut: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: buffer.bytes[cutBytes..<filledBytes])
    }

    func bytes(of chunk: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: buffer.bytes[chunks[chunk]])
    }

    var isFullOfChunks: Bool { chunks.count == Self.chunksMax }

    /// Cuts off the next `length` bytes as a chunk.
    func cut(_ length: Int) {
        chunks.append(cutBytes..<cutBytes + length)
        cutBytes += length
    }

    /// The base's chunk at the same place, when it has the same length: an aligned base.
    func baseEntry(of chunk: Int) -> ChunkListEntry? {
        guard let base, firstChunk + chunk < base.entries.count else { return nil }
        let entry = base.entries[firstChunk + chunk]
        return entry.rawBytes == chunks[chunk].count ? entry : nil
    }
}
