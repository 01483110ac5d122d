/// A read-only view of another model: its files and one state, fixed at one moment. It cannot vanish while it is open.
public struct Mount: Sendable {
    public let modelID: ModelID
    /// The state that is mounted; nil for a snapshot's.
    public let stateID: StateID?
    public let snapshotID: SnapshotID?
    public let state: StateReader
    public let files: any MountedFiles
}
