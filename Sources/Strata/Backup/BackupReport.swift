/// What a backup copied, or would.
public struct BackupReport: Hashable, Sendable {
    /// The backup's folder.
    public let path: String
    /// Nothing was changed, but would have been.
    public let isDryRun: Bool
    /// Packs that the backup lacked.
    public internal(set) var copiedPacks = 0
    public internal(set) var copiedBytes: Int64 = 0
    /// Packs that the backup had already.
    public internal(set) var keptPacks = 0
    public internal(set) var keptBytes: Int64 = 0
    /// Packs that the store no longer needs and the backup no longer has.
    public internal(set) var removedPacks = 0
    public internal(set) var removedBytes: Int64 = 0
    /// Packs that are no longer needed and stay until the next backup, since somebody reads this one or they could not be removed.
    public internal(set) var leftPacks = 0
    /// The size of the catalog, of which the backup has two copies.
    public internal(set) var catalogBytes: Int64 = 0

    init(path: String, isDryRun: Bool) { (self.path, self.isDryRun) = (path, isDryRun) }
}

/// How far a backup or a restore has come.
public struct BackupProgress: Hashable, Sendable {
    /// Bytes of packs that were copied and checked.
    public let copiedBytes: Int64
    /// All that this run copies or checks.
    public let totalBytes: Int64
}
