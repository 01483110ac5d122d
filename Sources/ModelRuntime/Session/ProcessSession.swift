import DecthingsAPI
import Logging
import Strata

/// A model whose code is loaded in a process of its own; it may serve one operation after another.
final class ProcessSession: Sendable {
    let resources: SessionResources
    let language: Strata.ModelLanguage
    let calls: RuntimeCalls
    private let outputSizeBytesMax: Int

    init(resources: SessionResources, language: Strata.ModelLanguage, calls: RuntimeCalls, outputSizeBytesMax: Int) {
        self.resources = resources
        self.language = language
        self.calls = calls
        self.outputSizeBytesMax = outputSizeBytesMax
    }

    func createModelState(_ call: CreateModelStateCall, receiver: any StateReceiver) async throws {
        var datasets = ServedDatasets(mediaLayout: calls.mediaLayout)
        let parameters = try await datasets.add(call.parameters)
        let otherModels = try await mount(call.otherModels, &datasets)
        let id = calls.makeID()
        try await calls.call(
            .callCreateModelState(id: id, params: parameters, otherModels: otherModels), id: id, at: .createState,
            serving: datasets, content: .state(receiver))
    }

    func instantiateModel(_ call: InstantiateModelCall) async throws -> ProcessInstance {
        var datasets = ServedDatasets(mediaLayout: calls.mediaLayout)
        let state = try call.state.map { try datasets.add(stateKey: $0) }
        // The code gets these models' files alone: their states are not served.
        let otherModels = try await mount(call.otherModels.map { Strata.MountedModel(modelID: $0.modelID, files: $0.files, state: []) }, &datasets)
        let id = calls.makeID()
        let instanceID = "instance-\(id)"
        try await calls.call(
            .callInstantiateModel(id: id, instantiatedModelID: instanceID, state: state, otherModels: otherModels),
            id: id, at: .instantiateModel, serving: datasets)
        return ProcessInstance(id: instanceID, session: self, outputSizeBytesMax: outputSizeBytesMax)
    }

    private func mount(_ models: [Strata.MountedModel], _ datasets: inout ServedDatasets) async throws -> [RuntimeOtherModel] {
        var mounted: [RuntimeOtherModel] = []
        for model in models {
            let path = try await resources.makeMount()
            try await model.files.layOut(in: path)
            let state = try model.state.map { try datasets.add(stateKey: $0) }
            mounted.append(RuntimeOtherModel(id: model.modelID.rawValue, mountPath: path, state: state))
        }
        return mounted
    }
}

extension ServedDatasets {
    mutating func add(_ parameters: [CallParameter]) async throws -> [RuntimeParameter] {
        var added: [RuntimeParameter] = []
        for parameter in parameters { added.append(try await add(parameter)) }
        return added
    }
}
