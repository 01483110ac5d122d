import Synchronization

/// The creations that run in this process: what can be waited for and cancelled.
final class RunningCreations: Sendable {
    private struct Creation {
        let model: ModelID
        let task: Task<CreateStateResult, any Error>
        var isCommitting = false
        var isCancelled = false
    }

    private let creations = Mutex<[StateID: Creation]>([:])

    /// Starts a creation's task, entered before it runs; nil when a state with this id is being created already.
    func start(
        _ id: StateID, of model: ModelID, _ run: @escaping @Sendable () async throws -> CreateStateResult
    ) -> Task<CreateStateResult, any Error>? {
        creations.withLock { creations in
            guard creations[id] == nil else { return nil }
            let task = Task { try await run() }
            creations[id] = Creation(model: model, task: task)
            return task
        }
    }

    func remove(_ id: StateID) { creations.withLock { $0[id] = nil } }

    func task(_ id: StateID, of model: ModelID) -> Task<CreateStateResult, any Error>? {
        creations.withLock { creations in
            guard let creation = creations[id], creation.model == model else { return nil }
            return creation.task
        }
    }

    /// The point of no return: true unless the creation was cancelled before.
    func beginCommit(_ id: StateID) -> Bool {
        creations.withLock { creations in
            guard creations[id] != nil else { return true }
            guard !creations[id]!.isCancelled else { return false }
            creations[id]!.isCommitting = true
            return true
        }
    }

    /// - Returns: false when there is no such creation, or when it is too late.
    func cancel(_ id: StateID, of model: ModelID) -> Bool {
        let task = creations.withLock { creations -> Task<CreateStateResult, any Error>? in
            guard let creation = creations[id], creation.model == model, !creation.isCommitting else { return nil }
            creations[id]!.isCancelled = true
            return creation.task
        }
        task?.cancel()
        return task != nil
    }

    /// Cancels the creations of one model, or all; answers their tasks.
    @discardableResult
    func cancelAll(of model: ModelID? = nil) -> [Task<CreateStateResult, any Error>] {
        let tasks = creations.withLock { creations in
            let ids = creations.keys.filter { model == nil || creations[$0]!.model == model }
            for id in ids { creations[id]!.isCancelled = true }
            return ids.map { creations[$0]!.task }
        }
        for task in tasks { task.cancel() }
        return tasks
    }
}
