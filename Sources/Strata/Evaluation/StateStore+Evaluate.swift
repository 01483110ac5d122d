import Catalog

extension StateStore {
    /// Evaluates a model: its code loads a state and answers with outputs, which are held against what the model declares.
    ///
    /// Model, state, parameters and what the state was made with are resolved at one moment and pinned until the end.
    /// Cancelling the calling task cancels the evaluation. The result can be asked for again for a while, see
    /// `evaluationResult`.
    ///
    /// - Returns: what became of the run. A run that failed is a result, with its durations.
    /// - Throws: refusals, before anything ran: `model_not_found`, `snapshot_not_found`, `state_not_found`,
    ///   `invalid_parameter`, `snapshot_no_longer_exists`, `model_to_mount_no_longer_exists`, the codes of datasets and launchers.
    public func evaluate(_ request: EvaluateRequest, on executor: any ModelExecutor) async throws(StrataError) -> EvaluateResult {
        try await translating {
            let start = try Self.start(request)
            try start.check()
            if let location = request.location { try OperationStart.check(location) }
            _ = try writing()
            let task = operations.start(start.id, .evaluate, of: request.modelID) {
                .evaluation(try await self.run(request, start, on: executor))
            }
            guard let task else {
                throw StrataError(.conflict, "an evaluation `\(start.id)` runs already; give each an id of its own")
            }
            defer { operations.remove(start.id) }
            return try await withTaskCancellationHandler {
                try await evaluationResult(of: task)
            } onCancel: {
                operations.cancel(start.id, of: request.modelID)
            }
        }
    }

    private static func start(_ request: EvaluateRequest) throws(StrataError) -> OperationStart {
        if let state = request.stateID, let snapshot = request.snapshotID {
            throw .invalidParameter("snapshotId", "the state `\(state)` and the snapshot `\(snapshot)` are both to be evaluated; name one of them")
        }
        return OperationStart(
            id: request.operationID, kind: .evaluate, modelID: request.modelID, parameters: request.parameters,
            load: request.snapshotID.map { .snapshot($0.rawValue) } ?? .state(request.stateID?.rawValue),
            location: { request.location ?? .temporaryLauncher($0.evaluateLauncher) })
    }

    private func run(_ request: EvaluateRequest, _ start: OperationStart, on executor: any ModelExecutor) async throws -> EvaluateResult {
        let outcome = try await operate(start) { rows in
            try ResolvedOperation(rows, start, definitions: \.evaluateInput, store: self)
        } run: { resolved, journal in
            let pipeline = OperationPipeline(
                executor: executor, location: resolved.location, code: resolved.code, limits: resolved.settings.maxDurations,
                journal: journal, use: start.use)
            return try await pipeline.run { session in try await self.evaluate(resolved, isKept: request.keepsInstance, in: session, journal) }
        }
        let location = outcome.location ?? request.location ?? .temporaryLauncher(LauncherSpec())
        let result = EvaluateResult(id: start.id, location: location, durations: outcome.durations, outcome: outcome.result)
        keptEvaluations.keep(result, of: request.modelID)
        return result
    }

    private func evaluate(
        _ resolved: ResolvedOperation, isKept: Bool, in session: any ModelSession, _ journal: OperationJournal
    ) async throws -> [EvaluationOutput] {
        let limits = resolved.settings.maxDurations
        let expected = resolved.settings.parameterDefinitions.evaluateOutput
        let instance = try await journal.measuring(\.instantiateModelMilliseconds) {
            try await instantiate(resolved, isKept: isKept, in: session)
        }
        if instance.isReused { journal.setDuration(\.instantiateModelMilliseconds, nil) }
        let outputs = try await journal.measuring(\.evaluateMilliseconds) {
            try await withTimeLimit(seconds: limits.evaluateSeconds, at: .evaluate) {
                try await instance.evaluate(resolved.parameters, expecting: expected)
            }
        }
        try OutputCheck(definitions: expected).check(outputs)
        await instance.dispose()
        return outputs
    }

    func instantiate(_ resolved: ResolvedOperation, isKept: Bool, in session: any ModelSession) async throws -> any ModelInstance {
        try await withTimeLimit(seconds: resolved.settings.maxDurations.instantiateModelSeconds, at: .instantiateModel) {
            try await session.instantiateModel(resolved.instantiation(self, isKept: isKept))
        }
    }

    private func evaluationResult(of task: RunningOperations.OperationTask) async throws -> EvaluateResult {
        guard case .evaluation(let result) = try await task.value else { preconditionFailure("the task of an evaluation answers with one") }
        return result
    }

    /// The result of an evaluation that ran in this process: waits for it while it runs, and has it for
    /// `Options.evaluationResultSeconds` after that.
    ///
    /// - Throws: `model_not_found`; `evaluation_not_found`, also when its record is still there but the result was not kept;
    ///   `conflict` for one that runs in another process.
    public func evaluationResult(_ id: OperationID, of model: ModelID) async throws(StrataError) -> EvaluateResult {
        try await translating {
            try checkOpen()
            if let task = operations.task(id, of: model, .evaluate) { return try await evaluationResult(of: task) }
            if let kept = keptEvaluations.result(id, of: model) { return kept }
            if try await record(id, .evaluate, of: model).isRunning {
                throw StrataError(.conflict, "evaluation `\(id)` runs in another process; wait for it there")
            }
            throw StrataError(
                .evaluationNotFound,
                "the result of evaluation `\(id)` is kept no more; it was for \(Int(options.evaluationResultSeconds)) s, by the process that ran it",
                context: ["modelId": model.rawValue, "operationId": id.rawValue])
        }
    }
}
