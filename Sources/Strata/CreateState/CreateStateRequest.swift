/// A parameter of an operation: items given with the call, or all entries of a dataset's key.
public enum ParameterInput: Sendable {
    case inline(name: String, items: [Item])
    case dataset(name: String, dataset: DatasetID, key: String)

    public var name: String {
        switch self {
        case .inline(let name, _), .dataset(let name, _, _): name
        }
    }
}

/// Which state of which model to mount: the active one, one by id, or a snapshot's.
public struct MountRequest: Hashable, Sendable {
    public enum Selection: Hashable, Sendable {
        case active
        case state(StateID)
        case snapshot(SnapshotID)
    }

    public let modelID: ModelID
    public let selection: Selection

    public init(modelID: ModelID, selection: Selection = .active) {
        self.modelID = modelID
        self.selection = selection
    }

    /// The API's form, where both ids may be absent.
    /// - Throws: `invalid_parameter` when both are given.
    public init(modelID: ModelID, stateID: StateID?, snapshotID: SnapshotID?) throws(StrataError) {
        switch (stateID, snapshotID) {
        case (nil, nil): self.init(modelID: modelID)
        case (let state?, nil): self.init(modelID: modelID, selection: .state(state))
        case (nil, let snapshot?): self.init(modelID: modelID, selection: .snapshot(snapshot))
        case (_?, _?):
            throw .invalidParameter(
                "mountModels", "a mount of model `\(modelID)` names both a stateId and a snapshotId; give one of them")
        }
    }
}

/// What `createState` is asked to do.
public struct CreateStateRequest: Sendable {
    public var modelID: ModelID
    /// The new state's name, 1 to 255 bytes.
    public var name: String
    public var parameters: [ParameterInput]
    public var mounts: [MountRequest]
    public var location: ExecutionLocation
    /// The id that the state will have; it is also what cancels the creation.
    public var stateID: StateID
    /// Makes the state active in the transaction that commits it.
    public var makesActive = false
    /// Deletes these states of the model in that transaction, also the one that was active until then if `makesActive`.
    public var replaces: [StateID] = []

    public init(
        modelID: ModelID, name: String, parameters: [ParameterInput] = [], mounts: [MountRequest] = [],
        location: ExecutionLocation = .temporaryLauncher(LauncherSpec()), stateID: StateID = .random()
    ) {
        self.modelID = modelID
        self.name = name
        self.parameters = parameters
        self.mounts = mounts
        self.location = location
        self.stateID = stateID
    }
}

extension CreateStateRequest {
    /// A creation goes by the id of its state.
    var operationID: OperationID { OperationID(unchecked: stateID.rawValue) }
}

/// What became of a creation that was started. Refusals are thrown instead.
public enum CreateStateResult: Hashable, Sendable {
    case success(stateID: StateID, durations: OperationDurations)
    case failed(ExecutionFailure, durations: OperationDurations)

    public var durations: OperationDurations {
        switch self {
        case .success(_, let durations), .failed(_, let durations): durations
        }
    }
}
