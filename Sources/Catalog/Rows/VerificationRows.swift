public import ContentStore

/// A chunk to check.
public struct ChunkCheckRow: Sendable {
    public let id: ChunkID
    public let rawBytes: Int
}

/// Where a value stands.
public struct ValueUseRow: Hashable, Sendable {
    public var modelID: String?
    public var stateID: String?
    public var snapshotID: String?
    public var datasetID: String?
    /// A state's key, a file's path, a dataset's key.
    public var key: String?
}

/// A pack to check.
public struct PackCheckRow: Sendable {
    public let id: Int64
    public let name: PackName
    public let sizeBytes: Int64
    public let chunkCount: Int
}
