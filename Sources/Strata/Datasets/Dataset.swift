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
