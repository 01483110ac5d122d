/// What a restore put into the store's folder.
public struct RestoreReport: Hashable, Sendable {
    /// The store's folder.
    public let path: String
    public let storeID: String
    /// Packs that came from the backup.
    public internal(set) var restoredPacks = 0
    public internal(set) var restoredBytes: Int64 = 0
    /// Packs that were in the folder already, and sound.
    public internal(set) var keptPacks = 0
    public internal(set) var keptBytes: Int64 = 0
    /// Where in the store's folder what was there before lies now; nil when nothing had to be put aside.
    public internal(set) var quarantine: String?

    init(path: String, storeID: String) { (self.path, self.storeID) = (path, storeID) }
}
