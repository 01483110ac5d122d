/// One parameter of a call: tensors in a blob of the request, or a key of a data set.
public struct ParameterProvider: Sendable, Hashable, Codable {
    public enum Source: Sendable, Hashable {
        /// Consumes the next blob of the request: zero or more tensors.
        case inline
        /// Consumes no blob.
        case dataset(id: String, key: String)
    }

    public var name: String
    public var source: Source

    public init(name: String, source: Source = .inline) {
        self.name = name
        self.source = source
    }

    private enum CodingKeys: String, CodingKey { case name, data }
    private enum DataKeys: String, CodingKey {
        case type, datasetId, datasetKey
        case rustDatasetId = "dataset_id"
        case rustDatasetKey = "dataset_key"
    }

    /// Absent or null `data`, and `data.type` `data`, mean inline; the Rust client spells data set fields in snake case.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        source = .inline
        guard container.contains(.data), try !container.decodeNil(forKey: .data) else { return }
        let data = try container.nestedContainer(keyedBy: DataKeys.self, forKey: .data)
        switch try data.decode(String.self, forKey: .type) {
        case "data": break
        case "dataset":
            source = .dataset(
                id: try data.decode(String.self, forKey: data.contains(.datasetId) || !data.contains(.rustDatasetId) ? .datasetId : .rustDatasetId),
                key: try data.decode(String.self, forKey: data.contains(.datasetKey) || !data.contains(.rustDatasetKey) ? .datasetKey : .rustDatasetKey))
        case let type:
            throw decoder.invalid("has data of type \(type.prefix(64)); it must be dataset or data")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        guard case .dataset(let id, let key) = source else { return }
        var data = container.nestedContainer(keyedBy: DataKeys.self, forKey: .data)
        try data.encode("dataset", forKey: .type)
        try data.encode(id, forKey: .datasetId)
        try data.encode(key, forKey: .datasetKey)
    }
}

extension [ParameterProvider] {
    /// For each provider the index of its blob, nil for a data set.
    ///
    /// - Throws: `.blobCountMismatch` with field `params` when the request has more or fewer blobs than inline providers.
    public func blobIndexes(blobCount: Int) throws(WireError) -> [Int?] {
        var next = 0
        let indexes = map { provider -> Int? in
            guard provider.source == .inline else { return nil }
            next += 1
            return next - 1
        }
        try requireBlobCount(blobCount, equals: next, field: "params")
        return indexes
    }
}

/// Checks that a request has the number of blobs that its parameters call for.
///
/// - Throws: `.blobCountMismatch` that names `field`.
public func requireBlobCount(_ count: Int, equals wanted: Int, field: String) throws(WireError) {
    guard count == wanted else {
        throw WireError(
            .blobCountMismatch, "\(field) calls for \(wanted) blobs, but the request has \(count)", field: field)
    }
}
