import GRDB

extension Catalog {
    /// - Throws: `name_already_used`.
    public func createDataset(_ dataset: DatasetInsertion) async throws {
        try await write { db in try DatasetTable(db: db).insert(dataset) }
    }

    public func dataset(id: String) async throws -> DatasetRow? {
        try await read { db in try DatasetTable(db: db).dataset(id) }
    }

    public func datasets(_ query: ListQuery) async throws -> RowPage<DatasetRow> {
        try await read { db in try DatasetTable(db: db).datasets(query) }
    }

    public func updateDataset(id: String, _ change: DescriptionChange) async throws {
        try await changing(id) { db, dataset in try DatasetTable(db: db).change(dataset, change) }
    }

    public func deleteDataset(id: String) async throws {
        try await changing(id) { db, dataset in
            try DatasetTable(db: db).delete(dataset, sequence: try StoreTable(db: db).nextSequence())
        }
    }

    /// - Throws: `dataset_not_found`, `incorrect_version_id` with the present one in its context.
    public func appendEntries(_ commit: EntriesCommit) async throws {
        try await changing(commit.datasetID) { db, dataset in
            if let expected = commit.expectedVersionID, expected != dataset.versionID {
                throw CatalogError(
                    .incorrectVersionID,
                    "dataset `\(commit.datasetID)` has version `\(dataset.versionID)`, not `\(expected)`; read it again",
                    context: ["datasetId": commit.datasetID, "datasetVersionId": dataset.versionID])
            }
            try DatasetTable(db: db).append(commit, to: dataset, fresh: try Self.enter(commit.packs, db))
        }
    }

    /// A key's items; positions outside the table are left out.
    public func items(ofDataset id: String, key: String, in range: Range<Int>) async throws -> [ItemRow] {
        try await read { db in
            guard let dataset = try DatasetTable(db: db).dataset(id) else { throw CatalogError.datasetNotFound(id) }
            return try DatasetTable(db: db).items(of: dataset, key: key, in: range)
        }
    }

    private func changing(_ id: String, _ body: @escaping @Sendable (Database, DatasetRow) throws -> Void) async throws {
        try await write { db in
            guard let dataset = try DatasetTable(db: db).dataset(id) else { throw CatalogError.datasetNotFound(id) }
            try body(db, dataset)
        }
    }
}
