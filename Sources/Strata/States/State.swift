import Catalog

/// A state's key and the size of the value under it.
public struct StateKey: Hashable, Sendable, Codable {
    public let key: String
    public let sizeBytes: Int64

    public init(key: String, sizeBytes: Int64) {
        self.key = key
        self.sizeBytes = sizeBytes
    }
}

/// A model that was mounted when a state was made.
public struct MountRecord: Hashable, Sendable, Codable {
    public let modelID: ModelID
    public let snapshotID: SnapshotID?

    public init(modelID: ModelID, snapshotID: SnapshotID? = nil) {
        self.modelID = modelID
        self.snapshotID = snapshotID
    }
}

/// An immutable, named result of a model: its keys in the order in which they were provided.
public struct State: Hashable, Sendable, Identifiable {
    public let id: StateID
    public let modelID: ModelID
    public let name: String
    public let createdAtMilliseconds: Int64
    public let keys: [StateKey]
    public let isActive: Bool
    /// The state that this one was made from, where its maker named one. That state may be gone.
    public let baseStateID: StateID?
    /// The training operations that led here, oldest first.
    public let trainingOperations: [String]
    public let mounts: [MountRecord]
    /// Deletion was asked for while a mount still uses the state; it goes with the last one.
    public let isBeingDeleted: Bool

    public var sizeBytes: Int64 { keys.reduce(0) { $0 &+ $1.sizeBytes } }
}

/// How a state is committed.
public struct StateOptions: Sendable {
    /// The state that the new one resembles, of any model: its chunks serve as bases. Nil looks for one: the active state,
    /// else the model's newest state, that has the same key at the same length.
    public var base: StateID?
    /// Makes the state active in the same transaction.
    public var makeActive = false
    /// Deletes these states of the model in the same transaction: all or nothing.
    public var deleteStates: [StateID] = []
    /// Lets `deleteStates` name the state that is active until then; only with `makeActive`.
    public var mayReplaceActive = false
    public var mounts: [MountRecord] = []
    public var trainingOperations: [String] = []
    /// The id that the state gets.
    public var stateID = StateID.random()
    /// The commit ends a creation that the catalog lists.
    var isCreation = false
    /// The operation that the commit finishes.
    var operationID: OperationID?
    /// Keys of states that are mounted: bases beside `base`.
    var baseKeySets: [[KeyRow]] = []

    public init() {}

    public init(base: StateID? = nil, makeActive: Bool = false, deleteStates: [StateID] = []) {
        self.base = base
        self.makeActive = makeActive
        self.deleteStates = deleteStates
    }
}
