import Dispatch
import Synchronization

/// Makes a file durable while more is being written to it, so that the last sync is short.
///
/// One sync at a time runs, on a thread of its own: workers compute, and there are no more of them than processors.
/// Asking the system for write-back alone does not do it: the bytes then lie in the disk's own volatile cache, and its
/// flush at the end takes nearly as long as writing them did (measured for 31 MiB: 36 ms without, 27 ms with early
/// write-back, below 5 ms with early syncs).
final class EarlySync: Sendable {
    private struct State {
        var isRunning = false
        var failure: ContentError?
    }

    private let file: any DiskFile
    private let state = Mutex(State())
    /// Serial queues get threads beyond the number of processors, concurrent ones do not.
    private let queue = DispatchQueue(label: "strata.early-sync")

    init(_ file: any DiskFile) { self.file = file }

    /// Starts a sync of what is written by now.
    /// - Returns: false when one is still running.
    /// - Throws: what an earlier one failed with. The file is lost then: no sync of it is tried again.
    func start() throws(ContentError) -> Bool {
        let failure = state.withLock { state -> (ContentError?, starts: Bool) in
            let starts = state.failure == nil && !state.isRunning
            if starts { state.isRunning = true }
            return (state.failure, starts)
        }
        if let failure = failure.0 { throw failure }
        guard failure.starts else { return false }
        queue.async { [self] in
            let failure: ContentError?
            do throws(ContentError) {
                try file.sync()
                failure = nil
            } catch {
                failure = error
            }
            state.withLock { state in
                state.isRunning = false
                state.failure = failure
            }
        }
        return true
    }

    /// Waits for the sync that is running and makes the rest durable. Blocks.
    func finish() throws(ContentError) {
        queue.sync {}
        if let failure = state.withLock({ $0.failure }) { throw failure }
        try file.sync()
    }
}
