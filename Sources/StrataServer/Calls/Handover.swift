import Synchronization

/// Hands elements from one task to another, one at a time: whoever is faster waits. One sender, one receiver.
final class Handover<Element: Sendable>: Sendable {
    private struct State {
        var element: Element?
        var isFinished = false
        var isAborted = false
        var failure: (any Error)?
        var sender: CheckedContinuation<Void, Never>?
        var receiver: CheckedContinuation<Void, Never>?

        mutating func takeWaiting() -> [CheckedContinuation<Void, Never>] {
            defer { (sender, receiver) = (nil, nil) }
            return [sender, receiver].compactMap(\.self)
        }
    }

    private let state = Mutex(State())

    /// Leaves `element` for the receiver; waits while the one before has not been fetched.
    ///
    /// - Throws: `CallAborted` once the receiver has given up.
    func send(_ element: Element) async throws(CallAborted) {
        while true {
            let (isSent, receiver) = try state.withLock { state throws(CallAborted) in
                if state.isAborted { throw CallAborted() }
                guard state.element == nil else { return (false, nil as CheckedContinuation<Void, Never>?) }
                state.element = element
                defer { state.receiver = nil }
                return (true, state.receiver)
            }
            if isSent {
                receiver?.resume()
                return
            }
            await waitForRoom()
        }
    }

    /// The sender's last word: what was left can still be fetched, then `next()` answers nil, or throws `failure`.
    func finish(throwing failure: (any Error)? = nil) {
        end { state in
            state.isFinished = true
            state.failure = failure
        }
    }

    /// The receiver gives up; the sender learns of it the next time it sends.
    func abort() {
        end { state in
            state.isAborted = true
            state.element = nil
        }
    }

    var isAborted: Bool { state.withLock { $0.isAborted } }

    /// The next element, nil when the sender has finished.
    ///
    /// - Throws: what the sender finished with; `CancellationError` when the receiving task is cancelled, which gives up.
    func next() async throws -> Element? {
        try await withTaskCancellationHandler {
            while true {
                switch try fetch() {
                case .element(let element): return element
                case .over: return nil
                case .nothingYet: await waitForElement()
                }
            }
        } onCancel: {
            abort()
        }
    }

    private enum Fetched {
        case element(Element)
        case over, nothingYet
    }

    private func fetch() throws -> Fetched {
        var sender: CheckedContinuation<Void, Never>?
        defer { sender?.resume() }
        return try state.withLock { state throws -> Fetched in
            if let element = state.element {
                sender = state.sender
                (state.element, state.sender) = (nil, nil)
                return .element(element)
            }
            if state.isAborted { throw CancellationError() }
            if state.isFinished, let failure = state.failure { throw failure }
            return state.isFinished ? .over : .nothingYet
        }
    }

    private func end(_ change: (inout State) -> Void) {
        let waiting = state.withLock { state in
            change(&state)
            return state.takeWaiting()
        }
        for continuation in waiting { continuation.resume() }
    }

    private func waitForRoom() async {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                if state.element == nil || state.isAborted { return true }
                state.sender = continuation
                return false
            }
            if isReady { continuation.resume() }
        }
    }

    private func waitForElement() async {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                if state.element != nil || state.isFinished || state.isAborted { return true }
                state.receiver = continuation
                return false
            }
            if isReady { continuation.resume() }
        }
    }
}
