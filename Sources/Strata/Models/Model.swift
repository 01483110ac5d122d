/// A label of a model or dataset.
public struct Tag: Hashable, Sendable, Codable {
    public var tag: String
    public var value: String

    public init(_ tag: String, _ value: String) {
        self.tag = tag
        self.value = value
    }
}

/// A model: its files (code), settings, states and snapshots.
public struct Model: Hashable, Sendable, Identifiable {
    /// The snapshot whose code a model runs.
    public struct BasedOnSnapshot: Hashable, Sendable, Codable {
        public let modelID: ModelID
        public let snapshotID: SnapshotID
        /// The snapshot was deleted: the model's code is gone, its states are not.
        public let noLongerExists: Bool
    }

    public let id: ModelID
    public let owner: String
    /// Unique per owner.
    public let name: String
    public let description: String
    public let isPublic: Bool
    public let createdAtMilliseconds: Int64
    public let tags: [Tag]
    public let settings: ModelSettings
    /// There is always one.
    public let activeStateID: StateID
    public let basedOnSnapshot: BasedOnSnapshot?
    public let stateCount: Int
    public let snapshotCount: Int
    /// Room for the model's own files; nil for a model that runs a snapshot's.
    public let filesystemSizeMebibytes: Int?
}

/// How a model is made.
public struct ModelOptions: Sendable {
    /// Where files and first state come from.
    public enum Origin: Hashable, Sendable {
        /// No files yet; the first state is named `initial` and has no keys.
        case empty
        /// The model runs the code of a snapshot, and its first state is a copy of the snapshot's.
        case basedOnSnapshot(SnapshotID, of: ModelID)
        /// An independent copy of a model's files, settings and active state.
        case copyOfModel(ModelID)
        /// An independent copy of a snapshot's files, settings and state.
        case copyOfSnapshot(SnapshotID, of: ModelID)
    }

    public var description = ""
    public var isPublic = false
    public var tags: [Tag] = []
    /// Nil takes the origin's, or the defaults.
    public var settings: ModelSettings?
    public var origin = Origin.empty
    /// Room for the model's files, 1 MiB to 1 TiB.
    public var filesystemSizeMebibytes = 32

    public init() {}

    public init(settings: ModelSettings? = nil, origin: Origin = .empty, description: String = "") {
        self.settings = settings
        self.origin = origin
        self.description = description
    }
}

/// A change to a model; nil leaves a field as it is.
public struct ModelChange: Sendable {
    public var name: String?
    public var description: String?
    public var isPublic: Bool?
    /// Replaces all tags.
    public var tags: [Tag]?
    /// Replaces all settings.
    public var settings: ModelSettings?
    /// Changes the settings as they are at the moment of the change, whatever others do meanwhile; after `settings`.
    public var changeSettings: (@Sendable (inout ModelSettings) -> Void)?

    public init(
        name: String? = nil, description: String? = nil, isPublic: Bool? = nil, tags: [Tag]? = nil,
        settings: ModelSettings? = nil, changeSettings: (@Sendable (inout ModelSettings) -> Void)? = nil
    ) {
        self.changeSettings = changeSettings
        self.name = name
        self.description = description
        self.isPublic = isPublic
        self.tags = tags
        self.settings = settings
    }
}

/// Which models or datasets to list; parts that are given are combined with AND.
public struct ListFilter: Sendable {
    public enum Sort: Sendable {
        case createdAt, name
    }

    /// Any of these owners.
    public var owners: [String]?
    /// Any of these ids.
    public var ids: [String]?
    /// Any of these names, exactly.
    public var names: [String]?
    /// All of these tags.
    public var tags: [Tag] = []
    /// A part of the name, whatever the case of its ASCII letters.
    public var searchName: String?
    /// Only what this owner may see: the owner's own, and what is public.
    public var visibleTo: String?
    /// Only these, and what is public.
    public var visibleIDs: [String]?
    public var sort = Sort.createdAt
    public var isAscending = false

    public init() {}

    public init(names: [String]) { self.names = names }
}
