import CKernels
import Dispatch

/// Threads for the store's blocking and heavy work, so that Swift's cooperative pool never waits for a disk.
///
/// Bounded by its callers: every user keeps only as many tasks in flight as it has room for.
public final class WorkerExecutor: TaskExecutor {
    public static let shared = WorkerExecutor()

    /// How many pieces of heavy work run side by side: one a processor, at most six. Each holds some 10 MiB, and an
    /// ingest or a restore has to stay below 128 MiB on any machine.
    public static let width = min(Int(ck_processor_count()), 6)

    private static let mark = DispatchSpecificKey<Bool>()
    private let queue = DispatchQueue(label: "strata.workers", attributes: .concurrent)

    private init() { queue.setSpecific(key: Self.mark, value: true) }

    /// The caller runs on a worker, and so may block.
    public static var isCurrent: Bool { DispatchQueue.getSpecific(key: mark) ?? false }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    /// Runs blocking work on a worker thread.
    public static func run<T: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> T
    ) async throws(Failure) -> T {
        let result: Result<T, Failure> = await withCheckedContinuation { continuation in
            shared.queue.async {
                continuation.resume(returning: Result { () throws(Failure) in try body() })
            }
        }
        return try result.get()
    }
}
