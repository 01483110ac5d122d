import Catalog

/// A state in the making.
public struct StateCreation: Hashable, Sendable {
    /// The id that the state will have; it is also what cancels the creation.
    public let stateID: StateID
    public let name: String
    public let startedAtMilliseconds: Int64
}

extension StateStore {
    /// Runs a model's `createModelState` and commits what it provides as a new state, which is not active.
    ///
    /// Model, parameters and mounts are resolved at one moment and pinned until the end. Cancelling the calling task cancels
    /// the creation: unless its commit has begun, the answer is `failed` with `cancelled`.
    ///
    /// - Parameter accepted: called once nothing is a refusal any more but the want of a persistent launcher.
    /// - Returns: what became of the run. A run that failed is a result, with its durations.
    /// - Throws: refusals, before anything ran: `model_not_found`, `invalid_parameter`, `snapshot_no_longer_exists`, the
    ///   codes of mounts, datasets and launchers.
    public func createState(
        _ request: CreateStateRequest, on executor: any ModelExecutor, accepted: (@Sendable () -> Void)? = nil
    ) async throws(StrataError) -> CreateStateResult {
        try await translating {
            let start = OperationStart(
                id: request.operationID, kind: .createState, modelID: request.modelID, parameters: request.parameters,
                mounts: request.mounts, newState: (request.stateID, request.name), location: { _ in request.location })
            try start.check()
            try OperationStart.check(request.location)
            _ = try writing()
            let task = operations.start(start.id, .createState, of: request.modelID) {
                .creation(try await self.run(request, start, on: executor, accepted))
            }
            guard let task else {
                throw StrataError(.conflict, "state `\(start.id)` is being created already; give each creation an id of its own")
            }
            defer { operations.remove(start.id) }
            return try await withTaskCancellationHandler {
                try await creationResult(of: task)
            } onCancel: {
                operations.cancel(start.id, of: request.modelID)
            }
        }
    }

    private func creationResult(of task: RunningOperations.OperationTask) async throws -> CreateStateResult {
        guard case .creation(let result) = try await task.value else { preconditionFailure("the task of a creation answers with one") }
        return result
    }

    private func run(
        _ request: CreateStateRequest, _ start: OperationStart, on executor: any ModelExecutor, _ accepted: (@Sendable () -> Void)?
    ) async throws -> CreateStateResult {
        let outcome = try await operate(start) { rows in
            let resolved = try ResolvedOperation(rows, start, definitions: \.createState, store: self)
            accepted?()
            return resolved
        } run: { resolved, journal in
            let pipeline = OperationPipeline(
                executor: executor, location: resolved.location, code: resolved.code, limits: resolved.settings.maxDurations,
                journal: journal, use: start.use)
            return try await pipeline.run { session in
                try await journal.measuring(\.createStateMilliseconds) {
                    let call = CreateModelStateCall(parameters: resolved.parameters, otherModels: resolved.otherModels)
                    return try await state(of: request, resolved).commit { try await session.createModelState(call, receiver: $0) }
                }
            }
        }
        switch outcome.result {
        case .success(let id): return .success(stateID: id, durations: outcome.durations)
        case .failure(let failure): return .failed(failure, durations: outcome.durations)
        }
    }

    private func state(of request: CreateStateRequest, _ resolved: ResolvedOperation) -> ProvidedState {
        var options = StateOptions()
        options.mounts = resolved.mounts.map(\.record)
        options.stateID = request.stateID
        options.isCreation = true
        options.makeActive = request.makesActive
        options.deleteStates = request.replaces
        options.mayReplaceActive = request.makesActive
        options.operationID = request.operationID
        options.baseKeySets = resolved.mounts.map(\.keys)
        return ProvidedState(
            store: self, model: resolved.model, horizon: resolved.horizon, name: request.name, options: options, phase: .createState,
            limitSeconds: resolved.settings.maxDurations.createStateSeconds,
            beginCommit: { [operations] in operations.beginCommit(request.operationID) })
    }

    /// The states of a model that are being created, by any process, oldest first.
    public func creatingStates(of model: ModelID) async throws(StrataError) -> [StateCreation] {
        try await translating {
            try checkOpen()
            guard let rows = try await catalog.creations(ofModel: model.rawValue) else { throw StrataError.modelNotFound(model) }
            return rows.map {
                StateCreation(stateID: StateID(unchecked: $0.stateID), name: $0.name, startedAtMilliseconds: $0.startedAt)
            }
        }
    }

    /// Cancels a running creation; whoever waits for it gets `failed` with `cancelled`.
    ///
    /// One that runs in another process ends when that process looks, within about a second, or at its commit, which is
    /// refused.
    /// - Throws: `model_not_found`; `state_already_created` when it is too late; `state_not_found`.
    public func cancelCreateState(_ id: StateID, of model: ModelID) async throws(StrataError) {
        try await translating {
            _ = try writing()
            let operation = OperationID(unchecked: id.rawValue)
            if operations.cancel(operation, of: model) { return }
            if let task = operations.task(operation, of: model, .createState) {
                // Too late: the commit has begun, and decides what there is to answer.
                _ = await task.result
            } else {
                let listed = try await creatingStates(of: model).contains { $0.stateID == id }
                if listed, try await catalog.cancelCreation(id.rawValue) { return }
            }
            throw try await ended(id, of: model)
        }
    }

    /// Waits for a creation that runs in this process.
    /// - Throws: `state_already_created` when it has ended well before; `state_not_found`, `model_not_found`.
    public func waitForState(_ id: StateID, of model: ModelID) async throws(StrataError) -> CreateStateResult {
        try await translating {
            try checkOpen()
            if let task = operations.task(OperationID(unchecked: id.rawValue), of: model, .createState) {
                return try await creationResult(of: task)
            }
            if try await creatingStates(of: model).contains(where: { $0.stateID == id }) {
                throw StrataError(.conflict, "state `\(id)` is being created by another process; wait for it there")
            }
            throw try await ended(id, of: model)
        }
    }

    private func ended(_ id: StateID, of model: ModelID) async throws -> StrataError {
        guard try await catalog.state(id: id.rawValue, model: model.rawValue) != nil else { return try await missing(id, of: model) }
        return StrataError(
            .stateAlreadyCreated, "state `\(id)` of model `\(model)` has been created already",
            context: ["modelId": model.rawValue, "stateId": id.rawValue])
    }
}
