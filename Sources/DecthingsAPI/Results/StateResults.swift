/// Whole milliseconds of the phases of `createState`; a phase that did not happen is absent.
public struct CreateStateDurations: Sendable, Hashable, Codable {
    public var total: Int64
    public var createLauncher: Int64?
    public var codeStartup: Int64?
    /// Always present on success.
    public var createState: Int64?

    public init(total: Int64, createLauncher: Int64? = nil, codeStartup: Int64? = nil, createState: Int64? = nil) {
        self.total = total
        self.createLauncher = createLauncher
        self.codeStartup = codeStartup
        self.createState = createState
    }
}

/// Result of `createState` and `waitForStateToBeCreated`: exactly one of `success` and `failed`.
public enum CreateStateResult: Sendable, Hashable, Codable {
    case success(durations: CreateStateDurations, stateId: String)
    case failed(durations: CreateStateDurations, error: CreateStateFailure)

    private enum CodingKeys: String, CodingKey { case success, failed }
    private enum PartKeys: String, CodingKey { case durations, stateId, error }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let failed = container.contains(.failed)
        let parts = try container.nestedContainer(keyedBy: PartKeys.self, forKey: failed ? .failed : .success)
        let durations = try parts.decode(CreateStateDurations.self, forKey: .durations)
        self =
            failed
            ? .failed(durations: durations, error: try parts.decode(CreateStateFailure.self, forKey: .error))
            : .success(durations: durations, stateId: try parts.decode(String.self, forKey: .stateId))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .success(let durations, let stateId):
            var parts = container.nestedContainer(keyedBy: PartKeys.self, forKey: .success)
            try parts.encode(durations, forKey: .durations)
            try parts.encode(stateId, forKey: .stateId)
        case .failed(let durations, let error):
            var parts = container.nestedContainer(keyedBy: PartKeys.self, forKey: .failed)
            try parts.encode(durations, forKey: .durations)
            try parts.encode(error, forKey: .error)
        }
    }
}

/// Result of `uploadState`.
public struct UploadStateResult: Sendable, Hashable, Codable {
    public var stateId: String

    public init(stateId: String) {
        self.stateId = stateId
    }
}

/// A state that is being made.
public struct CreatingState: Sendable, Hashable, Codable {
    /// The id that the state will have.
    public var id: String
    public var name: String
    /// Milliseconds since 1970.
    public var startedAt: Int64

    public init(id: String, name: String, startedAt: Int64) {
        self.id = id
        self.name = name
        self.startedAt = startedAt
    }
}

/// Result of `getCreatingStates`.
public struct GetCreatingStatesResult: Sendable, Hashable, Codable {
    public var states: [CreatingState]

    public init(states: [CreatingState]) {
        self.states = states
    }
}

/// Result of `getModelState` and `getSnapshotState`; one blob of raw bytes follows for each name, in this order.
public struct StateKeysResult: Sendable, Hashable, Codable {
    public var stateKeyNames: [String]

    public init(stateKeyNames: [String]) {
        self.stateKeyNames = stateKeyNames
    }
}

/// A key of a state and the size of its value.
public struct StateKey: Sendable, Hashable, Codable {
    public var key: String
    public var byteSize: Int64

    public init(key: String, byteSize: Int64) {
        self.key = key
        self.byteSize = byteSize
    }
}

/// A state of a model.
public struct ModelState: Sendable, Hashable, Codable {
    public var id: String
    public var name: String
    /// Ids of the training sessions that led to this state, oldest first.
    public var trainingOperations: [String]
    /// Milliseconds since 1970.
    public var createdAt: Int64
    /// Deletion was asked for while the state is in use.
    public var beingDeleted: Bool
    /// In the order provided.
    public var state: [StateKey]
    public var mountedModels: [MountedModel]

    public init(
        id: String, name: String, trainingOperations: [String], createdAt: Int64, beingDeleted: Bool,
        state: [StateKey], mountedModels: [MountedModel]
    ) {
        self.id = id
        self.name = name
        self.trainingOperations = trainingOperations
        self.createdAt = createdAt
        self.beingDeleted = beingDeleted
        self.state = state
        self.mountedModels = mountedModels
    }
}
