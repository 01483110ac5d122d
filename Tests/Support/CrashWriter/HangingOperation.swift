import Strata

/// An operation that tells its id once its code hangs, and ends only when it is cancelled.
struct HangingOperation {
    let store: StateStore
    let model: ModelID
    let metricCount: Int

    func run(_ mode: String, _ tell: @escaping @Sendable (String) -> Void) async throws -> ExecutionFailure {
        let id = OperationID.random()
        let hang: @Sendable () async throws -> Void = {
            tell(id.rawValue)
            try await Task.sleep(for: .seconds(3600))
        }
        let executor = executor(hang, id)
        let end: ExecutionFailure?
        switch mode {
        case "train-hang":
            try await store.train(TrainRequest(modelID: model, newStateName: "never", operationID: id), on: executor)
            if case .failed(let failure, _) = try await store.waitForTraining(id, of: model) { end = failure } else { end = nil }
        case "evaluate-hang":
            if case .failure(let failure) = try await store.evaluate(EvaluateRequest(modelID: model, operationID: id), on: executor).outcome {
                end = failure
            } else {
                end = nil
            }
        default:
            let request = CreateStateRequest(modelID: model, name: "never", stateID: StateID(unchecked: id.rawValue))
            if case .failed(let failure, _) = try await store.createState(request, on: executor) { end = failure } else { end = nil }
        }
        return end ?? .unknown(reason: "it ended")
    }

    private func executor(_ hang: @escaping @Sendable () async throws -> Void, _ id: OperationID) -> ClosureExecutor {
        let (store, model, metricCount) = (store, model, metricCount)
        return ClosureExecutor(
            createState: { _, _ in try await hang() },
            instantiate: { _ in
                ClosureExecutor.Instance(
                    evaluate: { _ in
                        try await hang()
                        return []
                    },
                    train: { _, observer in
                        for step in 0..<metricCount {
                            try await observer.metric("step", Item(elementType: "u8", shape: [], bytes: [UInt8(step)]))
                        }
                        // Writes what was reported, so that it is there when this process is killed.
                        _ = try await store.trainingStatus(id, of: model)
                        try await hang()
                    })
            })
    }
}
