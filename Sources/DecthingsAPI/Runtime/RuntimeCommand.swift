/// One parameter or state key as a model process is told of it; the process pulls the items by `dataset`.
public struct RuntimeParameter: Sendable, Hashable, Codable {
    public var name: String
    /// Host-chosen handle for pulling items; valid until the call's result.
    public var dataset: String
    /// Number of items: tensors of a parameter, 1 for a state key.
    public var amount: Int
    /// Sum of the items' sizes, in the layout that will be sent.
    public var totalByteSize: Int

    public init(name: String, dataset: String, amount: Int, totalByteSize: Int) {
        self.name = name
        self.dataset = dataset
        self.amount = amount
        self.totalByteSize = totalByteSize
    }
}

/// A mounted model as a model process is told of it.
public struct RuntimeOtherModel: Sendable, Hashable, Codable {
    /// Id of the mounted model.
    public var id: String
    /// Absolute path of the directory with that model's files.
    public var mountPath: String
    /// One entry a state key; sent with `callCreateModelState` only.
    public var state: [RuntimeParameter]

    public init(id: String, mountPath: String, state: [RuntimeParameter] = []) {
        self.id = id
        self.mountPath = mountPath
        self.state = state
    }
}

/// What the host tells a model process to do.
///
/// Lists are always sent, even empty, and commands without a result carry no `id`, as the runtimes require.
public enum RuntimeCommand: Sendable, Hashable {
    /// Python, JavaScript and TypeScript only; answered by the event `modelSessionInitialized`. The path is absolute.
    case initialize(path: String)
    case callCreateModelState(id: String, params: [RuntimeParameter], otherModels: [RuntimeOtherModel])
    case callInstantiateModel(
        id: String, instantiatedModelID: String, state: [RuntimeParameter], otherModels: [RuntimeOtherModel])
    /// Never answered.
    case callDisposeInstantiatedModel(instantiatedModelID: String)
    case callTrain(id: String, instantiatedModelID: String, trainingSessionID: String, params: [RuntimeParameter])
    /// Never answered; the Rust runtime alone understands it.
    case callCancelTrain(trainingSessionID: String)
    case callEvaluate(
        id: String, instantiatedModelID: String, params: [RuntimeParameter], expectedOutputTypes: [ParameterDefinition])
    case callGetModelState(id: String, instantiatedModelID: String)

    public var jsonValue: JSONValue {
        let (method, params) = methodAndParams
        return ["method": .string(method), "params": .object(params)]
    }

    private var methodAndParams: (String, [String: JSONValue]) {
        switch self {
        case .initialize(let path):
            ("initialize", ["path": .string(path)])
        case .callCreateModelState(let id, let params, let otherModels):
            (
                "callCreateModelState",
                [
                    "id": .string(id), "params": Self.list(params),
                    "otherModels": .array(otherModels.map { Self.json($0, withState: true) }),
                ]
            )
        case .callInstantiateModel(let id, let instance, let state, let otherModels):
            (
                "callInstantiateModel",
                [
                    "id": .string(id), "instantiatedModelId": .string(instance), "state": Self.list(state),
                    "otherModels": .array(otherModels.map { Self.json($0, withState: false) }),
                ]
            )
        case .callDisposeInstantiatedModel(let instance):
            ("callDisposeInstantiatedModel", ["instantiatedModelId": .string(instance)])
        case .callTrain(let id, let instance, let session, let params):
            (
                "callTrain",
                [
                    "id": .string(id), "instantiatedModelId": .string(instance),
                    "trainingSessionId": .string(session), "params": Self.list(params),
                ]
            )
        case .callCancelTrain(let session):
            ("callCancelTrain", ["trainingSessionId": .string(session)])
        case .callEvaluate(let id, let instance, let params, let outputs):
            (
                "callEvaluate",
                [
                    "id": .string(id), "instantiatedModelId": .string(instance), "params": Self.list(params),
                    "expectedOutputTypes": .array(outputs.map(\.jsonValue)),
                ]
            )
        case .callGetModelState(let id, let instance):
            ("callGetModelState", ["id": .string(id), "instantiatedModelId": .string(instance)])
        }
    }

    private static func list(_ parameters: [RuntimeParameter]) -> JSONValue {
        .array(
            parameters.map {
                [
                    "name": .string($0.name), "dataset": .string($0.dataset),
                    "amount": .integer(Int64($0.amount)), "totalByteSize": .integer(Int64($0.totalByteSize)),
                ]
            })
    }

    private static func json(_ model: RuntimeOtherModel, withState: Bool) -> JSONValue {
        var members: [String: JSONValue] = ["id": .string(model.id), "mountPath": .string(model.mountPath)]
        if withState { members["state"] = list(model.state) }
        return .object(members)
    }
}
