import Synchronization

/// Working memory of ingests, used again from one session to the next: fresh pages cost as much as the work that is done in
/// them, and what was found out about the encodings of one version holds for the next.
///
/// Keeps what one session takes (about 25 MiB on two cores) for as long as its owner lives. Sessions that run beside one another
/// take more, and free it.
public final class IngestMemory: Sendable {
    /// A batch's size, unless a chunk may be larger. One huge page.
    static let batchBytes = 2 << 20
    /// Record buffers that are made ready: one for each of the workers on most machines.
    private static let preparedRecordsMax = 2

    let bufferBytes: Int
    /// Batches: what was read.
    let batches: BufferPool
    /// What became of them.
    let records: BufferPool
    private let scratches = Mutex<[EncodeScratch]>([])

    public init(chunkSizes: ChunkSizes = .init()) {
        let inFlightMax = IngestSession.batchesInFlightMax
        bufferBytes = max(Self.batchBytes, chunkSizes.maxBytes + ChunkBatch.alignmentBytes)
        batches = BufferPool(bufferBytes: bufferBytes, keptMax: inFlightMax + 2)
        records = BufferPool(bufferBytes: bufferBytes + PackAppender.headsBytesMax, keptMax: inFlightMax)
    }

    /// Makes the memory for so many bytes ready on a worker, while the caller does something else.
    public func prepare(forBytes sizeBytes: Int64) {
        let count = Int(clamping: sizeBytes / Int64(bufferBytes))
        guard count > 1 else { return }
        Task(executorPreference: WorkerExecutor.shared) { [batches, records] in
            batches.prepare(min(count, batches.keptMax))
            records.prepare(min(count, Self.preparedRecordsMax))
        }
    }

    func withScratch<T, Failure: Error>(_ body: (EncodeScratch) throws(Failure) -> T) throws(Failure) -> T {
        let scratch = scratches.withLock { $0.popLast() } ?? EncodeScratch()
        defer { scratches.withLock { if $0.count < WorkerExecutor.width { $0.append(scratch) } } }
        return try body(scratch)
    }
}
