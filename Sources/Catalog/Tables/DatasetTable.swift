import GRDB

/// SQL of `datasets`, `dataset_keys` and `dataset_tags`. The entries are `DatasetItemTable`'s.
struct DatasetTable {
    let db: Database

    private static let columns = """
        SELECT datasets.id, datasets.public_id, owner, name, description, public_access, created_at, keys, version_id,
            entry_count, entries_bytes, review_bytes
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
            INSERT INTO datasets (public_id, owner, name, description, public_access, created_at, keys, version_id, made_by)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                dataset.publicID, dataset.owner, dataset.name, dataset.description, dataset.publicAccess,
                dataset.createdAt, dataset.keysJSON, dataset.versionID, Maker.keyID,
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

    /// Counts in what a change of the entries added and took away; the change has a version of its own.
    func note(_ dataset: DatasetRow, versionID: String, addedEntries: Int, addedBytes: Int64, addedReviewBytes: Int64) throws {
        try db.run(
            """
            UPDATE datasets SET version_id = ?, entry_count = entry_count + ?, entries_bytes = entries_bytes + ?,
                review_bytes = review_bytes + ?
            WHERE id = ?
            """, [versionID, addedEntries, addedBytes, addedReviewBytes, dataset.row])
    }

    func delete(_ dataset: DatasetRow, sequence: Int64) throws {
        try DatasetItemTable(db: db).removeAll(of: dataset, sequence: sequence)
        for table in ["dataset_keys", "dataset_tags"] {
            try db.run("DELETE FROM \(table) WHERE dataset_id = ?", [dataset.row])
        }
        try db.run("DELETE FROM datasets WHERE id = ?", [dataset.row])
    }

    func resolve(_ selection: DatasetSelection) throws -> ResolvedDatasetKey {
        guard let dataset = try dataset(selection.datasetID) else { throw CatalogError.datasetNotFound(selection.datasetID) }
        let items = try DatasetItemTable(db: db).items(of: dataset, key: selection.key, in: 0..<Int.max)
        return ResolvedDatasetKey(datasetID: selection.datasetID, key: selection.key, items: items)
    }

    private func dataset(_ row: CheckedRow) throws -> DatasetRow {
        let id: Int64 = try row[0]
        let tags = try db.rows("SELECT tag, value FROM dataset_tags WHERE dataset_id = ? ORDER BY position", [id])
        return try DatasetRow(
            row: id, publicID: row[1], owner: row[2], name: row[3], description: row[4], publicAccess: row[5],
            createdAt: row[6], keysJSON: row[7], versionID: row[8], tags: tags.map { try TagRow(tag: $0[0], value: $0[1]) },
            entryCount: row.amount(9), entriesSizeBytes: row.amount(10), reviewSizeBytes: row.amount(11))
    }
}
