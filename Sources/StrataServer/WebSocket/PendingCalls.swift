import Synchronization

/// The calls of one WebSocket that run: bounded in number and in the bytes of their messages. One task begins them.
final class PendingCalls: Sendable {
    private struct State {
        var count = 0
        var bytes = 0
        var waiting: CheckedContinuation<Void, Never>?
        var waitingForNone: [CheckedContinuation<Void, Never>] = []
    }

    private let countMax: Int
    private let bytesMax: Int
    private let state = Mutex(State())

    init(countMax: Int, bytesMax: Int) {
        self.countMax = countMax
        self.bytesMax = bytesMax
    }

    /// Waits until there is room for one more; a single call always has room.
    func begin(bytes: Int) async {
        while !enter(bytes) {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if hasRoom(state, bytes) { return true }
                    state.waiting = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        }
    }

    private func enter(_ bytes: Int) -> Bool {
        state.withLock { state in
            guard hasRoom(state, bytes) else { return false }
            state.count += 1
            state.bytes += bytes
            return true
        }
    }

    private func hasRoom(_ state: State, _ bytes: Int) -> Bool {
        state.count == 0 || (state.count < countMax && state.bytes + bytes <= bytesMax)
    }

    func end(bytes: Int) {
        let resumed = state.withLock { state in
            state.count -= 1
            state.bytes -= bytes
            var resumed = state.count == 0 ? state.waitingForNone : []
            if state.count == 0 { state.waitingForNone = [] }
            if let waiting = state.waiting { resumed.append(waiting) }
            state.waiting = nil
            return resumed
        }
        for continuation in resumed { continuation.resume() }
    }

    /// Returns when no call runs.
    func none() async {
        await withCheckedContinuation { continuation in
            let isNone = state.withLock { state in
                if state.count == 0 { return true }
                state.waitingForNone.append(continuation)
                return false
            }
            if isNone { continuation.resume() }
        }
    }
}
