public import Strata
import Synchronization

/// What a `ScriptedExecutor` has seen.
final class ExecutionRecord: Sendable {
    private struct State {
        var locations: [ExecutionLocation] = []
        var openLaunchers = 0
        var openSessions = 0
        var startCount = 0
        var calls: [ScriptedExecutor.Call] = []
        var parameters: [[ScriptedExecutor.Call.Parameter]] = []
        var disposals = 0
        var reusable: [Bool] = []
        var violations: [String] = []
        var reached: [ScriptedExecutor.Moment: Int] = [:]
        var waiters: [(moment: ScriptedExecutor.Moment, count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    func acquired(_ location: ExecutionLocation) {
        state.withLock { state in
            state.locations.append(location)
            state.openLaunchers += 1
        }
    }

    func notAcquired() { state.withLock { $0.openLaunchers -= 1 } }

    func released() { state.withLock { $0.openLaunchers -= 1 } }

    func started() {
        state.withLock { state in
            state.startCount += 1
            state.openSessions += 1
        }
    }

    func notStarted() { state.withLock { $0.openSessions -= 1 } }

    func terminated(reusable: Bool) {
        state.withLock { state in
            state.openSessions -= 1
            state.reusable.append(reusable)
        }
    }

    func called(_ call: ScriptedExecutor.Call) { state.withLock { $0.calls.append(call) } }

    func gaveParameters(_ parameters: [ScriptedExecutor.Call.Parameter]) { state.withLock { $0.parameters.append(parameters) } }

    func disposed() { state.withLock { $0.disposals += 1 } }

    func violated(_ rule: String) { state.withLock { $0.violations.append(rule) } }

    func reach(_ moment: ScriptedExecutor.Moment) {
        let woken = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.reached[moment, default: 0] += 1
            let isDue = { (waiter: (moment: ScriptedExecutor.Moment, count: Int, continuation: CheckedContinuation<Void, Never>)) in
                state.reached[waiter.moment, default: 0] >= waiter.count
            }
            let due = state.waiters.filter(isDue).map(\.continuation)
            state.waiters.removeAll(where: isDue)
            return due
        }
        for continuation in woken { continuation.resume() }
    }

    func wait(for moment: ScriptedExecutor.Moment, count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                guard state.reached[moment, default: 0] < count else { return true }
                state.waiters.append((moment, count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    var calls: [ScriptedExecutor.Call] { state.withLock { $0.calls } }
    var parameters: [[ScriptedExecutor.Call.Parameter]] { state.withLock { $0.parameters } }
    var disposals: Int { state.withLock { $0.disposals } }
    var locations: [ExecutionLocation] { state.withLock { $0.locations } }
    var reusable: [Bool] { state.withLock { $0.reusable } }
    var startCount: Int { state.withLock { $0.startCount } }

    var leftovers: [String] {
        state.withLock { state in
            var found = state.violations
            if state.openSessions != 0 { found.append("\(state.openSessions) sessions were not terminated") }
            if state.openLaunchers != 0 { found.append("\(state.openLaunchers) launchers were not released") }
            return found
        }
    }
}

extension ScriptedExecutor {
    /// Waits until a moment has come, for the `count`th time in this executor's life.
    public func reached(_ moment: Moment, count: Int = 1) async { await record.wait(for: moment, count: count) }

    /// What the executor was given, call by call; filled when the script reads everything.
    public var calls: [Call] { record.calls }

    /// What trainings and evaluations were given, call by call; filled when the script reads everything.
    public var parameters: [[Call.Parameter]] { record.parameters }

    /// How many instances were disposed of.
    public var disposalCount: Int { record.disposals }

    /// Where operations asked to run.
    public var locations: [ExecutionLocation] { record.locations }

    /// With which `reusable` sessions were terminated.
    public var terminations: [Bool] { record.reusable }

    /// How often code was started.
    public var startCount: Int { record.startCount }

    /// What was not given back, or given back in the wrong way, in words; empty when all is well.
    public var leftovers: [String] { record.leftovers }
}
