import Synchronization

/// What an operation that was not refused came to.
enum OperationResult: Sendable {
    case creation(CreateStateResult)
    case training(TrainResult)
    case evaluation(EvaluateResult)
}

/// The operations that run in this process: what can be waited for and cancelled.
final class RunningOperations: Sendable {
    typealias OperationTask = Task<OperationResult, any Error>

    private struct Operation {
        let kind: OperationKind
        let model: ModelID
        let task: OperationTask
        var journal: OperationJournal?
        var isCommitting = false
        var isCancelled = false
    }

    private let operations = Mutex<[OperationID: Operation]>([:])

    /// Starts an operation's task, entered before it runs; nil when one with this id runs already.
    func start(
        _ id: OperationID, _ kind: OperationKind, of model: ModelID, _ run: @escaping @Sendable () async throws -> OperationResult
    ) -> OperationTask? {
        operations.withLock { operations in
            guard operations[id] == nil else { return nil }
            let task = Task { try await run() }
            operations[id] = Operation(kind: kind, model: model, task: task)
            return task
        }
    }

    func remove(_ id: OperationID) { operations.withLock { $0[id] = nil } }

    /// Lets others have what the operation has reported.
    func attach(_ journal: OperationJournal) { operations.withLock { $0[journal.id]?.journal = journal } }

    func journal(of id: OperationID) -> OperationJournal? { operations.withLock { $0[id]?.journal } }

    func task(_ id: OperationID, of model: ModelID, _ kind: OperationKind) -> OperationTask? {
        operations.withLock { operations in
            guard let operation = operations[id], operation.model == model, operation.kind == kind else { return nil }
            return operation.task
        }
    }

    /// The point of no return: true unless the operation was cancelled before.
    func beginCommit(_ id: OperationID) -> Bool {
        operations.withLock { operations in
            guard operations[id] != nil else { return true }
            guard !operations[id]!.isCancelled else { return false }
            operations[id]!.isCommitting = true
            return true
        }
    }

    /// - Returns: false when there is no such operation, or when it is too late.
    @discardableResult
    func cancel(_ id: OperationID, of model: ModelID? = nil) -> Bool {
        let task = operations.withLock { operations -> OperationTask? in
            guard let operation = operations[id], model == nil || operation.model == model, !operation.isCommitting else { return nil }
            operations[id]!.isCancelled = true
            return operation.task
        }
        task?.cancel()
        return task != nil
    }

    /// Cancels the operations of one model, or all; answers their tasks.
    @discardableResult
    func cancelAll(of model: ModelID? = nil) -> [OperationTask] {
        let tasks = operations.withLock { operations in
            let ids = operations.keys.filter { model == nil || operations[$0]!.model == model }
            for id in ids { operations[id]!.isCancelled = true }
            return ids.map { operations[$0]!.task }
        }
        for task in tasks { task.cancel() }
        return tasks
    }
}
