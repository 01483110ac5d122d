import Synchronization

/// Counts the bytes of a long copy for whoever watches, and ends the copy when its task is cancelled.
final class CopyGauge: Sendable {
    private let doneBytes = Atomic<Int64>(0)
    private let totalBytes = Atomic<Int64>(0)
    private let isCancelled = Atomic<Bool>(false)
    private let progress: (@Sendable (BackupProgress) -> Void)?

    init(_ progress: (@Sendable (BackupProgress) -> Void)?) { self.progress = progress }

    func expect(_ bytes: Int64) { totalBytes.store(bytes, ordering: .relaxed) }

    /// - Throws: `CancellationError` once the task that runs the copy was cancelled.
    func advance(by bytes: Int = 0) throws {
        if isCancelled.load(ordering: .relaxed) { throw CancellationError() }
        let done = doneBytes.wrappingAdd(Int64(bytes), ordering: .relaxed).newValue
        if bytes > 0 { progress?(BackupProgress(copiedBytes: done, totalBytes: max(done, totalBytes.load(ordering: .relaxed)))) }
    }

    /// Runs a copy on a worker.
    func running<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withTaskCancellationHandler {
            try await blocking(body)
        } onCancel: {
            isCancelled.store(true, ordering: .relaxed)
        }
    }
}
