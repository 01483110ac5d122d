import Synchronization

/// Decoded chunks of one value, kept up to a bound: what a reader of random ranges goes through.
///
/// Safe to use from any task. Two that want one absent chunk at once may both decode it.
public final class DecodedChunks: Sendable {
    private let reader: ChunkReader
    private let kept: Mutex<BoundedCache<ChunkID, [UInt8]>>

    /// - Parameter bytesMax: decoded bytes that are kept; a chunk above it is decoded each time.
    public init(reader: ChunkReader, bytesMax: Int) {
        self.reader = reader
        kept = Mutex(BoundedCache(costMax: bytesMax))
    }

    /// A chunk that is in memory.
    public func kept(_ entry: ChunkListEntry) -> [UInt8]? {
        kept.withLock { $0.value(for: entry.id) }
    }

    /// Decodes chunks that are not in memory, on as many cores as there are.
    ///
    /// - Returns: the bytes of each of `entries`, in order.
    /// - Throws: `.corrupted` and `.notFound` as `ChunkReader`; `CancellationError`.
    public func decode(_ entries: [ChunkListEntry]) async throws -> [[UInt8]] {
        var decoded: [[UInt8]] = []
        let segment = ChunkListSegment(firstOffset: 0, firstChunk: 0, entries: entries)
        var pending: [UInt8] = []
        let total = entries.reduce(Int64(0)) { $0 + Int64($1.rawBytes) }
        try await reader.read(segment, range: 0..<total) { piece in
            let entry = entries[decoded.count]
            // A reader hands a chunk out in one piece or in several.
            if pending.isEmpty, piece.count == entry.rawBytes {
                decoded.append(Array(piece))
            } else {
                pending.append(contentsOf: piece)
                if pending.count == entry.rawBytes {
                    decoded.append(pending)
                    pending = []
                }
            }
        }
        kept.withLock { kept in
            for (entry, bytes) in zip(entries, decoded) { kept.insert(bytes, for: entry.id, cost: bytes.count) }
        }
        return decoded
    }
}
