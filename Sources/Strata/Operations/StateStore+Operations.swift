import Catalog

extension StateStore {
    /// A model's creations, trainings and evaluations, running and ended, newest first, a page at a time.
    ///
    /// - Parameters:
    ///   - kind: lists only these; nil lists all.
    ///   - isRunning: only those that run, or only those that have ended; nil lists both.
    /// - Throws: `model_not_found`, `invalid_parameter`; `corrupted` for a record that cannot be read.
    public func operations(
        of model: ModelID, kind: OperationKind? = nil, isRunning: Bool? = nil, offset: Int = 0, limit: Int = 100
    ) async throws(StrataError) -> Page<OperationRecord> {
        try await translating {
            try checkOpen()
            try Page<OperationRecord>.check(offset: offset, limit: limit)
            let page = try await catalog.operations(
                model: model.rawValue, kind: kind?.rawValue, isRunning: isRunning, offset: offset, limit: limit)
            guard let page else { throw StrataError.modelNotFound(model) }
            return Page(items: try page.rows.map { try OperationRecord($0) }, total: page.total, offset: offset, limit: limit)
        }
    }

    /// The record of an operation.
    /// - Throws: `model_not_found`, `operation_not_found`.
    public func operation(_ id: OperationID, of model: ModelID) async throws(StrataError) -> OperationRecord {
        try await translating { try await reported(id, nil, of: model).record }
    }

    /// What an operation's processes wrote, the last 256 KiB of each output; nil where nothing was captured, and while it runs.
    /// - Throws: `model_not_found`, `operation_not_found`.
    public func operationOutput(_ id: OperationID, of model: ModelID) async throws(StrataError) -> ExecutionOutput? {
        try await translating {
            let (row, _) = try await reported(id, nil, of: model)
            let (output, errors) = try await catalog.output(of: row)
            guard output != nil || errors != nil else { return nil }
            return ExecutionOutput(
                standardOutput: String(decoding: output ?? [], as: UTF8.self), standardError: String(decoding: errors ?? [], as: UTF8.self))
        }
    }

    /// Asks for the end of an operation; whoever waits for it gets `failed` with `cancelled`.
    ///
    /// One that runs in another process ends when that process looks, within about a second, or at its commit, which is
    /// refused. One whose process has died without a trace is found by the next open of the store.
    /// - Throws: `model_not_found`, `operation_not_found`, `operation_not_running` when it is too late.
    public func cancelOperation(_ id: OperationID, of model: ModelID) async throws(StrataError) {
        try await translating { try await cancel(id, nil, of: model) }
    }

    /// `cancelOperation` for a training.
    /// - Throws: `model_not_found`, `training_session_not_found`, `training_session_not_running`.
    public func cancelTraining(_ id: OperationID, of model: ModelID) async throws(StrataError) {
        try await translating { try await cancel(id, .train, of: model) }
    }

    /// `cancelOperation` for an evaluation.
    /// - Throws: `model_not_found`; `evaluation_not_found`, also for one that has ended.
    public func cancelEvaluation(_ id: OperationID, of model: ModelID) async throws(StrataError) {
        try await translating { try await cancel(id, .evaluate, of: model) }
    }

    /// Forgets an operation that has ended, with its metrics, output and kept result. States that it made stay.
    /// - Throws: `model_not_found`; `operation_not_found`, `operation_running`, for a training `training_session_running`.
    public func clearOperation(_ id: OperationID, of model: ModelID) async throws(StrataError) {
        try await translating { try await clear(id, nil, of: model) }
    }

    /// `clearOperation` for a training.
    /// - Throws: `model_not_found`, `training_session_not_found`, `training_session_running`.
    public func clearTraining(_ id: OperationID, of model: ModelID) async throws(StrataError) {
        try await translating { try await clear(id, .train, of: model) }
    }

    // MARK: how

    private func cancel(_ id: OperationID, _ kind: OperationKind?, of model: ModelID) async throws {
        _ = try writing()
        let record = try await record(id, kind, of: model)
        let notRunning = Self.notRunning(id, kind)
        guard record.isRunning else { throw notRunning }
        if operations.cancel(id, of: model) { return }
        if let task = operations.task(id, of: model, record.kind) {
            // Too late: the commit has begun.
            _ = await task.result
            throw notRunning
        }
        switch try await catalog.requestCancel(of: id.rawValue, model: model.rawValue) {
        case .done: return
        case .notFound: throw Self.notFound(id, kind, of: model)
        case .hasEnded, .isRunning: throw notRunning
        }
    }

    private func clear(_ id: OperationID, _ kind: OperationKind?, of model: ModelID) async throws {
        _ = try writing()
        // A record that cannot be read can be cleared even so.
        if let kind { _ = try await record(id, kind, of: model) }
        keptEvaluations.remove(id)
        switch try await catalog.clearOperation(id.rawValue, model: model.rawValue) {
        case .done: return
        case .notFound, .hasEnded:
            guard try await catalog.model(id: model.rawValue) != nil else { throw StrataError.modelNotFound(model) }
            throw Self.notFound(id, kind, of: model)
        case .isRunning:
            throw StrataError(
                kind == .train ? .trainingSessionRunning : .operationRunning, "operation `\(id)` still runs; cancel it first",
                context: ["modelId": model.rawValue, "operationId": id.rawValue])
        }
    }

    /// The record of an operation of a kind, or of any.
    func record(_ id: OperationID, _ kind: OperationKind?, of model: ModelID) async throws -> OperationRecord {
        try await row(id, kind, of: model).record
    }

    /// The same once everything is written that the operation has reported in this process.
    func reported(_ id: OperationID, _ kind: OperationKind?, of model: ModelID) async throws -> (row: OperationRow, record: OperationRecord) {
        if let journal = operations.journal(of: id) { await journal.flushOrLog() }
        return try await row(id, kind, of: model)
    }

    private func row(_ id: OperationID, _ kind: OperationKind?, of model: ModelID) async throws -> (row: OperationRow, record: OperationRecord) {
        try checkOpen()
        guard let row = try await catalog.operation(id: id.rawValue, model: model.rawValue), kind == nil || row.kind == kind?.rawValue else {
            guard try await catalog.model(id: model.rawValue) != nil else { throw StrataError.modelNotFound(model) }
            throw Self.notFound(id, kind, of: model)
        }
        return (row, try OperationRecord(row))
    }

    static func notFound(_ id: OperationID, _ kind: OperationKind?, of model: ModelID) -> StrataError {
        let (code, what): (StrataError.Code, String) =
            switch kind {
            case .train: (.trainingSessionNotFound, "training")
            case .evaluate: (.evaluationNotFound, "evaluation")
            case .createState, nil: (.operationNotFound, "operation")
            }
        return StrataError(
            code, "model `\(model)` has no \(what) `\(id)`", context: ["modelId": model.rawValue, "operationId": id.rawValue])
    }

    private static func notRunning(_ id: OperationID, _ kind: OperationKind?) -> StrataError {
        let code: StrataError.Code =
            switch kind {
            case .train: .trainingSessionNotRunning
            case .evaluate: .evaluationNotFound
            case .createState, nil: .operationNotRunning
            }
        return StrataError(code, "operation `\(id)` has ended already", context: ["operationId": id.rawValue])
    }
}
