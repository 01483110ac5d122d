import Catalog
import ContentStore

/// What a compaction does, and how much waste it leaves.
public struct CompactionOptions: Hashable, Sendable {
    /// The bound that counts unless another is given.
    public static let wasteShareMaxDefault = 0.25

    /// Packs in which more than this share of the stored bytes is dead are rewritten: 0 rewrites all that hold any waste, 1 none.
    public var wasteShareMax = CompactionOptions.wasteShareMaxDefault
    /// Packs below this size are merged, once there are `mergedPacksLeast` of them: thousands of small files are slow to
    /// copy, to verify and to open. 0 merges none.
    public var mergedBelowBytes: Int64 = 8 << 20
    /// How many small packs there must be.
    public var mergedPacksLeast = 16
    /// Encodes differences anew whose base is kept for them alone, where that frees bytes.
    public var releasesBases = true
    /// Gives free pages of the catalog back to the file system.
    public var shrinksCatalog = true
    /// Writes the whole catalog anew: the only way for one that was made by an older version. Every writer waits meanwhile.
    public var rebuildsCatalog = false
    /// A new pack has at most about this size.
    var packBytesTarget: Int64 = 1 << 30

    public init() {}

    func check() throws(StrataError) {
        guard (0...1).contains(wasteShareMax) else {
            throw .invalidParameter("wasteShareMax", "the share of waste is \(wasteShareMax); choose one from 0 to 1")
        }
        guard mergedBelowBytes >= 0 else {
            throw .invalidParameter("mergedBelowBytes", "packs cannot be merged below \(mergedBelowBytes) bytes; choose 0 or more")
        }
        guard mergedPacksLeast >= 2 else {
            throw .invalidParameter("mergedPacksLeast", "\(mergedPacksLeast) packs cannot be merged; choose 2 or more")
        }
    }
}

/// What compaction does, counted.
public struct CompactionFigures: Hashable, Sendable {
    /// Old packs of which no chunk in use is left.
    public internal(set) var packCount = 0
    /// The sizes of their files.
    public internal(set) var packBytes: Int64 = 0
    /// Chunks that are copied as they are stored.
    public internal(set) var copiedCount = 0
    public internal(set) var copiedBytes: Int64 = 0
    /// Differences that are encoded anew, and their stored bytes after that.
    public internal(set) var reencodedCount = 0
    public internal(set) var reencodedBytes: Int64 = 0
    /// Bases that nothing needs any more then, and their stored bytes.
    public internal(set) var releasedCount = 0
    public internal(set) var releasedBytes: Int64 = 0
    /// New packs, and the sizes of their files.
    public internal(set) var writtenPackCount = 0
    public internal(set) var writtenBytes: Int64 = 0
    /// Bytes that the catalog's file gives back.
    public internal(set) var catalogBytes: Int64 = 0

    /// What the file system gets back in the end; negative when more is written than goes.
    public var freedBytes: Int64 { packBytes - writtenBytes + catalogBytes }

    public init() {}
}

/// Dead bytes in packs that are in use.
public struct PackWaste: Hashable, Sendable {
    /// Stored bytes in packs that no chunk of the catalog has its place in.
    public let deadBytes: Int64
    /// Stored bytes of all packs.
    public let storedBytes: Int64

    public var share: Double { storedBytes > 0 ? Double(deadBytes) / Double(storedBytes) : 0 }
}

/// What a compaction would do.
public struct CompactionPlan: Hashable, Sendable {
    /// Exact while nothing else happens; of the catalog, what is free in its file now.
    public let figures: CompactionFigures
    /// The waste as it is.
    public let waste: PackWaste
    /// Packs that would be rewritten but for damage: repair first.
    public let damagedPacks: [String]
    /// The catalog holds free pages that it can give back only if it is rebuilt.
    public let catalogNeedsRebuild: Bool
    /// Sessions in which something runs now: old packs stay until that has ended.
    public let sessions: [HoldingSession]
}

/// What a compaction did.
public struct CompactionReport: Hashable, Sendable {
    public let figures: CompactionFigures
    /// What was removed by it: old packs, and chunks that nothing referred to. The rest goes with a later collection.
    public let removed: CollectedGarbage
    /// The waste that is left.
    public let waste: PackWaste
    public let damagedPacks: [String]
    public let catalogNeedsRebuild: Bool
    public let sessions: [HoldingSession]
}
