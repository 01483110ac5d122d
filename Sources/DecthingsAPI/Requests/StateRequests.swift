/// Another model whose files and state the running code may read.
public struct MountModel: Sendable, Hashable, Codable {
    public var modelId: String
    /// The model's active state when neither this nor `snapshotId` is given.
    public var stateId: String?
    /// Files and state of a snapshot. Never together with `stateId`.
    public var snapshotId: String?

    public init(modelId: String, stateId: String? = nil, snapshotId: String? = nil) {
        self.modelId = modelId
        self.stateId = stateId
        self.snapshotId = snapshotId
    }

    /// - Throws: `.invalidValue` when both `stateId` and `snapshotId` are given.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        modelId = try container.decode(String.self, forKey: .modelId)
        stateId = try container.decodeIfPresent(String.self, forKey: .stateId)
        snapshotId = try container.decodeIfPresent(String.self, forKey: .snapshotId)
        if stateId != nil && snapshotId != nil {
            throw decoder.invalid("has both stateId and snapshotId; give one of them or neither")
        }
    }
}

/// Params of `createState`.
public struct CreateStateParams: Sendable, Hashable, Codable {
    public var modelId: String
    /// Name of the new state.
    public var name: String
    /// Inline tensors take the blobs of the request in order (`blobIndexes(blobCount:)`).
    public var params: [ParameterProvider]
    /// None when absent.
    public var mountModels: [MountModel]?
    public var executionLocation: ExecutionLocation

    public init(
        modelId: String, name: String, params: [ParameterProvider], mountModels: [MountModel]? = nil,
        executionLocation: ExecutionLocation
    ) {
        self.modelId = modelId
        self.name = name
        self.params = params
        self.mountModels = mountModels
        self.executionLocation = executionLocation
    }
}

/// A model mounted into an uploaded state, or into an existing one.
public struct MountedModel: Sendable, Hashable, Codable {
    public var modelId: String
    public var snapshotId: String?

    public init(modelId: String, snapshotId: String? = nil) {
        self.modelId = modelId
        self.snapshotId = snapshotId
    }
}

/// Params of `uploadState`.
public struct UploadStateParams: Sendable, Hashable, Codable {
    public var modelId: String
    public var name: String
    /// Blob i is the value of key i.
    public var stateKeyNames: [String]
    /// States to delete in the same atomic step.
    public var deleteStates: [String]?
    public var mountModels: [MountedModel]?

    public init(
        modelId: String, name: String, stateKeyNames: [String], deleteStates: [String]? = nil,
        mountModels: [MountedModel]? = nil
    ) {
        self.modelId = modelId
        self.name = name
        self.stateKeyNames = stateKeyNames
        self.deleteStates = deleteStates
        self.mountModels = mountModels
    }

    /// Checks the keys against each other and against the blobs.
    ///
    /// - Throws: `.blobCountMismatch` or `.invalidValue` with field `stateKeyNames`.
    public func checkKeys(blobCount: Int) throws(WireError) {
        try requireBlobCount(blobCount, equals: stateKeyNames.count, field: "stateKeyNames")
        var seen: Set<String> = []
        for name in stateKeyNames where !seen.insert(name).inserted {
            throw WireError(
                .invalidValue, "stateKeyNames has \(name.prefix(64)) more than once; give each key once",
                field: "stateKeyNames")
        }
    }
}

/// Params of `cancelCreateState`, `waitForStateToBeCreated`, `setActiveModelState` and `deleteModelState`.
public struct StateParams: Sendable, Hashable, Codable {
    public var modelId: String
    public var stateId: String

    public init(modelId: String, stateId: String) {
        self.modelId = modelId
        self.stateId = stateId
    }
}

/// Params of `updateModelState`.
public struct UpdateModelStateParams: Sendable, Hashable, Codable {
    public var modelId: String
    public var stateId: String
    public var properties: NameProperties

    public init(modelId: String, stateId: String, properties: NameProperties) {
        self.modelId = modelId
        self.stateId = stateId
        self.properties = properties
    }
}

/// Params of `getModelState`.
public struct GetModelStateParams: Sendable, Hashable, Codable {
    public var modelId: String
    /// The active state when absent.
    public var stateId: String?
    /// All keys when absent; order and repeats are kept.
    public var keys: [String]?

    public init(modelId: String, stateId: String? = nil, keys: [String]? = nil) {
        self.modelId = modelId
        self.stateId = stateId
        self.keys = keys
    }
}
