import DecthingsAPI
import Logging
import Strata

extension APIService {
    func train(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: TrainParams.self)
        let model = try await model(params.modelId, for: call, needing: .readwrite).id
        let state = try params.stateId.map { (text) throws(APIError) in
            guard let id = StateID(rawValue: text) else {
                throw APIError.invalidParameter("stateId", "the model has no state \(text.prefix(64)) to start from")
            }
            return id
        }
        let location = try location(params.executionLocation, for: call.caller)
        let parameters = try await parameters(params.params, call)
        let request = TrainRequest(
            modelID: model, stateID: state, newStateName: params.newStateName, parameters: parameters, location: location)
        let id = try await unbound { [store, executor] in try await store.train(request, on: executor) }
        call.hold?.keep(until: { [store] in _ = try? await store.waitForTraining(id, of: model) })
        try await sink.answer(DecthingsAPI.TrainResult(trainingSessionId: id.rawValue))
    }

    func getTrainingStatus(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: TrainingSessionParams.self)
        let (model, session) = try await training(params.modelId, params.trainingSessionId, call)
        let status = try await store.trainingStatus(session, of: model)
        try await sink.answer(
            TrainingStatusResult(
                id: session.rawValue, modelId: model.rawValue, newStateName: status.newStateName, createdAt: status.createdAtMilliseconds,
                metrics: status.metrics.map { TrainingStatusResult.Metric(name: $0.name, amount: $0.amount) },
                executionLocation: UsedLauncher(status.location, spec: launcherSpec), status: DecthingsAPI.TrainingStatus(status)))
    }

    func getTrainingSysinfo(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: GetTrainingSysinfoParams.self)
        let (model, session) = try await training(params.modelId, params.trainingSessionId, call)
        let samples = try await store.trainingUsage(of: session, after: params.fromTimestamp ?? -1, model: model)
        try await sink.answer(SysinfoResult(sysinfo: samples.map(SysinfoPoint.init)))
    }

    func cancelTrainingSession(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: TrainingSessionParams.self)
        let (model, session) = try await training(params.modelId, params.trainingSessionId, call, needing: .readwrite)
        try await store.cancelTraining(session, of: model)
        try await sink.answer(EmptyResult())
    }

    func clearPreviousTrainingSession(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: TrainingSessionParams.self)
        let (model, session) = try await training(params.modelId, params.trainingSessionId, call, needing: .readwrite)
        try await store.clearTraining(session, of: model)
        try await sink.answer(EmptyResult())
    }

    func training(
        _ modelID: String, _ sessionID: String, _ call: Call, needing right: Right = .read
    ) async throws -> (ModelID, OperationID) {
        let model = try await model(modelID, for: call, needing: right).id
        guard let session = OperationID(rawValue: sessionID) else { throw APIError(.trainingSessionNotFound) }
        return (model, session)
    }
}

extension DecthingsAPI.TrainingStatus {
    init(_ status: Strata.TrainingStatus) {
        let durations = status.durations
        let start = StartDurations(
            createLauncher: durations.createLauncherMilliseconds.map(Int64.init),
            codeStartup: durations.codeStartupMilliseconds.map(Int64.init),
            createInstantiatedModel: durations.instantiateModelMilliseconds.map(Int64.init))
        let train = durations.trainMilliseconds.map(Int64.init)
        let getState = durations.getStateMilliseconds.map(Int64.init)
        switch status.phase {
        case .starting: self.init(state: .starting)
        case .running(let progress): self.init(state: .running, startDurations: start, progress: progress)
        case .gettingState: self.init(state: .gettingState, startDurations: start, trainDuration: train ?? 0)
        case .completed(let state, let finishedAt):
            self.init(
                state: .completed, startDurations: start, trainDuration: train ?? 0, getStateDuration: getState ?? 0, finishedAt: finishedAt,
                createdStateId: state.rawValue)
        case .failed(let failure, let finishedAt):
            self.init(
                state: .failed, startDurations: start, trainDuration: train, getStateDuration: getState, finishedAt: finishedAt,
                failReason: RunFailure(of: failure))
        }
    }
}

extension SysinfoPoint {
    init(_ sample: UsageSample) {
        self.init(
            timestamp: sample.timestampMilliseconds, cpus: sample.cpus, memory: Self.mebibytes(sample.memoryBytes),
            disk: sample.diskBytes.map(Self.mebibytes))
    }

    static func mebibytes(_ bytes: Int64) -> UInt32 { UInt32(clamping: (bytes + (1 << 19)) >> 20) }
}
