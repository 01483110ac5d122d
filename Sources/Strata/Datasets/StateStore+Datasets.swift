import Catalog
import ContentStore
import Foundation

extension StateStore {
    /// The most keys of a dataset.
    public static let datasetKeysMax = 255

    /// - Parameter keys: at least one; their rules hold for every entry.
    /// - Throws: `invalid_parameter`, `name_already_used`.
    @discardableResult
    public func createDataset(
        named name: String, keys: [ParameterDefinition], description: String = "", isPublic: Bool = false, tags: [Tag] = []
    ) async throws(StrataError) -> Dataset {
        try await translating {
            try Names.check(name, "name")
            try ModelRules.check(description: description)
            try ModelRules.check(keys, "keys")
            try ModelRules.check(tags)
            guard (1...Self.datasetKeysMax).contains(keys.count) else {
                throw StrataError.invalidParameter("keys", "\(keys.count) keys were given; a dataset has 1 to \(Self.datasetKeysMax)")
            }
            _ = try writing()
            let id = DatasetID.random()
            try await catalog.createDataset(
                DatasetInsertion(
                    publicID: id.rawValue, owner: options.owner, name: name, description: description,
                    publicAccess: isPublic, createdAt: Clock.milliseconds(), keysJSON: JSON.encode(keys),
                    keyNames: keys.map(\.name), versionID: UUID().uuidString.lowercased(), tags: tags.map(TagRow.init)))
            return try await dataset(id)
        }
    }

    public func dataset(_ id: DatasetID) async throws(StrataError) -> Dataset {
        try await translating {
            try checkOpen()
            guard let row = try await catalog.dataset(id: id.rawValue) else { throw StrataError.datasetNotFound(id) }
            return try Dataset(row)
        }
    }

    /// The datasets that fit `filter`, a page at a time, newest first unless the filter says otherwise.
    public func datasets(
        _ filter: ListFilter = ListFilter(), offset: Int = 0, limit: Int = 100
    ) async throws(StrataError) -> Page<Dataset> {
        try await translating {
            try checkOpen()
            try Page<Dataset>.check(offset: offset, limit: limit)
            try ModelRules.check(filter)
            let page = try await catalog.datasets(ListQuery(filter, offset: offset, limit: limit))
            return Page(items: try page.rows.map { try Dataset($0) }, total: page.total, offset: offset, limit: limit)
        }
    }

    /// As `datasets`, with what waits for review.
    /// - Complexity: reads a row for each tensor that waits.
    public func datasetListings(
        _ filter: ListFilter = ListFilter(), offset: Int = 0, limit: Int = 100
    ) async throws(StrataError) -> Page<DatasetListing> {
        try await translating {
            try checkOpen()
            try Page<DatasetListing>.check(offset: offset, limit: limit)
            try ModelRules.check(filter)
            let page = try await catalog.datasetListings(ListQuery(filter, offset: offset, limit: limit))
            let items = try page.rows.map { row in
                DatasetListing(
                    dataset: try Dataset(row.dataset),
                    needsReview: Dataset.Totals(count: row.reviewCount, sizeBytes: row.dataset.reviewSizeBytes))
            }
            return Page(items: items, total: page.total, offset: offset, limit: limit)
        }
    }

    /// - Throws: `dataset_not_found`, `name_already_used`, `invalid_parameter`.
    public func updateDataset(_ id: DatasetID, _ change: DatasetChange) async throws(StrataError) {
        try await translating {
            if let name = change.name { try Names.check(name, "name") }
            if let description = change.description { try ModelRules.check(description: description) }
            if let tags = change.tags { try ModelRules.check(tags) }
            _ = try writing()
            try await catalog.updateDataset(
                id: id.rawValue,
                DescriptionChange(
                    name: change.name, description: change.description, publicAccess: change.isPublic,
                    tags: change.tags.map { $0.map(TagRow.init) }))
        }
    }

    /// Reads a key's items of the entries in `range`, clipped to the table.
    /// - Throws: `dataset_not_found`, `dataset_key_not_found`, `corrupted`.
    public func items(of key: String, in range: Range<Int>, of id: DatasetID) async throws(StrataError) -> [Item] {
        try await translating {
            try await holdingHorizon { _ in
                let rows = try await catalog.items(ofDataset: id.rawValue, key: key, in: range)
                var items: [Item] = []
                for row in rows {
                    let source = StoredItems(rows: [row], catalog: catalog, reader: reader)
                    items.append(
                        Item(
                            elementType: row.elementType, shape: JSON.decode(row.shapeJSON) ?? [],
                            bytes: try await source.bytes(of: 0)))
                }
                return items
            }
        }
    }

    /// Deletes a dataset. Running operations keep what they resolved.
    public func deleteDataset(_ id: DatasetID) async throws(StrataError) {
        try await translating {
            _ = try writing()
            try await catalog.deleteDataset(id: id.rawValue)
        }
    }
}

/// A dataset key's items, read when they are asked for.
struct StoredItems: ItemSource {
    let rows: [ItemRow]
    let catalog: Catalog
    let reader: ChunkReader

    var itemCount: Int { rows.count }
    var totalSizeBytes: Int64 { rows.reduce(0) { $0 &+ $1.sizeBytes } }

    func sizesBytes(of range: Range<Int>) async throws -> [Int64] { rows[range].map(\.sizeBytes) }

    func read(item: Int, _ consume: (ArraySlice<UInt8>) async throws -> Void) async throws {
        let row = rows[item]
        try await ValueSource(id: row.value, catalog: catalog, reader: reader).readAll(row.sizeBytes, consume)
    }
}

extension Dataset {
    init(_ row: DatasetRow) throws(StrataError) {
        guard let keys: [ParameterDefinition] = JSON.decode(row.keysJSON) else {
            throw StrataError(
                .corrupted, "the keys of dataset `\(row.publicID)` in the catalog cannot be read",
                context: ["datasetId": row.publicID])
        }
        self.init(
            id: DatasetID(unchecked: row.publicID), owner: row.owner, name: row.name, description: row.description,
            isPublic: row.publicAccess, createdAtMilliseconds: row.createdAt,
            tags: row.tags.map { Tag($0.tag, $0.value) }, keys: keys, entryCount: row.entryCount,
            sizeBytes: row.entriesSizeBytes, versionID: row.versionID)
    }
}
