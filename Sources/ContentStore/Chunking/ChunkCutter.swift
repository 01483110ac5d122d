import CKernels

/// How large chunks are. The defaults are part of no format: a reader takes any sizes up to 16 MiB.
public struct ChunkSizes: Hashable, Sendable {
    public var minBytes: Int
    public var averageBytes: Int
    public var maxBytes: Int

    /// - Precondition: 64 ≤ min < average < max ≤ 4 MiB, average a power of two.
    public init(minBytes: Int = 128 << 10, averageBytes: Int = 256 << 10, maxBytes: Int = 512 << 10) {
        precondition(minBytes >= 64 && minBytes < averageBytes && averageBytes < maxBytes && maxBytes <= 4 << 20)
        precondition(averageBytes.nonzeroBitCount == 1, "the average chunk size is a power of two")
        self.minBytes = minBytes
        self.averageBytes = averageBytes
        self.maxBytes = maxBytes
    }
}

/// Says where a value's chunks end: by content, or at the places where its base was cut.
enum ChunkCutter {
    /// FastCDC with normalised chunking (Xia et al., "The Design of Fast Content-Defined Chunking", IEEE TPDS 2020).
    case content(ChunkSizes)
    /// The base's raw lengths in order, and the next one's index. What follows the last is cut by content.
    case inherited([Int], next: Int, then: ChunkSizes)

    /// Cuts as `base` was cut, where there is a base and its chunks fit into the memory of `bufferBytes` bytes that the
    /// caller cuts in; else by content.
    init(base: [Int]?, sizes: ChunkSizes, bufferBytes: Int) {
        if let base, base.allSatisfy({ (1...bufferBytes).contains($0) }) {
            self = .inherited(base, next: 0, then: sizes)
        } else {
            self = .content(sizes)
        }
    }

    /// The length of the chunk at the head of `bytes`, or nil when more bytes are needed to tell.
    ///
    /// - Parameter atEnd: `bytes` reach to the value's end.
    mutating func cut(_ bytes: UnsafeRawBufferPointer, atEnd: Bool) -> Int? {
        guard !bytes.isEmpty else { return nil }
        switch self {
        case .content(let sizes):
            return Self.cut(bytes, sizes, atEnd: atEnd)
        case .inherited(let lengths, let next, let sizes):
            guard next < lengths.count else { return Self.cut(bytes, sizes, atEnd: atEnd) }
            guard bytes.count >= lengths[next] else { return atEnd ? bytes.count : nil }
            self = .inherited(lengths, next: next + 1, then: sizes)
            return lengths[next]
        }
    }

    private static func cut(_ bytes: UnsafeRawBufferPointer, _ sizes: ChunkSizes, atEnd: Bool) -> Int? {
        guard atEnd || bytes.count >= sizes.maxBytes else { return nil }
        return ck_gear_cut(
            bytes.baseAddress, min(bytes.count, sizes.maxBytes), sizes.minBytes, sizes.averageBytes)
    }
}
