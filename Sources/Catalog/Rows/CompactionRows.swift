public import ContentStore

/// A pack as compaction sees it.
public struct CompactablePackRow: Hashable, Sendable {
    public let id: Int64
    public let name: PackName
    public let sizeBytes: Int64
    /// Stored bytes of all chunks in the file.
    public let storedBytes: Int64
    /// Stored bytes in the file that no chunk's row places there.
    public let deadBytes: Int64
}

/// A chunk that compaction may move.
public struct CompactableChunkRow: Hashable, Sendable {
    public let location: ChunkLocation
    /// Marked as damaged: it stays where it is.
    public let isDamaged: Bool
}

/// A chunk that differences were taken from.
public struct BaseRow: Hashable, Sendable {
    public let id: ChunkID
    public let pack: Int64
    public let storedBytes: Int64
    public let rawBytes: Int64
    public let differenceCount: Int
    /// Stored bytes of the differences.
    public let differenceBytes: Int64
    /// Nothing refers to it but the differences, something refers to each of these, and none of all is marked as damaged.
    public let servesDifferencesOnly: Bool
}

/// A chunk and the differences that were taken from it.
public struct ChunkFamilyRow: Sendable {
    public let base: ChunkLocation
    /// With the numbers of their packs.
    public let differences: [(location: ChunkLocation, pack: Int64)]
}

/// A chunk that has a copy in a new pack, and where it stood when it was copied.
public struct ChunkMove: Hashable, Sendable {
    public let id: ChunkID
    /// The number of its pack's row.
    public let pack: Int64
    public let offset: Int64
    /// The base that it needs no more in its new encoding; nil for a chunk that was copied as it was stored.
    public let released: ChunkID?

    public init(id: ChunkID, pack: Int64, offset: Int64, released: ChunkID?) {
        self.id = id
        self.pack = pack
        self.offset = offset
        self.released = released
    }
}

/// What a step of moving did.
public struct MovedRows: Hashable, Sendable {
    /// Moves that were looked at, from the first that the step was given.
    public var seen = 0
    /// Chunks that stand in the new pack now; the others were moved, healed or collected by somebody else meanwhile.
    public var moved = 0
    public var movedBytes: Int64 = 0
}

/// What the catalog's file holds that it does not need.
public struct CatalogSlack: Hashable, Sendable {
    public let freePages: Int64
    public let pageBytes: Int64
    /// Whether free pages can be given back a few at a time. Catalogs that were made before compaction cannot.
    public let isIncremental: Bool

    public var freeBytes: Int64 { freePages * pageBytes }
}
