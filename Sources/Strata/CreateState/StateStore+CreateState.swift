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
    /// - Returns: what became of the run. A run that failed is a result, with its durations.
    /// - Throws: refusals, before anything ran: `model_not_found`, `invalid_parameter`, `snapshot_no_longer_exists`, the
    ///   codes of mounts, datasets and launchers.
    public func createState(
        _ request: CreateStateRequest, on executor: any ModelExecutor
    ) async throws(StrataError) -> CreateStateResult {
        try await translating {
            try Self.check(request)
            _ = try writing()
            let id = request.stateID
            guard let task = creations.start(id, of: request.modelID, { try await self.run(request, on: executor) }) else {
                throw StrataError(.conflict, "state `\(id)` is being created already; give each creation an id of its own")
            }
            defer { creations.remove(id) }
            return try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                _ = creations.cancel(id, of: request.modelID)
            }
        }
    }

    private static func check(_ request: CreateStateRequest) throws(StrataError) {
        try Names.check(request.name, "name")
        var names: Set<String> = []
        for parameter in request.parameters where !names.insert(parameter.name).inserted {
            throw .invalidParameter("params", "the parameter `\(parameter.name)` was given twice; give each once")
        }
        var models: Set<ModelID> = []
        for mount in request.mounts where !models.insert(mount.modelID).inserted {
            throw .invalidParameter("mountModels", "model `\(mount.modelID)` is mounted twice; running code can tell mounts apart only by model")
        }
        if case .temporaryLauncher(let spec) = request.location { try ModelRules.check(spec, "executionLocation") }
    }

    private func run(_ request: CreateStateRequest, on executor: any ModelExecutor) async throws -> CreateStateResult {
        let id = request.stateID
        let watch = Stopwatch()
        do {
            return try await holdingHorizon { _ in
                let rows = try await resolve(request)
                return try await releasing(rows.pins, endingCreation: id) {
                    let pipeline = CreationPipeline(
                        store: self, request: request, resolved: try ResolvedOperation(rows, request: request, store: self),
                        executor: executor, beginCommit: { [creations] in creations.beginCommit(id) })
                    return try await pipeline.run()
                }
            }
        } catch where StrataError.wrapping(error).code == .cancelled {
            // Before anything ran: the answer is that of every cancelled creation.
            return .failed(.cancelled, durations: OperationDurations(totalMilliseconds: watch.milliseconds))
        }
    }

    private func resolve(_ request: CreateStateRequest) async throws -> ResolvedOperationRows {
        let datasets = request.parameters.compactMap { parameter -> DatasetSelection? in
            guard case .dataset(_, let id, let key) = parameter else { return nil }
            return DatasetSelection(datasetID: id.rawValue, key: key)
        }
        return try await catalog.resolve(
            OperationRequest(
                session: try await registeredSession(), modelID: request.modelID.rawValue,
                mounts: request.mounts.map(MountSelection.init), datasets: datasets,
                creation: (request.stateID.rawValue, request.name, Clock.milliseconds())))
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
    /// A creation that runs in another process is cancelled too: its code ends by itself, its commit is refused.
    /// - Throws: `model_not_found`; `state_already_created` when it is too late; `state_not_found`.
    public func cancelCreateState(_ id: StateID, of model: ModelID) async throws(StrataError) {
        try await translating {
            _ = try writing()
            if creations.cancel(id, of: model) { return }
            if let task = creations.task(id, of: model) {
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
            if let task = creations.task(id, of: model) { return try await task.value }
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
