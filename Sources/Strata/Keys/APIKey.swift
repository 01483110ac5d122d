/// What a key may do with a model or dataset; each right holds those before it.
public enum AccessRight: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
    /// Sees it, reads states and files, evaluates.
    case read
    /// Changes it, and makes new ones.
    case readwrite
    /// Deletes it.
    case admin

    public static func < (left: AccessRight, right: AccessRight) -> Bool {
        allCases.firstIndex(of: left)! < allCases.firstIndex(of: right)!
    }
}

/// What a caller with a key may have and do at most; nil is no bound.
public struct APIKeyLimits: Sendable, Hashable, Codable {
    /// Bytes of what the key made and is still there, as they were given: states, entries of datasets, files of models.
    public var bytesMax: Int64?
    public var statesMax: Int?
    public var modelsMax: Int?
    /// Requests a second on average.
    public var requestsPerSecond: Double?
    /// Requests at once, above the average.
    public var requestBurst: Double?

    public init(
        bytesMax: Int64? = nil, statesMax: Int? = nil, modelsMax: Int? = nil, requestsPerSecond: Double? = nil, requestBurst: Double? = nil
    ) {
        self.bytesMax = bytesMax
        self.statesMax = statesMax
        self.modelsMax = modelsMax
        self.requestsPerSecond = requestsPerSecond
        self.requestBurst = requestBurst
    }
}

/// A key that callers of a server show: who they are and what they may. The key itself is not in it.
public struct APIKey: Sendable, Hashable {
    public let id: APIKeyID
    public let name: String
    /// The right that holds wherever `rights` says nothing; nil is none.
    public let access: AccessRight?
    /// Rights by id of a model or dataset.
    public let rights: [String: AccessRight]
    public let limits: APIKeyLimits
    public let createdAtMilliseconds: Int64
    public let revokedAtMilliseconds: Int64?

    public var isRevoked: Bool { revokedAtMilliseconds != nil }
}

/// What a store holds, or what of it a key made.
public struct Holdings: Sendable, Hashable {
    public let models: Int
    public let states: Int
    /// Bytes of the values of states and snapshots as they were given; what several share counts once.
    public let stateBytes: Int64
    /// Bytes of the entries of datasets, those that need review among them.
    public let datasetBytes: Int64
    /// Bytes of the files of models and snapshots; what several share counts once.
    public let fileBytes: Int64

    public var sizeBytes: Int64 { stateBytes + datasetBytes + fileBytes }
}
