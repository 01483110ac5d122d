/// Params of `createDataset`.
public struct CreateDatasetParams: Sendable, Hashable, Codable {
    public var name: String
    public var description: String
    /// False when absent.
    public var publicAccess: Bool?
    public var tags: [Tag]?
    /// At least one.
    public var keys: [ParameterDefinition]

    public init(
        name: String, description: String, publicAccess: Bool? = nil, tags: [Tag]? = nil, keys: [ParameterDefinition]
    ) {
        self.name = name
        self.description = description
        self.publicAccess = publicAccess
        self.tags = tags
        self.keys = keys
    }
}

/// Params of `updateDataset`; absent properties stay as they are.
public struct UpdateDatasetParams: Sendable, Hashable, Codable {
    public struct Properties: Sendable, Hashable, Codable {
        public var name: String?
        public var description: String?
        public var publicAccess: Bool?
        /// Replaces all tags.
        public var tags: [Tag]?

        public init(name: String? = nil, description: String? = nil, publicAccess: Bool? = nil, tags: [Tag]? = nil) {
            self.name = name
            self.description = description
            self.publicAccess = publicAccess
            self.tags = tags
        }
    }

    public var datasetId: String
    public var properties: Properties

    public init(datasetId: String, properties: Properties) {
        self.datasetId = datasetId
        self.properties = properties
    }
}

/// Params of `deleteDataset`.
public struct DatasetParams: Sendable, Hashable, Codable {
    public var datasetId: String

    public init(datasetId: String) {
        self.datasetId = datasetId
    }
}

/// Params of `addEntries` and `addEntriesToNeedsReview`; blobs are entry-major, one tensor each.
public struct AddEntriesParams: Sendable, Hashable, Codable {
    public var datasetId: String
    public var keys: [String]
    /// Refuse when this is not the current version.
    public var datasetVersionId: String?

    public init(datasetId: String, keys: [String], datasetVersionId: String? = nil) {
        self.datasetId = datasetId
        self.keys = keys
        self.datasetVersionId = datasetVersionId
    }
}

/// Params of `finalizeNeedsReviewEntries`; blobs as in `AddEntriesParams`.
public struct FinalizeNeedsReviewEntriesParams: Sendable, Hashable, Codable {
    public var datasetId: String
    public var indexes: [Int]
    /// The data set's own keys when absent (Rust client).
    public var keys: [String]?
    /// Refuse when this is not the current version.
    public var datasetVersionId: String?

    public init(datasetId: String, indexes: [Int], keys: [String]? = nil, datasetVersionId: String? = nil) {
        self.datasetId = datasetId
        self.indexes = indexes
        self.keys = keys
        self.datasetVersionId = datasetVersionId
    }
}

/// Which entries of a data set are wanted.
public enum EntrySelection: Sendable, Hashable, Codable {
    /// Order and repeats are kept.
    case indexes([UInt64])
    /// `end` is not part of it.
    case range(start: UInt64, end: UInt64)

    private enum CodingKeys: String, CodingKey { case start, end }

    public init(from decoder: any Decoder) throws {
        if let container = try? decoder.container(keyedBy: CodingKeys.self) {
            self = .range(
                start: try container.decode(UInt64.self, forKey: .start),
                end: try container.decode(UInt64.self, forKey: .end))
        } else {
            self = .indexes(try [UInt64](from: decoder))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .indexes(let indexes): try indexes.encode(to: encoder)
        case .range(let start, let end):
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(start, forKey: .start)
            try container.encode(end, forKey: .end)
        }
    }
}

/// Params of `getEntries` and `getNeedsReviewEntries`.
public struct GetEntriesParams: Sendable, Hashable, Codable {
    public var datasetId: String
    public var entries: EntrySelection
    /// Refuse when this is not the current version.
    public var datasetVersionId: String?

    public init(datasetId: String, entries: EntrySelection, datasetVersionId: String? = nil) {
        self.datasetId = datasetId
        self.entries = entries
        self.datasetVersionId = datasetVersionId
    }
}

/// Params of `removeEntries` and `removeNeedsReviewEntries`.
public struct RemoveEntriesParams: Sendable, Hashable, Codable {
    public var datasetId: String
    public var entries: [Int]
    /// Refuse when this is not the current version.
    public var datasetVersionId: String?

    public init(datasetId: String, entries: [Int], datasetVersionId: String? = nil) {
        self.datasetId = datasetId
        self.entries = entries
        self.datasetVersionId = datasetVersionId
    }
}

/// The order in which a request's blobs belong to data set keys.
public enum DatasetKeyOrder {
    /// Keys as their blobs come: `received` when it ascends by UTF-16 units (JavaScript), else sorted by code point
    /// (Python, and Rust, whose list is unsorted while its blobs are sorted).
    ///
    /// - Throws: `.invalidValue` with field `keys` when the names are not exactly those of `datasetKeys`.
    public static func blobOrder(received: [String], datasetKeys: [String]) throws(WireError) -> [String] {
        guard received.count == datasetKeys.count, Set(received) == Set(datasetKeys) else {
            throw WireError(
                .invalidValue, "keys must name each key of the data set once: \(datasetKeys.joined(separator: ", "))",
                field: "keys")
        }
        let ascends = zip(received, received.dropFirst()).allSatisfy { pair in
            pair.0.utf16.lexicographicallyPrecedes(pair.1.utf16)
        }
        return ascends ? received : sorted(received)
    }

    /// By code point, which is also the order of the UTF-8 bytes.
    public static func sorted(_ keys: [String]) -> [String] {
        keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The number of entries in `blobCount` blobs.
    ///
    /// - Throws: `.blobCountMismatch` with field `keys` when the blobs are no multiple of the keys.
    public static func entryCount(blobCount: Int, keyCount: Int) throws(WireError) -> Int {
        guard keyCount > 0, blobCount % keyCount == 0 else {
            throw WireError(
                .blobCountMismatch, "keys has \(keyCount) names, of which \(blobCount) blobs are no multiple",
                field: "keys")
        }
        return blobCount / keyCount
    }
}
