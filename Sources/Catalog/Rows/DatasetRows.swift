public import ContentStore

public struct DatasetRow: Sendable {
    let row: Int64
    public let publicID: String
    public let owner: String
    public let name: String
    public let description: String
    public let publicAccess: Bool
    public let createdAt: Int64
    /// The keys' definitions.
    public let keysJSON: String
    /// Changes with every change of the entries.
    public let versionID: String
    public let tags: [TagRow]
    public let entryCount: Int
    public let entriesSizeBytes: Int64
    /// Of the entries that need review.
    public let reviewSizeBytes: Int64
}

public struct DatasetInsertion: Sendable {
    public let publicID: String
    public let owner: String
    public let name: String
    public let description: String
    public let publicAccess: Bool
    public let createdAt: Int64
    public let keysJSON: String
    public let keyNames: [String]
    public let versionID: String
    public let tags: [TagRow]

    public init(
        publicID: String, owner: String, name: String, description: String, publicAccess: Bool, createdAt: Int64,
        keysJSON: String, keyNames: [String], versionID: String, tags: [TagRow]
    ) {
        self.publicID = publicID
        self.owner = owner
        self.name = name
        self.description = description
        self.publicAccess = publicAccess
        self.createdAt = createdAt
        self.keysJSON = keysJSON
        self.keyNames = keyNames
        self.versionID = versionID
        self.tags = tags
    }
}

/// A dataset with what only a list shows.
public struct DatasetListingRow: Sendable {
    public let dataset: DatasetRow
    public let reviewCount: Int
}

/// One item of a dataset: a tensor under a key of an entry.
public struct ItemRow: Hashable, Sendable {
    public let value: ValueID
    public let elementType: String
    public let shapeJSON: String
    public let sizeBytes: Int64
}

public struct ItemInsertion: Sendable {
    public let content: IngestedValue
    public let elementType: String
    public let shapeJSON: String

    public init(content: IngestedValue, elementType: String, shapeJSON: String) {
        self.content = content
        self.elementType = elementType
        self.shapeJSON = shapeJSON
    }
}
