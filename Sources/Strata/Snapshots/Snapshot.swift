/// An immutable copy of a model at one moment: its files, its settings and one state. It outlives what it was made from.
public struct Snapshot: Hashable, Sendable, Identifiable {
    public let id: SnapshotID
    public let modelID: ModelID
    public let name: String
    public let createdAtMilliseconds: Int64
    public let settings: ModelSettings
    public let filesystemSizeMebibytes: Int
    /// The name of the state that was active.
    public let stateName: String
    public let keys: [StateKey]
    public let mounts: [MountRecord]

    public var sizeBytes: Int64 { keys.reduce(0) { $0 &+ $1.sizeBytes } }
}
