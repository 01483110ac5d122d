import Synchronization

/// The results of evaluations that can be asked for again for a while: of this process, in bounded memory.
final class KeptEvaluations: Sendable {
    private struct Kept {
        let result: EvaluateResult
        let model: ModelID
        let sizeBytes: Int
        let expires: ContinuousClock.Instant
    }

    private struct State {
        /// Oldest first.
        var kept: [Kept] = []
        var sizeBytes = 0
        var isSweeping = false

        mutating func remove(where isDue: (Kept) -> Bool) {
            kept.removeAll(where: isDue)
            sizeBytes = kept.reduce(0) { $0 + $1.sizeBytes }
        }
    }

    /// Results are counted with what describes them.
    private static let resultBytes = 1000
    private let lifetime: Duration
    private let bytesMax: Int
    private let state = Mutex(State())

    init(lifetimeSeconds: Double, bytesMax: Int) {
        lifetime = .seconds(lifetimeSeconds)
        self.bytesMax = bytesMax
    }

    /// Keeps a result, at the cost of older ones; one that is larger than all that may be kept is not.
    func keep(_ result: EvaluateResult, of model: ModelID) {
        let outputs = (try? result.outcome.get()) ?? []
        let size = outputs.reduce(Self.resultBytes) { $0 + $1.name.utf8.count + $1.items.reduce(0) { $0 + $1.bytes.count + 100 } }
        guard size <= bytesMax, lifetime > .zero else { return }
        let expires = ContinuousClock.now + lifetime
        let mustSweep = state.withLock { state in
            state.kept.append(Kept(result: result, model: model, sizeBytes: size, expires: expires))
            state.sizeBytes += size
            while state.sizeBytes > bytesMax { state.sizeBytes -= state.kept.removeFirst().sizeBytes }
            defer { state.isSweeping = true }
            return !state.isSweeping
        }
        guard mustSweep else { return }
        let owner: @Sendable () -> KeptEvaluations? = { [weak self] in self }
        Task { await Self.sweep(owner) }
    }

    /// Lets results go in their time, so that nothing is held for ever because nobody asks. Ends with the last of them.
    private static func sweep(_ owner: @Sendable () -> KeptEvaluations?) async {
        while let next = owner()?.nextExpiry() {
            try? await Task.sleep(until: next, clock: .continuous)
            owner()?.removeExpired()
        }
    }

    private func nextExpiry() -> ContinuousClock.Instant? {
        state.withLock { state in
            if state.kept.isEmpty { state.isSweeping = false }
            return state.kept.first?.expires
        }
    }

    func result(_ id: OperationID, of model: ModelID) -> EvaluateResult? {
        removeExpired()
        return state.withLock { state in state.kept.last { $0.result.id == id && $0.model == model }?.result }
    }

    func remove(_ id: OperationID) { state.withLock { $0.remove { $0.result.id == id } } }

    func removeAll(of model: ModelID? = nil) { state.withLock { $0.remove { model == nil || $0.model == model } } }

    func removeExpired() {
        let now = ContinuousClock.now
        state.withLock { $0.remove { $0.expires <= now } }
    }
}
