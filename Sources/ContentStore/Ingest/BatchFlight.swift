import Synchronization

/// Counts the batches in flight, makes the producer wait while there are too many, and keeps the first failure.
final class BatchFlight: Sendable {
    private struct State {
        var inFlight = 0
        var nextTicket = 0
        var failure: (any Error)?
        var isAborted = false
        /// The one producer, waiting for room or for the end.
        var waiter: CheckedContinuation<Void, Never>?
        var waitsFor = 0
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) { self.limit = limit }

    var isAborted: Bool { state.withLock { $0.isAborted } }

    /// Waits for room and answers the batch's place in the order of the value's bytes.
    func board() async throws -> Int {
        try Task.checkCancellation()
        await wait(untilAtMost: limit - 1)
        return try state.withLock { state in
            if let failure = state.failure { throw failure }
            defer { state.nextTicket += 1 }
            state.inFlight += 1
            return state.nextTicket
        }
    }

    func leave(failure: (any Error)?) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.inFlight -= 1
            if let failure, state.failure == nil { state.failure = failure }
            guard state.inFlight <= state.waitsFor else { return nil }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Waits for all; throws the first failure.
    func land() async throws {
        await wait(untilAtMost: 0)
        try state.withLock { state in
            if let failure = state.failure { throw failure }
        }
        try Task.checkCancellation()
    }

    /// Makes batches that have not begun give up, and waits for the others.
    func abort() async {
        state.withLock { $0.isAborted = true }
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
