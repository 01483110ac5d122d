/// What a copy between stores has done.
public struct CopyReport: Hashable, Sendable {
    /// Something that could not be copied, because its bytes are damaged in the source.
    public struct Failure: Hashable, Sendable {
        public let modelID: ModelID
        public let stateID: StateID?
        public let snapshotID: SnapshotID?
        public let message: String
    }

    /// Models that the destination did not have.
    public internal(set) var newModels: [ModelID] = []
    public internal(set) var copiedStates = 0
    /// States that the destination had already.
    public internal(set) var presentStates = 0
    public internal(set) var copiedSnapshots = 0
    public internal(set) var presentSnapshots = 0
    /// Models whose files were copied or replaced.
    public internal(set) var copiedFileTrees = 0
    /// Bytes of the values and files that were copied, as users see them.
    public internal(set) var logicalBytes: Int64 = 0
    /// Of these, bytes that had to be read, because the destination did not have them.
    public internal(set) var readBytes: Int64 = 0
    /// What the destination's packs have grown by.
    public internal(set) var newPackBytes: Int64 = 0
    /// What is damaged in the source and is not in the destination; everything else was copied.
    public internal(set) var failures: [Failure] = []
    /// What the destination's users should know.
    public internal(set) var remarks: [String] = []

    init() {}
}

/// How far a copy between stores has come.
public struct CopyProgress: Hashable, Sendable {
    /// States and snapshots that were looked at, of all models so far.
    public let items: Int
    /// Bytes of values that were read.
    public let readBytes: Int64
}
