import DecthingsAPI
import Logging
import Strata
import Synchronization

/// A model whose code is loaded in a process of its own; it may serve one operation after another.
final class ProcessSession: Sendable {
    let resources: SessionResources
    let language: Strata.ModelLanguage
    let calls: RuntimeCalls
    private let outputSizeBytesMax: Int
    /// The instance that stays loaded between operations. One, since each may hold a whole model in memory.
    private let kept = Mutex<(name: String, instanceID: String)?>(nil)

    init(resources: SessionResources, language: Strata.ModelLanguage, calls: RuntimeCalls, outputSizeBytesMax: Int) {
        self.resources = resources
        self.language = language
        self.calls = calls
        self.outputSizeBytesMax = outputSizeBytesMax
    }

    /// False when the process has ended, or nothing more can be said to it.
    var canServe: Bool { !resources.hasEnded && calls.breakage == nil }

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
        guard let name = call.keptAs else { return instance(try await load(call), isKept: false) }
        let earlier = kept.withLock { kept in
            defer { if kept?.name != name { kept = nil } }
            return kept
        }
        if let earlier, earlier.name == name { return instance(earlier.instanceID, isKept: true, isReused: true) }
        if let earlier { await instance(earlier.instanceID, isKept: false).dispose() }
        let instanceID = try await load(call)
        kept.withLock { $0 = (name, instanceID) }
        return instance(instanceID, isKept: true)
    }

    private func instance(_ id: String, isKept: Bool, isReused: Bool = false) -> ProcessInstance {
        ProcessInstance(id: id, session: self, outputSizeBytesMax: outputSizeBytesMax, isKept: isKept, isReused: isReused)
    }

    /// - Returns: the id of the instance.
    private func load(_ call: InstantiateModelCall) async throws -> String {
        var datasets = ServedDatasets(mediaLayout: calls.mediaLayout)
        let state = try call.state.map { try datasets.add(stateKey: $0) }
        // The code gets these models' files alone: their states are not served.
        let otherModels = try await mount(call.otherModels.map { Strata.MountedModel(modelID: $0.modelID, files: $0.files, state: []) }, &datasets)
        let id = calls.makeID()
        let instanceID = "instance-\(id)"
        try await calls.call(
            .callInstantiateModel(id: id, instantiatedModelID: instanceID, state: state, otherModels: otherModels),
            id: id, at: .instantiateModel, serving: datasets)
        return instanceID
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
