import DecthingsAPI
import Strata

extension APIService {
    func createState(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: CreateStateParams.self)
        let model = try await model(params.modelId, for: call, needing: .readwrite).id
        let mounts = try await mounts(params.mountModels ?? [], call)
        let location = try location(params.executionLocation, for: call.caller)
        let parameters = try await parameters(params.params, call)
        if let code = call.injected {
            let failure = RunFailure(injected: code, in: .createState)
            return try await sink.answer(DecthingsAPI.CreateStateResult.failed(durations: CreateStateDurations(total: 0), error: failure))
        }
        let request = CreateStateRequest(
            modelID: model, name: params.name, parameters: parameters, mounts: mounts, location: location)
        let result = try await unbound { [store, executor] in try await store.createState(request, on: executor) }
        try await sink.answer(DecthingsAPI.CreateStateResult(result))
    }

    /// Runs what goes on when the client that asked for it is gone.
    func unbound<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
        try await Task(operation: body).value
    }

    func cancelCreateState(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: StateParams.self)
        let model = try await model(params.modelId, for: call, needing: .readwrite, else: .stateNotFound).id
        try await store.cancelCreateState(try Self.stateID(params.stateId), of: model)
        try await sink.answer(EmptyResult())
    }

    func getCreatingStates(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: ModelParams.self)
        let creations = try await store.creatingStates(of: try await model(params.modelId, for: call).id)
        try await sink.answer(
            GetCreatingStatesResult(
                states: creations.map { CreatingState(id: $0.stateID.rawValue, name: $0.name, startedAt: $0.startedAtMilliseconds) }))
    }

    func waitForStateToBeCreated(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: StateParams.self)
        let model = try await model(params.modelId, for: call).id
        let state = try Self.stateID(params.stateId)
        do {
            return try await sink.answer(DecthingsAPI.CreateStateResult(try await store.waitForState(state, of: model)))
        } catch let error as StrataError where error.code == .conflict {
            // Another process makes it: its record tells how that ended.
        }
        let record = try await ended(OperationID(unchecked: state.rawValue), of: model)
        let result: Strata.CreateStateResult =
            if case .failed(let failure) = record.status {
                .failed(failure, durations: record.durations)
            } else { .success(stateID: state, durations: record.durations) }
        try await sink.answer(DecthingsAPI.CreateStateResult(result))
    }

    /// The record of an operation of another process once it has ended.
    func ended(_ id: OperationID, of model: ModelID) async throws -> OperationRecord {
        while true {
            let record = try await store.operation(id, of: model)
            if !record.isRunning { return record }
            try await Task.sleep(for: .milliseconds(250))
        }
    }
}
