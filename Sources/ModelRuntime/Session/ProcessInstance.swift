import DecthingsAPI
import Strata

/// A state that a model's process has loaded.
struct ProcessInstance: ModelInstance {
    let id: String
    let session: ProcessSession
    let outputSizeBytesMax: Int
    /// The session keeps it for later calls.
    let isKept: Bool
    let isReused: Bool

    /// How long a training that can be asked to stop may take to do so (spec: runtime-ipc.md section 9).
    private static let cancelTime = Duration.seconds(5)

    private var calls: RuntimeCalls { session.calls }

    func evaluate(
        _ parameters: [CallParameter], expecting expected: [Strata.ParameterDefinition]
    ) async throws -> [EvaluationOutput] {
        var datasets = ServedDatasets(mediaLayout: calls.mediaLayout)
        let parameters = try await datasets.add(parameters)
        let callID = calls.makeID()
        let command = RuntimeCommand.callEvaluate(
            id: callID, instantiatedModelID: id, params: parameters,
            expectedOutputTypes: expected.map(DecthingsAPI.ParameterDefinition.init))
        return try await calls.call(
            command, id: callID, at: .evaluate, serving: datasets, content: .outputs(sizeBytesMax: outputSizeBytesMax))
    }

    func train(_ parameters: [CallParameter], observer: any TrainingObserver) async throws {
        var datasets = ServedDatasets(mediaLayout: calls.mediaLayout)
        let parameters = try await datasets.add(parameters)
        let callID = calls.makeID()
        let trainingID = "training-\(callID)"
        let command = RuntimeCommand.callTrain(
            id: callID, instantiatedModelID: id, trainingSessionID: trainingID, params: parameters)
        let content = CallContent.training(sessionID: trainingID, observer)
        let work = Task { [calls, datasets] in
            try await calls.call(command, id: callID, at: .train, serving: datasets, content: content)
        }
        try await withTaskCancellationHandler {
            _ = try await work.value
        } onCancel: {
            cancel(work, trainingID)
        }
    }

    /// Programs of their own can be asked to stop; the runtimes of interpreters cannot, and are ended by a signal.
    private func cancel(_ work: Task<[EvaluationOutput], any Error>, _ trainingID: String) {
        guard !session.language.isInterpreted else { return work.cancel() }
        Task { [calls] in
            await calls.tell(.callCancelTrain(trainingSessionID: trainingID))
            let stopped = OneShot<Void>()
            Task {
                _ = await work.result
                stopped.fulfil(.success(()))
            }
            _ = try? await stopped.value(within: Self.cancelTime)
            work.cancel()
        }
    }

    func getModelState(receiver: any StateReceiver) async throws {
        let callID = calls.makeID()
        try await calls.call(
            .callGetModelState(id: callID, instantiatedModelID: id), id: callID, at: .getState,
            serving: ServedDatasets(mediaLayout: calls.mediaLayout), content: .state(receiver))
    }

    func dispose() async {
        if !isKept { await calls.tell(.callDisposeInstantiatedModel(instantiatedModelID: id)) }
    }
}

extension Strata.ModelLanguage {
    /// True when a runtime of another program runs the code.
    var isInterpreted: Bool { ![.rust, .go].contains(self) }
}

extension DecthingsAPI.ParameterDefinition {
    /// Element types that this version does not know are left out.
    init(_ definition: Strata.ParameterDefinition) {
        self.init(
            name: definition.name, required: definition.required,
            rules: ParameterRules(
                shape: definition.shape, allowedTypes: definition.allowedTypes.compactMap(ElementType.init(name:)),
                annotations: definition.annotations))
    }
}
