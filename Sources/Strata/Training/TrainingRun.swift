import Catalog

/// Runs one training from launcher to commit. A value: it owns no lifecycle beyond `run()`.
///
/// ```
/// launcher → code → instantiateModel → train → getModelState, streaming keys into a commit
/// ```
struct TrainingRun: Sendable {
    let store: StateStore
    let request: TrainRequest
    let resolved: ResolvedOperation
    let executor: any ModelExecutor
    let journal: OperationJournal
    let onLaunch: @Sendable () -> Void

    func run() async throws -> StateID {
        var pipeline = OperationPipeline(
            executor: executor, location: resolved.location, code: resolved.code, limits: resolved.settings.maxDurations, journal: journal,
            use: LauncherUse(operationID: request.operationID, kind: .train))
        pipeline.onLaunch = onLaunch
        return try await pipeline.run { session in
            // Ends before the session does, with this scope.
            async let _: Void = sample(session)
            return try await train(in: session)
        }
    }

    private func train(in session: any ModelSession) async throws -> StateID {
        let limits = resolved.settings.maxDurations
        let instance = try await journal.measuring(\.instantiateModelMilliseconds) {
            try await withTimeLimit(seconds: limits.instantiateModelSeconds, at: .instantiateModel) {
                try await session.instantiateModel(resolved.instantiation(store))
            }
        }
        await journal.enter(.train)
        try await journal.measuring(\.trainMilliseconds) {
            try await withTimeLimit(seconds: limits.trainSeconds, at: .train) {
                try await instance.train(resolved.parameters, observer: journal)
            }
        }
        await journal.enter(.getState)
        let id = try await journal.measuring(\.getStateMilliseconds) {
            try await provided.commit { try await instance.getModelState(receiver: $0) }
        }
        await instance.dispose()
        return id
    }

    private var provided: ProvidedState {
        var options = StateOptions()
        options.base = resolved.loaded?.stateID.map(StateID.init(unchecked:))
        options.baseKeySets = [resolved.loaded?.keys ?? []]
        options.mounts = resolved.mounts.map(\.record)
        let lineage: [String] = JSON.decode(resolved.loaded?.lineageJSON ?? "[]") ?? []
        options.trainingOperations = lineage + [request.operationID.rawValue]
        options.stateID = request.newStateID
        options.operationID = request.operationID
        return ProvidedState(
            store: store, model: resolved.model, horizon: resolved.horizon, name: request.newStateName, options: options, phase: .getState,
            limitSeconds: resolved.settings.maxDurations.createStateSeconds,
            beginCommit: { [operations = store.operations] in operations.beginCommit(request.operationID) })
    }

    /// Measures, pulse by pulse, what the training uses, until it is cancelled.
    private func sample(_ session: any ModelSession) async {
        while !Task.isCancelled {
            if let usage = await session.usage() { journal.measured(usage) }
            try? await Task.sleep(for: .seconds(store.options.operationPulseSeconds))
        }
    }
}
