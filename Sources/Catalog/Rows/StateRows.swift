public import ContentStore

/// The catalog's number of a stored value.
public struct ValueID: Hashable, Sendable {
    public let rawValue: Int64
    public init(_ rawValue: Int64) { self.rawValue = rawValue }
}

/// A stored value: small ones with their bytes.
public struct ValueRow: Sendable {
    public let id: ValueID
    public let digest: Digest
    public let sizeBytes: Int64
    public let chunkCount: Int
    public let inlineBytes: [UInt8]?
}

/// A key of a state or snapshot.
public struct KeyRow: Hashable, Sendable {
    public let key: String
    public let sizeBytes: Int64
    public let value: ValueID
}

/// A state, with its keys in order.
public struct StateRow: Sendable {
    let row: Int64
    public let publicID: String
    public let modelID: String
    public let name: String
    public let createdAt: Int64
    let keySet: Int64
    public let keys: [KeyRow]
    public let isActive: Bool
    public let baseState: String?
    public let lineageJSON: String
    public let mountsJSON: String
    public let isBeingDeleted: Bool
}

/// What a reader of a state or snapshot needs.
public struct StateContent: Sendable {
    /// The state's or snapshot's id.
    public let publicID: String
    public let keys: [KeyRow]
}

/// A new state, ready to become visible.
public struct StateCommit: Sendable {
    public let modelID: String
    public let stateID: String
    public let name: String
    public let createdAt: Int64
    public let baseState: String?
    public let lineageJSON: String
    public let mountsJSON: String
    public let keys: [(key: String, value: IngestedValue)]
    /// Durable packs that hold the values' new chunks.
    public let packs: [SealedPack]
    public let makeActive: Bool
    public let deleteStates: [String]
    /// Deletes after the new state was made active, so that the one that was may be among them.
    public let mayReplaceActive: Bool
    /// The state is one that `creations` lists; the commit ends the creation.
    public let endsCreation: Bool
    /// The operation that makes the state, and that the commit finishes; nil for none.
    public let operationID: String?

    public init(
        modelID: String, stateID: String, name: String, createdAt: Int64, baseState: String?, lineageJSON: String,
        mountsJSON: String, keys: [(key: String, value: IngestedValue)], packs: [SealedPack], makeActive: Bool,
        deleteStates: [String], mayReplaceActive: Bool = false, endsCreation: Bool, operationID: String? = nil
    ) {
        self.modelID = modelID
        self.stateID = stateID
        self.name = name
        self.createdAt = createdAt
        self.baseState = baseState
        self.lineageJSON = lineageJSON
        self.mountsJSON = mountsJSON
        self.keys = keys
        self.packs = packs
        self.makeActive = makeActive
        self.deleteStates = deleteStates
        self.mayReplaceActive = mayReplaceActive
        self.endsCreation = endsCreation
        self.operationID = operationID
    }

    /// A pack's commit record has all of a state but its maker, and nothing of what else the commit does.
    var change: CatalogChange {
        let isAlone = deleteStates.isEmpty && !endsCreation && operationID == nil && Maker.keyID == nil
        return isAlone && !packs.isEmpty ? .toldByPacks : .onlyInCatalog
    }
}

/// Some rows of a list, and how many there are in all.
public struct RowPage<Row: Sendable>: Sendable {
    public let rows: [Row]
    public let total: Int
}
