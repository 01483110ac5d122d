/// How far a verification has come.
public struct VerificationProgress: Hashable, Sendable {
    /// Raw bytes of chunks that were decoded and hashed.
    public let checkedBytes: Int64
    /// Raw bytes that this run is going to look at.
    public let totalBytes: Int64
}

/// One place where a store's bytes are not what they were.
public struct Damage: Hashable, Sendable {
    /// The model whose state, snapshot or file holds the bytes; nil with all the others for damage of the store's structure.
    public let modelID: ModelID?
    public let stateID: StateID?
    public let snapshotID: SnapshotID?
    public let datasetID: DatasetID?
    /// The state's key, the file's path or the dataset's key.
    public let key: String?
    /// Where in the value the damage begins.
    public let offset: Int64?
    /// The damaged chunk's digest, in hexadecimal.
    public let chunk: String?
    /// The name of the pack that is damaged or holds the damaged chunk.
    public let pack: String?
    public let message: String

    init(
        modelID: ModelID? = nil, stateID: StateID? = nil, snapshotID: SnapshotID? = nil, datasetID: DatasetID? = nil,
        key: String? = nil, offset: Int64? = nil, chunk: String? = nil, pack: String? = nil, message: String
    ) {
        self.modelID = modelID
        self.stateID = stateID
        self.snapshotID = snapshotID
        self.datasetID = datasetID
        self.key = key
        self.offset = offset
        self.chunk = chunk
        self.pack = pack
        self.message = message
    }
}

public struct VerificationReport: Hashable, Sendable {
    public let scope: VerificationScope
    /// Packs whose header, footer and directory were read.
    public let checkedPacks: Int
    public let checkedChunks: Int
    public let checkedValues: Int
    /// Raw bytes that were decoded and hashed.
    public let checkedBytes: Int64
    /// Chunks that cannot be read, whether something uses them or not.
    public let damagedChunks: Int
    /// Empty for a sound store.
    public let damages: [Damage]
    /// There was so much damage that the run stopped before its end: repair, and verify again.
    public let isCutShort: Bool
    /// Whether the next partial run begins where this one stopped; false for other scopes, in a store that is open for
    /// reading only, and when the place could not be written: then the next run looks at the same part again.
    public let keptPlace: Bool

    public var isSound: Bool { damages.isEmpty && damagedChunks == 0 }
}
