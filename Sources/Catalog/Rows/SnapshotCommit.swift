public import ContentStore

/// A snapshot of another store, ready to be entered.
public struct SnapshotCommit: Sendable {
    public let modelID: String
    public let snapshotID: String
    public let name: String
    public let createdAt: Int64
    public let settingsJSON: String
    public let stateName: String
    public let mountsJSON: String
    public let filesystemSizeMebibytes: Int
    public let keys: [(key: String, value: IngestedValue)]
    public let files: [FileChange]
    /// Durable packs that hold the values' new chunks.
    public let packs: [SealedPack]

    /// - Parameter snapshot: what the other store says of it.
    public init(_ snapshot: SnapshotRow, keys: [(key: String, value: IngestedValue)], files: [FileChange], packs: [SealedPack]) {
        (modelID, snapshotID, name, createdAt) = (snapshot.modelID, snapshot.publicID, snapshot.name, snapshot.createdAt)
        (settingsJSON, stateName, mountsJSON) = (snapshot.settingsJSON, snapshot.stateName, snapshot.mountsJSON)
        filesystemSizeMebibytes = snapshot.filesystemSizeMebibytes
        (self.keys, self.files, self.packs) = (keys, files, packs)
    }
}
