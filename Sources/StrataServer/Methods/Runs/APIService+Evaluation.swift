import DecthingsAPI
import Strata

extension APIService {
    func evaluate(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: EvaluateParams.self)
        let model = try await model(params.modelId, for: call).id
        let snapshot = try params.snapshotId.map { (text) throws(APIError) in try Self.snapshotID(text) }
        let parameters = try await parameters(params.params, call)
        var request = EvaluateRequest(modelID: model, snapshotID: snapshot, parameters: parameters)
        if let used = usedLauncher(of: model) {
            request.location = .persistentLauncher(used.id)
            request.keepsInstance = used.level == .instantiatedModel && snapshot == nil
        }
        if let code = call.injected {
            let launcher = UsedLauncher(request.location ?? .temporaryLauncher(LauncherSpec()), spec: launcherSpec)
            let failed = EvaluateFailed(
                totalDuration: 0, durations: EvaluateDurations(OperationDurations()), executedOnLauncher: launcher,
                error: RunFailure(injected: code, in: .evaluate))
            return try await sink.answer(DecthingsAPI.EvaluateResult.failed(failed))
        }
        let result = try await sayingSnapshotNotFound { try await evaluate(request) }
        try await answer(result, call, to: sink) { .success($0) }
    }

    private func evaluate(_ request: EvaluateRequest) async throws -> Strata.EvaluateResult {
        do {
            return try await unbound { [store, executor] in try await store.evaluate(request, on: executor) }
        } catch let error as StrataError where error.code == .persistentLauncherNotFound {
            // It was deleted meanwhile; the API has no such error here.
            var request = request
            (request.location, request.keepsInstance) = (nil, false)
            return try await unbound { [store, executor, request] in try await store.evaluate(request, on: executor) }
        }
    }

    func getEvaluations(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: ModelParams.self)
        let model = try await model(params.modelId, for: call).id
        let running = try await store.operations(of: model, kind: .evaluate, isRunning: true, limit: 1000)
        let ended = try await store.operations(of: model, kind: .evaluate, isRunning: false, limit: 1000)
        try await sink.answer(
            GetEvaluationsResult(
                running: running.items.map { .init(id: $0.id.rawValue, startedAt: $0.startedAtMilliseconds) },
                finished: ended.items.map {
                    .init(
                        id: $0.id.rawValue, startedAt: $0.startedAtMilliseconds,
                        finishedAt: $0.finishedAtMilliseconds ?? $0.startedAtMilliseconds, success: $0.status == .finished)
                }))
    }

    func getFinishedEvaluationResult(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: EvaluationParams.self)
        let (model, evaluation) = try await evaluation(params, call)
        do {
            let result = try await store.evaluationResult(evaluation, of: model)
            try await answer(result, call, to: sink) { success in
                self.repeatsSuccess(for: call.client) ? .repeatedSuccess(success) : .success(success)
            }
        } catch let error as StrataError where error.code == .conflict {
            // Another process runs it and alone has its outputs.
            throw APIError(.evaluationNotFound)
        }
    }

    private func repeatsSuccess(for client: ClientKind) -> Bool {
        switch options.finishedEvaluationForm {
        case .byClient: client != .unnamed
        case .successOnly: false
        case .both: true
        }
    }

    func cancelEvaluation(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: EvaluationParams.self)
        let (model, evaluation) = try await evaluation(params, call)
        // Who may only evaluate ends no one else's.
        if call.caller.right(to: model.rawValue, isPublic: true) ?? .read < .readwrite {
            let maker = try? await store.operation(evaluation, of: model).maker
            guard let maker, maker.rawValue == call.caller.keyID else { throw APIError(.evaluationNotFound) }
        }
        try await store.cancelEvaluation(evaluation, of: model)
        try await sink.answer(EmptyResult())
    }

    private func evaluation(_ params: EvaluationParams, _ call: Call) async throws -> (ModelID, OperationID) {
        let model = try await model(params.modelId, for: call).id
        guard let id = OperationID(rawValue: params.evaluationId) else { throw APIError(.evaluationNotFound) }
        return (model, id)
    }

    private func answer(
        _ result: Strata.EvaluateResult, _ call: Call, to sink: any AnswerSink, form: (EvaluateSuccess) -> DecthingsAPI.EvaluateResult
    ) async throws {
        let durations = EvaluateDurations(result.durations)
        let (total, launcher) = (Int64(result.durations.totalMilliseconds), UsedLauncher(result.location, spec: launcherSpec))
        switch result.outcome {
        case .failure(let failure):
            let failed = EvaluateFailed(
                totalDuration: total, durations: durations, executedOnLauncher: launcher, error: RunFailure(of: failure))
            try await sink.answer(DecthingsAPI.EvaluateResult.failed(failed))
        case .success(let outputs):
            let success = EvaluateSuccess(
                totalDuration: total, durations: durations, executedOnLauncher: launcher,
                output: outputs.map { EvaluateOutput(name: $0.name) })
            let layout = call.client.mediaLayout
            let blobs = outputs.map { output in output.items.map { $0.bytes(for: layout) } }
            try await sink.begin(
                try Envelope(result: form(success)), blobSizesBytes: blobs.map { items in items.reduce(0) { $0 + $1.count } })
            for items in blobs {
                for item in items where !item.isEmpty { try await sink.write(item) }
            }
        }
    }
}

extension EvaluateDurations {
    init(_ durations: OperationDurations) {
        self.init(
            createLauncher: durations.createLauncherMilliseconds.map(Int64.init),
            codeStartup: durations.codeStartupMilliseconds.map(Int64.init),
            createInstantiatedModel: durations.instantiateModelMilliseconds.map(Int64.init),
            evaluate: durations.evaluateMilliseconds.map(Int64.init))
    }
}
