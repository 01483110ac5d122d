/// A key that callers of a server show.
public struct APIKeyRow: Sendable, Hashable {
    public let publicID: String
    public let name: String
    /// `read`, `readwrite`, `admin`; nil is none.
    public let access: String?
    /// JSON: rights by id of a model or dataset.
    public let rightsJSON: String
    public let limitsJSON: String
    public let createdAt: Int64
    public let revokedAt: Int64?

    public init(
        publicID: String, name: String, access: String?, rightsJSON: String, limitsJSON: String, createdAt: Int64, revokedAt: Int64? = nil
    ) {
        self.publicID = publicID
        self.name = name
        self.access = access
        self.rightsJSON = rightsJSON
        self.limitsJSON = limitsJSON
        self.createdAt = createdAt
        self.revokedAt = revokedAt
    }
}

/// What a store holds, or what of it a key made.
public struct HoldingsRow: Sendable, Hashable {
    public let models: Int
    public let states: Int
    /// Of the values of states and snapshots as they were given.
    public let stateBytes: Int64
    /// Of the entries of datasets.
    public let datasetBytes: Int64
    /// Of the files of models and snapshots.
    public let fileBytes: Int64
}
