/// How far a verification has come.
public struct VerificationProgress: Hashable, Sendable {
    public let checkedBytes: Int64
    public let totalBytes: Int64
}

/// One place where a store's bytes are not what they were.
public struct Damage: Hashable, Sendable {
    /// The model whose state, snapshot or file holds the bytes.
    public let modelID: ModelID?
    public let stateID: StateID?
    public let snapshotID: SnapshotID?
    public let datasetID: DatasetID?
    /// The state's key, the file's path or the dataset's key.
    public let key: String?
    /// Where in the value the damage begins.
    public let offset: Int64?
    public let message: String
}

public struct VerificationReport: Hashable, Sendable {
    public let checkedChunks: Int
    public let checkedValues: Int
    /// Raw bytes that were decoded and hashed.
    public let checkedBytes: Int64
    /// Empty for a sound store.
    public let damages: [Damage]

    public var isSound: Bool { damages.isEmpty }
}
