import Synchronization

/// Counts the batches in flight, makes the producer wait while there are too many, and keeps the first failure.
///
/// A batch is in flight from `board()` until it has passed the appender, so that one slow batch holds up the producer
/// instead of letting finished ones pile up behind it.
final class BatchFlight: Sendable {
    private struct State {
        var inFlight = 0
        var peak = 0
        var nextTicket = 0
        var failure: (any Error)?
        /// The one producer, waiting for room or for the end.
        var waiter: CheckedContinuation<Void, Never>?
        var waitsFor = 0
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) { self.limit = limit }

    /// What poisoned the session.
    var failure: (any Error)? { state.withLock { $0.failure } }

    /// The most batches that were in flight at once.
    var peak: Int { state.withLock { $0.peak } }

    /// Waits for room and answers the batch's place in the order of the session's bytes.
    func board() async throws -> Int {
        try Task.checkCancellation()
        await wait(untilAtMost: limit - 1)
        return try state.withLock { state in
            if let failure = state.failure { throw failure }
            defer { state.nextTicket += 1 }
            state.inFlight += 1
            state.peak = max(state.peak, state.inFlight)
            return state.nextTicket
        }
    }

    /// A batch has passed.
    func leave(failure: (any Error)?) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.inFlight -= 1
            if state.failure == nil { state.failure = failure }
            guard state.inFlight <= state.waitsFor else { return nil }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Poisons the session: nothing boards any more, and what has not begun gives up. The first failure stays.
    func fail(_ failure: any Error) {
        state.withLock { if $0.failure == nil { $0.failure = failure } }
    }

    /// Waits for all; throws the first failure.
    func land() async throws {
        await wait(untilAtMost: 0)
        if let failure { throw failure }
        try Task.checkCancellation()
    }

    /// Makes batches that have not begun give up, and waits for the others.
    func abort() async {
        fail(ContentError(.poisoned, "the ingest was given up; begin another session"))
        await wait(untilAtMost: 0)
    }

    private func wait(untilAtMost count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                precondition(state.waiter == nil, "a session is used by one task at a time")
                guard state.inFlight > count else { return true }
                state.waiter = continuation
                state.waitsFor = count
                return false
            }
            if isThere { continuation.resume() }
        }
    }
}
