import Synchronization

/// The calls that run, each in a task of its own: a call goes on when its connection drops. Bounded in number.
final class RunningCalls: Sendable {
    private struct State {
        var tasks: [UInt64: Task<Void, Never>] = [:]
        var nextNumber: UInt64 = 0
        var isStopping = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let countMax: Int
    private let state = Mutex(State())

    init(countMax: Int) { self.countMax = countMax }

    var count: Int { state.withLock { $0.tasks.count } }
    var isStopping: Bool { state.withLock { $0.isStopping } }

    /// Starts `body`; false when as many run as may, or the server stops.
    func start(_ body: @escaping @Sendable () async -> Void) -> Bool {
        state.withLock { state in
            guard !state.isStopping, state.tasks.count < countMax else { return false }
            let number = state.nextNumber
            state.nextNumber += 1
            state.tasks[number] = Task {
                await body()
                end(number)
            }
            return true
        }
    }

    /// Refuses further calls.
    func stop() { state.withLock { $0.isStopping = true } }

    /// Asks all that run to end.
    func cancelAll() {
        let tasks = state.withLock { $0.tasks.values.map(\.self) }
        for task in tasks { task.cancel() }
    }

    /// Returns when none runs.
    func drained() async {
        await withCheckedContinuation { continuation in
            let isDrained = state.withLock { state in
                if state.tasks.isEmpty { return true }
                state.waiting.append(continuation)
                return false
            }
            if isDrained { continuation.resume() }
        }
    }

    private func end(_ number: UInt64) {
        let waiting = state.withLock { state in
            state.tasks[number] = nil
            guard state.tasks.isEmpty else { return [CheckedContinuation<Void, Never>]() }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
