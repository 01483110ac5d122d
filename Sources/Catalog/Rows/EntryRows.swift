public import ContentStore

/// The two parts of a dataset.
public enum EntryFolder: Int, Sendable {
    case finished = 0
    case needsReview = 1
}

/// Which entries to read. Positions outside of the folder are passed over.
public enum EntryChoice: Sendable {
    /// Order and repeats are kept.
    case positions([Int])
    case range(Range<Int>)

    func positions(within all: Range<Int>) -> [Int] {
        switch self {
        case .positions(let wanted): wanted.filter(all.contains)
        case .range(let wanted): Array(wanted.clamped(to: all))
        }
    }
}

/// Where a tensor of an entry lies.
public struct EntryItemRow: Sendable {
    public let value: ValueID
    public let elementType: String
    public let sizeBytes: Int64

    init(_ row: CheckedRow) throws {
        value = ValueID(try row[0])
        elementType = try row[1]
        sizeBytes = try row.amount(2)
    }
}

/// Entries as they stood at one moment.
public struct EntryRows: Sendable {
    public let positions: [Int]
    /// For each position an item a key, in the order of the dataset's keys.
    public let items: [EntryItemRow]
}

/// A change of a dataset's entries: all of it or nothing.
public struct EntriesCommit: Sendable {
    public let datasetID: String
    /// Where the new entries go.
    public let folder: EntryFolder
    /// For each entry an item a key, in the order of the dataset's keys.
    public let entries: [[ItemInsertion]]
    public let packs: [SealedPack]
    /// The entries to take away, at the positions that they have before the change, none of them twice.
    public let removed: (folder: EntryFolder, positions: [Int])?
    /// Where given, the version that the dataset must have.
    public let expectedVersionID: String?
    public let newVersionID: String
    /// The most entries that the folder may have then.
    public let entriesMax: Int

    public init(
        datasetID: String, folder: EntryFolder = .finished, entries: [[ItemInsertion]] = [], packs: [SealedPack] = [],
        removed: (folder: EntryFolder, positions: [Int])? = nil, expectedVersionID: String?, newVersionID: String,
        entriesMax: Int = .max
    ) {
        self.datasetID = datasetID
        self.folder = folder
        self.entries = entries
        self.packs = packs
        self.removed = removed
        self.expectedVersionID = expectedVersionID
        self.newVersionID = newVersionID
        self.entriesMax = entriesMax
    }
}
