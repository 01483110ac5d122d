/// A label of a model or data set.
public struct Tag: Sendable, Hashable, Codable {
    public var tag: String
    public var value: String

    public init(tag: String, value: String) {
        self.tag = tag
        self.value = value
    }
}

public enum SortDirection: String, Sendable, Hashable, Codable {
    case ascending = "asc"
    case descending = "desc"
}

/// Which items a list method returns; given parts are combined with AND.
public struct ListFilter: Sendable, Hashable, Codable {
    /// Ids (or names) of users or organizations, any of them.
    public var owners: [String]?
    /// Any of them, exactly.
    public var ids: [String]?
    /// Any of them, exactly.
    public var names: [String]?
    /// All of them.
    public var tags: [Tag]?
    /// Part of the name, case ignored.
    public var searchName: String?

    public init(
        owners: [String]? = nil, ids: [String]? = nil, names: [String]? = nil, tags: [Tag]? = nil,
        searchName: String? = nil
    ) {
        self.owners = owners
        self.ids = ids
        self.names = names
        self.tags = tags
        self.searchName = searchName
    }
}

/// Params of `getModels`, `getDatasets`, `getPersistentLaunchers` and `getRepositories`.
public struct ListParams: Sendable, Hashable, Codable {
    /// 0 or more; 0 when absent.
    public var offset: Int?
    /// 0 or more; 20 when absent, reduced to 100 when larger.
    public var limit: Int?
    public var filter: ListFilter?
    /// Field to sort by: `createdAt` (the default) or `name`.
    public var sort: String?
    /// Descending when absent.
    public var sortDirection: SortDirection?

    public init(
        offset: Int? = nil, limit: Int? = nil, filter: ListFilter? = nil, sort: String? = nil,
        sortDirection: SortDirection? = nil
    ) {
        self.offset = offset
        self.limit = limit
        self.filter = filter
        self.sort = sort
        self.sortDirection = sortDirection
    }

    public static let limitDefault = 20
    public static let limitMax = 100

    /// `offset` and `limit` as they take effect and are echoed.
    ///
    /// - Throws: `.invalidValue` for a negative number.
    public func page() throws(WireError) -> (offset: Int, limit: Int) {
        for (field, value) in [("offset", offset), ("limit", limit)] {
            if let value, value < 0 {
                throw WireError(.invalidValue, "\(field) is \(value); it must be 0 or more", field: field)
            }
        }
        return (offset ?? 0, min(limit ?? Self.limitDefault, Self.limitMax))
    }
}

/// Params of a method that takes nothing, or whose params are ignored.
public struct NoParams: Sendable, Hashable, Codable {
    public init() {}
}
