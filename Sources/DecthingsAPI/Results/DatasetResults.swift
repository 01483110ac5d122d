/// Number and size of the entries in one part of a data set.
public struct EntryTotals: Sendable, Hashable, Codable {
    public var count: Int
    /// Sum of the sizes of the serialized tensors.
    public var totalByteSize: Int64

    public init(count: Int, totalByteSize: Int64) {
        self.count = count
        self.totalByteSize = totalByteSize
    }
}

/// A data set as `getDatasets` shows it.
public struct Dataset: Sendable, Hashable, Codable {
    public var id: String
    public var name: String
    public var description: String
    public var publicAccess: Bool
    /// Milliseconds since 1970.
    public var createdAt: Int64
    public var tags: [Tag]
    public var owner: Owner
    public var access: Access
    public var keys: [ParameterDefinition]
    public var entries: EntryTotals
    public var needsReviewEntries: EntryTotals
    public var entriesWaitingToBeDeleted: EntryTotals
    /// Changes with every change of entry data.
    public var versionId: String

    public init(
        id: String, name: String, description: String, publicAccess: Bool, createdAt: Int64, tags: [Tag],
        owner: Owner, access: Access, keys: [ParameterDefinition], entries: EntryTotals,
        needsReviewEntries: EntryTotals, entriesWaitingToBeDeleted: EntryTotals, versionId: String
    ) {
        self.id = id
        self.name = name
        self.description = description
        self.publicAccess = publicAccess
        self.createdAt = createdAt
        self.tags = tags
        self.owner = owner
        self.access = access
        self.keys = keys
        self.entries = entries
        self.needsReviewEntries = needsReviewEntries
        self.entriesWaitingToBeDeleted = entriesWaitingToBeDeleted
        self.versionId = versionId
    }
}

/// Result of `createDataset`.
public struct CreateDatasetResult: Sendable, Hashable, Codable {
    public var datasetId: String
    public var datasetVersionId: String

    public init(datasetId: String, datasetVersionId: String) {
        self.datasetId = datasetId
        self.datasetVersionId = datasetVersionId
    }
}

/// Result of `getDatasets`.
public struct GetDatasetsResult: Sendable, Hashable, Codable {
    public var datasets: [Dataset]
    /// Matches before paging.
    public var total: Int
    public var offset: Int
    public var limit: Int

    public init(datasets: [Dataset], total: Int, offset: Int, limit: Int) {
        self.datasets = datasets
        self.total = total
        self.offset = offset
        self.limit = limit
    }
}

/// Result of `addEntries` and `addEntriesToNeedsReview`.
public struct AddEntriesResult: Sendable, Hashable, Codable {
    public var newDatasetVersionId: String

    public init(newDatasetVersionId: String) {
        self.newDatasetVersionId = newDatasetVersionId
    }
}

/// Result of `finalizeNeedsReviewEntries`.
public struct FinalizeNeedsReviewEntriesResult: Sendable, Hashable, Codable {
    public var newDatasetVersionId: String
    public var removedBytesFromNeedsReview: Int64

    public init(newDatasetVersionId: String, removedBytesFromNeedsReview: Int64) {
        self.newDatasetVersionId = newDatasetVersionId
        self.removedBytesFromNeedsReview = removedBytesFromNeedsReview
    }
}

/// Result of `getEntries` and `getNeedsReviewEntries`; for each index and each key one blob with one tensor follows.
public struct GetEntriesResult: Sendable, Hashable, Codable {
    /// By code point.
    public var keys: [String]
    public var indexes: [UInt64]

    public init(keys: [String], indexes: [UInt64]) {
        self.keys = keys
        self.indexes = indexes
    }
}

/// Result of `removeEntries`.
public struct RemoveEntriesResult: Sendable, Hashable, Codable {
    public var newDatasetVersionId: String
    public var removedBytes: Int64
    public var newWaitingToRemoveBytes: Int64
    public var newWaitingToRemoveAmount: Int

    public init(
        newDatasetVersionId: String, removedBytes: Int64, newWaitingToRemoveBytes: Int64,
        newWaitingToRemoveAmount: Int
    ) {
        self.newDatasetVersionId = newDatasetVersionId
        self.removedBytes = removedBytes
        self.newWaitingToRemoveBytes = newWaitingToRemoveBytes
        self.newWaitingToRemoveAmount = newWaitingToRemoveAmount
    }
}

/// Result of `removeNeedsReviewEntries`.
public struct RemoveNeedsReviewEntriesResult: Sendable, Hashable, Codable {
    public var newDatasetVersionId: String
    public var removedBytes: Int64

    public init(newDatasetVersionId: String, removedBytes: Int64) {
        self.newDatasetVersionId = newDatasetVersionId
        self.removedBytes = removedBytes
    }
}
