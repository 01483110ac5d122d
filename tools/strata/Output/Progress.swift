import Synchronization

/// One line on the terminal that says how far long work has come. Does nothing where nobody watches.
final class Progress: Sendable {
    private struct State {
        var label: String
        var totalBytes: Int64?
        var start = ContinuousClock.now
        var doneBytes: Int64 = 0
        var shownAt: ContinuousClock.Instant?
        var isShown = false
    }

    private let state: Mutex<State>
    private let isEnabled: Bool

    init(_ label: String, totalBytes: Int64? = nil, _ output: Output) {
        state = Mutex(State(label: label, totalBytes: totalBytes))
        isEnabled = output.showsProgress
    }

    func advance(by bytes: Int) { update { $0.doneBytes += Int64(bytes) } }

    func set(_ bytes: Int64, of totalBytes: Int64) {
        update { state in
            state.doneBytes = bytes
            state.totalBytes = totalBytes
        }
    }

    func set(_ bytes: Int64) { update { $0.doneBytes = bytes } }

    /// Another phase begins.
    func setLabel(_ label: String) { update(always: true) { $0 = State(label: label, isShown: $0.isShown) } }

    /// Takes the line away again.
    func finish() {
        guard isEnabled else { return }
        state.withLock { state in
            if state.isShown { StandardError.write("\r\u{1b}[K") }
            state.isShown = false
        }
    }

    private func update(always: Bool = false, _ change: (inout State) -> Void) {
        guard isEnabled else { return }
        state.withLock { state in
            change(&state)
            let now = ContinuousClock.now
            if !always, let shownAt = state.shownAt, now - shownAt < .milliseconds(100) { return }
            state.shownAt = now
            state.isShown = true
            StandardError.write("\r\u{1b}[K" + line(state, at: now))
        }
    }

    private func line(_ state: State, at now: ContinuousClock.Instant) -> String {
        guard state.doneBytes > 0 else { return state.label }
        let elapsed = state.start.duration(to: now).components
        let seconds = Double(elapsed.seconds) + Double(elapsed.attoseconds) / 1e18
        let rate = seconds > 0.2 ? ", \(Text.size(Int64(Double(state.doneBytes) / seconds)))/s" : ""
        guard let totalBytes = state.totalBytes, totalBytes > 0 else { return "\(state.label): \(Text.size(state.doneBytes))\(rate)" }
        let percent = min(100, state.doneBytes * 100 / totalBytes)
        return "\(state.label): \(percent) % of \(Text.size(totalBytes))\(rate)"
    }
}
