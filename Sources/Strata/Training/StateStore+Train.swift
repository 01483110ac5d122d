import Catalog

extension StateStore {
    /// Starts to train a model: its code loads a state, trains, and gives a new state, which is not active.
    ///
    /// Model, state, parameters and what the state was made with are resolved at one moment and pinned until the end. The
    /// training goes on by itself; `waitForTraining`, `trainingStatus` and `cancelTraining` take the id. Closing the store
    /// cancels it. The new state remembers the start state's trainings and this one, and the start state's mounts; its
    /// differences are taken from the start state.
    ///
    /// - Returns: the training session's id, once the training was accepted; on a persistent launcher once that was acquired.
    /// - Throws: refusals, before anything ran: `model_not_found`, `invalid_parameter` (also for an unknown state),
    ///   `snapshot_no_longer_exists`, `model_to_mount_no_longer_exists`, the codes of datasets and launchers.
    @discardableResult
    public func train(_ request: TrainRequest, on executor: any ModelExecutor) async throws(StrataError) -> OperationID {
        try await translating {
            let start = OperationStart(
                id: request.operationID, kind: .train, modelID: request.modelID, parameters: request.parameters,
                load: .state(request.stateID?.rawValue), newState: (request.newStateID, request.newStateName),
                location: { _ in request.location })
            try start.check()
            try OperationStart.check(request.location)
            _ = try writing()
            let (accepted, acceptance) = AsyncThrowingStream.makeStream(of: Void.self)
            let task = operations.start(start.id, .train, of: request.modelID) {
                defer { self.operations.remove(start.id) }
                do {
                    let result = try await self.run(request, start, on: executor) { acceptance.finish() }
                    acceptance.finish()
                    return .training(result)
                } catch {
                    acceptance.finish(throwing: error)
                    throw error
                }
            }
            guard let task else {
                throw StrataError(.conflict, "a training `\(start.id)` runs already; give each an id of its own")
            }
            do {
                for try await _ in accepted {}
                try Task.checkCancellation()
            } catch {
                // Given up by the caller, or refused: in both cases nothing goes on.
                operations.cancel(start.id)
                _ = await task.result
                throw Self.refusal(error, of: request)
            }
            return start.id
        }
    }

    private static func refusal(_ error: any Error, of request: TrainRequest) -> any Error {
        let error = StrataError.wrapping(error)
        guard error.code == .stateNotFound, let state = request.stateID else { return error }
        // The API has no code of its own for it.
        return StrataError(
            .invalidParameter, "model `\(request.modelID)` has no state `\(state)` to start from", parameterName: "stateId", context: error.context)
    }

    private func run(
        _ request: TrainRequest, _ start: OperationStart, on executor: any ModelExecutor, accepted: @escaping @Sendable () -> Void
    ) async throws -> TrainResult {
        let isTemporary = if case .temporaryLauncher = request.location { true } else { false }
        let outcome = try await operate(start) { rows in
            let resolved = try ResolvedOperation(rows, start, definitions: \.train, store: self)
            if isTemporary { accepted() }
            return resolved
        } run: { resolved, journal in
            try await TrainingRun(
                store: self, request: request, resolved: resolved, executor: executor, journal: journal, onLaunch: accepted
            ).run()
        }
        switch outcome.result {
        case .success(let id): return .success(stateID: id, durations: outcome.durations)
        case .failure(let failure): return .failed(failure, durations: outcome.durations)
        }
    }

    /// Waits for the end of a training that runs in this process; of one that has ended, its record answers.
    /// - Throws: `model_not_found`, `training_session_not_found`; `conflict` for one that runs in another process.
    public func waitForTraining(_ id: OperationID, of model: ModelID) async throws(StrataError) -> TrainResult {
        try await translating {
            try checkOpen()
            if let task = operations.task(id, of: model, .train), case .training(let result) = try await task.value { return result }
            let record = try await record(id, .train, of: model)
            switch record.status {
            case .running: throw StrataError(.conflict, "training `\(id)` runs in another process; wait for it there")
            case .failed(let failure): return .failed(failure, durations: record.durations)
            case .finished:
                guard let state = record.newStateID else {
                    throw StrataError(.corrupted, "the record of training `\(id)` does not name its state", context: ["operationId": id.rawValue])
                }
                return .success(stateID: state, durations: record.durations)
            }
        }
    }

    /// How far a training has come, in whichever process it runs: what another one reports comes with a delay of a pulse.
    /// - Throws: `model_not_found`, `training_session_not_found`.
    public func trainingStatus(_ id: OperationID, of model: ModelID) async throws(StrataError) -> TrainingStatus {
        try await translating {
            let (row, record) = try await reported(id, .train, of: model)
            let names = try await catalog.metricNames(of: row)
            return TrainingStatus(record, metrics: names.map { TrainingMetric(name: $0.name, amount: $0.entryCount) })
        }
    }

    /// Entries of a training's metric, clipped to what there is; of an unknown metric none.
    ///
    /// - Parameter limit: 1 to 100,000.
    /// - Throws: `model_not_found`, `training_session_not_found`, `invalid_parameter`.
    public func trainingMetric(
        _ name: String, from start: Int = 0, limit: Int = 1000, in id: OperationID, of model: ModelID
    ) async throws(StrataError) -> [MetricEntry] {
        try await translating {
            guard start >= 0 else { throw StrataError.invalidParameter("metrics", "the first entry \(start) is negative; the least is 0") }
            guard (1...OperationLimits.metricEntriesMax).contains(limit) else {
                throw StrataError.invalidParameter(
                    "metrics", "\(limit) entries were asked for; allowed are 1 to \(OperationLimits.metricEntriesMax)")
            }
            let (row, _) = try await reported(id, .train, of: model)
            return try await catalog.metricEntries(of: row, name: name, from: start, limit: limit)
                .map { MetricEntry(timestampMilliseconds: $0.timestamp, tensor: $0.tensor) }
        }
    }

    /// What a training has used, measured about each second and thinned when it lasts, later than a moment.
    /// - Throws: `model_not_found`, `training_session_not_found`.
    public func trainingUsage(
        of id: OperationID, after timestampMilliseconds: Int64 = -1, model: ModelID
    ) async throws(StrataError) -> [UsageSample] {
        try await translating {
            let (row, _) = try await reported(id, .train, of: model)
            return try await catalog.usage(of: row, after: timestampMilliseconds).map {
                UsageSample(
                    timestampMilliseconds: $0.timestamp, cpus: Double($0.cpuMilli) / 1000, memoryBytes: $0.memoryBytes, diskBytes: $0.diskBytes)
            }
        }
    }
}
