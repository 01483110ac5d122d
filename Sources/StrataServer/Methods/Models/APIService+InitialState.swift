import DecthingsAPI
import Strata

extension APIService {
    /// A model that runs the code of a snapshot. Its first state is the snapshot's, or replaces that in the commit that makes it.
    func createModel(
        _ params: CreateModelParams, _ based: SnapshotModelOptions, _ call: Call, _ sink: any AnswerSink
    ) async throws {
        let source = try await model(based.modelId, for: call).id
        var options = Self.options(params, tags: based.tags)
        options.origin = .basedOnSnapshot(try Self.snapshotID(based.snapshotId), of: source)
        switch based.initialState {
        case .copy:
            try call.blobs.require(count: 0)
            let id = try await store.createModel(named: params.name, options: options).id
            try await sink.answer(CreateModelResult(modelId: id.rawValue, isNowCreating: false))
        case .upload(let name, let keys):
            try Self.checkKeys(keys, call.blobs)
            let model = try await store.createModel(named: params.name, options: options)
            modelsInCreation.begin(model.id)
            defer { modelsInCreation.end(model.id) }
            try await finishing(model.id) {
                var options = StateOptions(base: model.activeStateID, makeActive: true, deleteStates: [model.activeStateID])
                options.mayReplaceActive = true
                try await store.commitState(of: model.id, named: name, options: options) { try await $0.write(keys, from: call.blobs) }
            }
            try await sink.answer(CreateModelResult(modelId: model.id.rawValue, isNowCreating: false))
        case .create(let name, let providers, let spec):
            let parameters = try await parameters(providers, call)
            let model = try await store.createModel(named: params.name, options: options)
            modelsInCreation.begin(model.id)
            try await beginInitialState(of: model, named: name, parameters, Strata.LauncherSpec(spec))
            try await sink.answer(CreateModelResult(modelId: model.id.rawValue, isNowCreating: true))
        }
    }

    /// Starts the run that makes a model's first state; it goes on by itself once it was accepted.
    ///
    /// - Throws: the refusals of the run; the model is gone then.
    private func beginInitialState(
        of model: Strata.Model, named name: String, _ parameters: [ParameterInput], _ spec: Strata.LauncherSpec
    ) async throws {
        var request = CreateStateRequest(
            modelID: model.id, name: name, parameters: parameters, location: .temporaryLauncher(spec))
        request.makesActive = true
        request.replaces = [model.activeStateID]
        let (accepted, acceptance) = AsyncThrowingStream.makeStream(of: Void.self)
        modelsInCreation.run(model.id) { [self, request] in
            var (outcome, refusal): (CreateModelOutcome, (any Error)?) = (.failed(.unknown), nil)
            do {
                outcome = CreateModelOutcome(try await store.createState(request, on: executor) { acceptance.finish() })
            } catch {
                refusal = error
            }
            if case .failed = outcome { await discard(model.id) }
            modelsInCreation.end(model.id)
            acceptance.finish(throwing: refusal)
            return outcome
        }
        for try await _ in accepted {}
    }

    func waitForModelToBeCreated(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: ModelParams.self)
        if let id = ModelID(rawValue: params.modelId), let creation = modelsInCreation.creation(of: id) {
            _ = try await model(params.modelId, for: call)
            return try await sink.answer(await creation.value)
        }
        _ = try await model(params.modelId, for: call)
        throw APIError(.modelAlreadyCreated)
    }
}

extension CreateModelOutcome {
    init(_ result: Strata.CreateStateResult) {
        let durations = InitialStateDurations(
            createLauncher: Int64(result.durations.createLauncherMilliseconds ?? 0),
            codeStartup: result.durations.codeStartupMilliseconds.map(Int64.init),
            createState: result.durations.createStateMilliseconds.map(Int64.init))
        switch result {
        case .success: self = .success(durations)
        case .failed(.cancelled, _): self = .failed(.cancelled)
        case .failed(.serverOverloaded, _): self = .failed(.serverOverloaded)
        case .failed(.unknown, _): self = .failed(.unknown)
        case .failed(let failure, _): self = .failed(.createStateError(details: RunFailure(of: failure), durations: durations))
        }
    }
}
