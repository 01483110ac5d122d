/// A label of a model or dataset.
public struct TagRow: Hashable, Sendable {
    public let tag: String
    public let value: String

    public init(tag: String, value: String) {
        self.tag = tag
        self.value = value
    }
}

/// The snapshot whose code a model runs.
public struct BasedOnRow: Hashable, Sendable {
    public let modelID: String
    public let snapshotID: String
    /// False once that snapshot was deleted.
    public let exists: Bool
}

public struct ModelRow: Sendable {
    let row: Int64
    public let publicID: String
    public let owner: String
    public let name: String
    public let description: String
    public let publicAccess: Bool
    public let createdAt: Int64
    public let settingsJSON: String
    public let basedOn: BasedOnRow?
    public let activeState: String
    public let tags: [TagRow]
    /// Both are nil where the model was looked up without counting.
    public let stateCount: Int?
    public let snapshotCount: Int?
    /// Nil when the model has no files of its own, because it runs a snapshot's.
    public let filesystemSizeMebibytes: Int?
}

/// Where a new model's files and first state come from.
public enum ModelOrigin: Sendable {
    /// No files; one active state without keys, named `initial`.
    case empty(filesystemSizeMebibytes: Int)
    /// Runs the code of a snapshot; its first state is a copy of the snapshot's.
    case basedOnSnapshot(model: String, snapshot: String)
    /// Files and one state of a model, or of a snapshot of it, independent of them from then on.
    case copy(model: String, snapshot: String?)
}

public struct ModelInsertion: Sendable {
    public let publicID: String
    public let owner: String
    public let name: String
    public let description: String
    public let publicAccess: Bool
    public let createdAt: Int64
    /// Nil takes the settings of the origin.
    public let settingsJSON: String?
    public let tags: [TagRow]
    public let origin: ModelOrigin
    public let initialStateID: String

    public init(
        publicID: String, owner: String, name: String, description: String, publicAccess: Bool, createdAt: Int64,
        settingsJSON: String?, tags: [TagRow], origin: ModelOrigin, initialStateID: String
    ) {
        self.publicID = publicID
        self.owner = owner
        self.name = name
        self.description = description
        self.publicAccess = publicAccess
        self.createdAt = createdAt
        self.settingsJSON = settingsJSON
        self.tags = tags
        self.origin = origin
        self.initialStateID = initialStateID
    }
}

/// A change of a model or dataset; nil leaves a field as it is.
public struct DescriptionChange: Sendable {
    public var name: String?
    public var description: String?
    public var publicAccess: Bool?
    public var tags: [TagRow]?
    public var settingsJSON: String?
    /// Makes new settings of the present ones, within the transaction; what it throws undoes the whole change.
    public var changeSettings: (@Sendable (_ settingsJSON: String) throws -> String)?

    public init(
        name: String? = nil, description: String? = nil, publicAccess: Bool? = nil, tags: [TagRow]? = nil,
        settingsJSON: String? = nil, changeSettings: (@Sendable (_ settingsJSON: String) throws -> String)? = nil
    ) {
        self.changeSettings = changeSettings
        self.name = name
        self.description = description
        self.publicAccess = publicAccess
        self.tags = tags
        self.settingsJSON = settingsJSON
    }
}

/// Which models or datasets to list. Given parts are combined with AND; lists are any-of, tags all-of.
public struct ListQuery: Sendable {
    public enum Sort: String, Sendable {
        case createdAt = "created_at"
        case name
    }

    public var owners: [String]?
    public var ids: [String]?
    public var names: [String]?
    public var tags: [TagRow] = []
    /// A part of the name; the case of ASCII letters does not matter.
    public var searchName: String?
    /// Lists only what this owner may see: the owner's own and what is public. Nil lists everything.
    public var visibleTo: String?
    /// Lists only these and what is public. Nil lists everything.
    public var visibleIDs: [String]?
    public var sort = Sort.createdAt
    public var isAscending = false
    public var offset = 0
    public var limit = 100

    public init() {}
}

public struct SnapshotRow: Sendable {
    let row: Int64
    public let publicID: String
    public let modelID: String
    public let name: String
    public let createdAt: Int64
    public let settingsJSON: String
    let filesystem: Int64
    public let filesystemSizeMebibytes: Int
    public let stateName: String
    let keySet: Int64
    public let keys: [KeyRow]
    public let mountsJSON: String
}
