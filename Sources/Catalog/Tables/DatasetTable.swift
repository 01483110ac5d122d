import ContentStore
import GRDB

/// SQL of `datasets`, `dataset_keys`, `dataset_tags` and `dataset_items`.
struct DatasetTable {
    let db: Database

    /// The folder of finished entries.
    static let finished = 0

    private static let columns = """
        SELECT datasets.id, datasets.public_id, owner, name, description, public_access, created_at, keys, version_id,
            entry_count, entries_bytes
        FROM datasets
        """

    func dataset(_ id: String) throws -> DatasetRow? {
        try db.row("\(Self.columns) WHERE datasets.public_id = ?", [id]).map(dataset)
    }

    func datasets(_ query: ListQuery) throws -> RowPage<DatasetRow> {
        let sql = ListSQL(table: "datasets", tagTable: "dataset_tags", tagColumn: "dataset_id", query: query)
        let (filter, arguments) = sql.filter
        let total = try db.number("SELECT count(*) FROM datasets \(filter)", arguments) ?? 0
        let rows = try db.rows("\(Self.columns) \(filter) \(sql.order)", arguments + [query.limit, query.offset])
        return RowPage(rows: try rows.map(dataset), total: Int(total))
    }

    func insert(_ dataset: DatasetInsertion) throws {
        try refuseUsedName(dataset.name, owner: dataset.owner)
        let row = try db.insert(
            """
            INSERT INTO datasets (public_id, owner, name, description, public_access, created_at, keys, version_id)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                dataset.publicID, dataset.owner, dataset.name, dataset.description, dataset.publicAccess,
                dataset.createdAt, dataset.keysJSON, dataset.versionID,
            ])
        for (index, name) in dataset.keyNames.enumerated() {
            try db.run("INSERT INTO dataset_keys (dataset_id, key_index, name) VALUES (?, ?, ?)", [row, index, name])
        }
        try setTags(dataset.tags, row: row)
    }

    private func refuseUsedName(_ name: String, owner: String) throws {
        if try db.exists("SELECT 1 FROM datasets WHERE owner = ? AND name = ?", [owner, name]) {
            throw CatalogError.nameAlreadyUsed(name, "dataset", owner: owner)
        }
    }

    func change(_ dataset: DatasetRow, _ change: DescriptionChange) throws {
        if let name = change.name, name != dataset.name {
            try refuseUsedName(name, owner: dataset.owner)
            try db.run("UPDATE datasets SET name = ? WHERE id = ?", [name, dataset.row])
        }
        if let text = change.description {
            try db.run("UPDATE datasets SET description = ? WHERE id = ?", [text, dataset.row])
        }
        if let isPublic = change.publicAccess {
            try db.run("UPDATE datasets SET public_access = ? WHERE id = ?", [isPublic, dataset.row])
        }
        if let tags = change.tags { try setTags(tags, row: dataset.row) }
    }

    private func setTags(_ tags: [TagRow], row: Int64) throws {
        try db.run("DELETE FROM dataset_tags WHERE dataset_id = ?", [row])
        for (position, tag) in tags.enumerated() {
            try db.run(
                "INSERT INTO dataset_tags (dataset_id, position, tag, value) VALUES (?, ?, ?, ?)",
                [row, position, tag.tag, tag.value])
        }
    }

    /// Appends entries behind those that are there.
    func append(_ commit: EntriesCommit, to dataset: DatasetRow, fresh: [Digest: ChunkID]) throws {
        let values = ValueTable(db: db)
        for (number, entry) in commit.entries.enumerated() {
            for (key, item) in entry.enumerated() {
                let value = try values.retain(item.content, fresh: fresh)
                try db.run(
                    """
                    INSERT INTO dataset_items (dataset_id, folder, position, key_index, value_id, element_type, shape, size_bytes)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                    [
                        dataset.row, Self.finished, dataset.entryCount + number, key, value.rawValue, item.elementType,
                        item.shapeJSON, item.content.sizeBytes,
                    ])
            }
        }
        let bytes = commit.entries.joined().reduce(Int64(0)) { $0 + $1.content.sizeBytes }
        try db.run(
            "UPDATE datasets SET version_id = ?, entry_count = entry_count + ?, entries_bytes = entries_bytes + ? WHERE id = ?",
            [commit.newVersionID, commit.entries.count, bytes, dataset.row])
    }

    func delete(_ dataset: DatasetRow, sequence: Int64) throws {
        let values = ValueTable(db: db)
        for row in try db.rows("SELECT value_id FROM dataset_items WHERE dataset_id = ?", [dataset.row]) {
            try values.release(ValueID(row[0]), sequence: sequence)
        }
        for table in ["dataset_items", "dataset_keys", "dataset_tags"] {
            try db.run("DELETE FROM \(table) WHERE dataset_id = ?", [dataset.row])
        }
        try db.run("DELETE FROM datasets WHERE id = ?", [dataset.row])
    }

    /// A key's items in the order of the entries.
    func items(of dataset: DatasetRow, key: String, in range: Range<Int>) throws -> [ItemRow] {
        guard let index = try db.number("SELECT key_index FROM dataset_keys WHERE dataset_id = ? AND name = ?", [dataset.row, key])
        else {
            throw CatalogError(
                .datasetKeyNotFound, "dataset `\(dataset.publicID)` has no key `\(key)`",
                context: ["datasetId": dataset.publicID, "datasetKey": key])
        }
        return try db.rows(
            """
            SELECT value_id, element_type, shape, size_bytes FROM dataset_items
            WHERE dataset_id = ? AND folder = ? AND position >= ? AND position < ? AND key_index = ? ORDER BY position
            """, [dataset.row, Self.finished, range.lowerBound, range.upperBound, index]
        ).map { try ItemRow(value: ValueID($0[0]), elementType: $0[1], shapeJSON: $0[2], sizeBytes: $0.amount(3)) }
    }

    func resolve(_ selection: DatasetSelection) throws -> ResolvedDatasetKey {
        guard let dataset = try dataset(selection.datasetID) else { throw CatalogError.datasetNotFound(selection.datasetID) }
        let items = try items(of: dataset, key: selection.key, in: 0..<Int.max)
        return ResolvedDatasetKey(datasetID: selection.datasetID, key: selection.key, items: items)
    }

    private func dataset(_ row: CheckedRow) throws -> DatasetRow {
        let id: Int64 = try row[0]
        let tags = try db.rows("SELECT tag, value FROM dataset_tags WHERE dataset_id = ? ORDER BY position", [id])
        return try DatasetRow(
            row: id, publicID: row[1], owner: row[2], name: row[3], description: row[4], publicAccess: row[5],
            createdAt: row[6], keysJSON: row[7], versionID: row[8], tags: tags.map { try TagRow(tag: $0[0], value: $0[1]) },
            entryCount: row.amount(9), entriesSizeBytes: row.amount(10))
    }
}
