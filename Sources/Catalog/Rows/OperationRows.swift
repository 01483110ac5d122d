/// Which state of which model to mount.
public struct MountSelection: Hashable, Sendable {
    public enum Choice: Hashable, Sendable {
        case active
        case state(String)
        case snapshot(String)
    }

    public let modelID: String
    public let choice: Choice

    public init(modelID: String, choice: Choice) {
        self.modelID = modelID
        self.choice = choice
    }
}

public struct DatasetSelection: Hashable, Sendable {
    public let datasetID: String
    public let key: String

    public init(datasetID: String, key: String) {
        self.datasetID = datasetID
        self.key = key
    }
}

/// What an operation on a model needs, to be resolved at one moment.
public struct OperationRequest: Sendable {
    /// The session that will hold the pins.
    public let session: String
    /// The model whose code runs; nil resolves mounts alone.
    public let modelID: String?
    public let mounts: [MountSelection]
    public let datasets: [DatasetSelection]
    /// Lists the operation among the model's creations.
    public let creation: (stateID: String, name: String, startedAt: Int64)?
    /// The state of the model that the code loads, with what was mounted when it was made; nil for none.
    public let load: LoadSelection?
    /// Reads the mounts that a state's JSON tells of.
    public let recordedMounts: @Sendable (_ mountsJSON: String) throws -> [MountSelection]
    /// Enters the operation's record.
    public let record: OperationInsertion?

    public init(
        session: String, modelID: String?, mounts: [MountSelection], datasets: [DatasetSelection] = [],
        creation: (stateID: String, name: String, startedAt: Int64)? = nil, load: LoadSelection? = nil,
        recordedMounts: @escaping @Sendable (_ mountsJSON: String) throws -> [MountSelection] = { _ in [] },
        record: OperationInsertion? = nil
    ) {
        self.session = session
        self.modelID = modelID
        self.mounts = mounts
        self.datasets = datasets
        self.creation = creation
        self.load = load
        self.recordedMounts = recordedMounts
        self.record = record
    }
}

/// The catalog's number of a pin.
public struct PinID: Hashable, Sendable {
    let rawValue: Int64
}

/// A mount that was resolved and pinned.
public struct ResolvedMount: Sendable {
    public let modelID: String
    /// Nil when a snapshot is mounted.
    public let stateID: String?
    public let snapshotID: String?
    public let keys: [KeyRow]
    public let filesystem: FilesystemID
}

/// A dataset's key with all its finished entries.
public struct ResolvedDatasetKey: Sendable {
    public let datasetID: String
    public let key: String
    public let items: [ItemRow]
}

public struct ResolvedOperationRows: Sendable {
    public let model: ModelRow?
    /// The store's counter of condemning transactions at that moment.
    public let sequence: Int64
    /// The files of the model's code.
    public let filesystem: FilesystemID?
    /// Of the model, or of the snapshot whose state is loaded.
    public let settingsJSON: String
    public let loaded: LoadedState?
    public let mounts: [ResolvedMount]
    public let datasets: [ResolvedDatasetKey]
    public let pins: [PinID]
}

/// A state in the making.
public struct CreationRow: Hashable, Sendable {
    public let stateID: String
    public let name: String
    public let startedAt: Int64
}
