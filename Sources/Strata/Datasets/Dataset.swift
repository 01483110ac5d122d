/// A table of tensors: keys are columns, an entry has one item a key.
public struct Dataset: Hashable, Sendable, Identifiable {
    public let id: DatasetID
    public let owner: String
    /// Unique per owner.
    public let name: String
    public let description: String
    public let isPublic: Bool
    public let createdAtMilliseconds: Int64
    public let tags: [Tag]
    /// Fixed at creation.
    public let keys: [ParameterDefinition]
    public let entryCount: Int
    /// Bytes of all items, serialized.
    public let sizeBytes: Int64
    /// Changes with every change of the entries.
    public let versionID: String
}

extension Dataset {
    /// The two parts of a dataset. Only finished entries are given to models.
    public enum Folder: Hashable, Sendable, CaseIterable {
        case entries
        case needsReview
    }

    /// How much a folder holds.
    public struct Totals: Hashable, Sendable {
        public let count: Int
        /// Bytes of all items, serialized.
        public let sizeBytes: Int64

        public init(count: Int, sizeBytes: Int64) {
            self.count = count
            self.sizeBytes = sizeBytes
        }
    }

    public var entries: Totals { Totals(count: entryCount, sizeBytes: sizeBytes) }
}

/// A dataset as lists show it.
public struct DatasetListing: Hashable, Sendable {
    public let dataset: Dataset
    public let needsReview: Dataset.Totals
}

/// A change to a dataset; nil leaves a field as it is. The version stays: it is of the entries.
public struct DatasetChange: Sendable {
    public var name: String?
    public var description: String?
    public var isPublic: Bool?
    /// Replaces all tags.
    public var tags: [Tag]?

    public init(name: String? = nil, description: String? = nil, isPublic: Bool? = nil, tags: [Tag]? = nil) {
        self.name = name
        self.description = description
        self.isPublic = isPublic
        self.tags = tags
    }
}

/// What a change of a dataset's entries came to.
public struct EntriesChange: Hashable, Sendable {
    /// The dataset's new version.
    public let versionID: String
    /// Bytes of the entries that went.
    public let removedBytes: Int64
}
