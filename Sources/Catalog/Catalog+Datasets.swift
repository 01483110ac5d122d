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

    /// As `datasets`, with the number of entries that need review.
    public func datasetListings(_ query: ListQuery) async throws -> RowPage<DatasetListingRow> {
        try await read { db in
            let page = try DatasetTable(db: db).datasets(query)
            let rows = try page.rows.map { dataset in
                DatasetListingRow(dataset: dataset, reviewCount: try DatasetItemTable(db: db).count(of: dataset, in: .needsReview))
            }
            return RowPage(rows: rows, total: page.total)
        }
    }

    public func updateDataset(id: String, _ change: DescriptionChange) async throws {
        try await changing(id) { db, dataset in try DatasetTable(db: db).change(dataset, change) }
    }

    public func deleteDataset(id: String) async throws {
        try await changing(id) { db, dataset in
            try DatasetTable(db: db).delete(dataset, sequence: try StoreTable(db: db).nextSequence())
        }
    }

    /// Adds entries and takes others away, in one transaction.
    ///
    /// - Returns: the bytes of the entries that were taken away.
    /// - Throws: `dataset_not_found`, `incorrect_version_id` with the present one in its context, `index_out_of_range`,
    ///   `limit_exceeded`; nothing was changed then.
    @discardableResult
    public func commitEntries(_ commit: EntriesCommit) async throws -> Int64 {
        try await changing(commit.datasetID) { db, dataset in
            try dataset.require(commit.expectedVersionID)
            let items = DatasetItemTable(db: db)
            var addedEntries = 0
            var addedBytes: [EntryFolder: Int64] = [:]
            var removedBytes: Int64 = 0
            if let (folder, positions) = commit.removed {
                let sequence = try StoreTable(db: db).nextSequence()
                removedBytes = try items.remove(positions, of: dataset, in: folder, sequence: sequence)
                addedBytes[folder] = -removedBytes
                if folder == .finished { addedEntries = -positions.count }
            }
            if !commit.entries.isEmpty {
                let count = try items.count(of: dataset, in: commit.folder) + (commit.folder == .finished ? addedEntries : 0)
                try dataset.requireRoom(for: commit.entries.count, behind: count, entriesMax: commit.entriesMax)
                let bytes = try items.append(
                    commit.entries, to: dataset, in: commit.folder, behind: count, fresh: try Self.enter(commit.packs, db))
                addedBytes[commit.folder, default: 0] &+= bytes
                if commit.folder == .finished { addedEntries += commit.entries.count }
            }
            try DatasetTable(db: db).note(
                dataset, versionID: commit.newVersionID, addedEntries: addedEntries, addedBytes: addedBytes[.finished] ?? 0,
                addedReviewBytes: addedBytes[.needsReview] ?? 0)
            return removedBytes
        }
    }

    /// Refuses what `commitEntries` would refuse for what is known before the bytes are there.
    public func checkRoom(
        forEntries count: Int, inDataset id: String, folder: EntryFolder, expectedVersionID: String?, entriesMax: Int
    ) async throws {
        try await read { db in
            guard let dataset = try DatasetTable(db: db).dataset(id) else { throw CatalogError.datasetNotFound(id) }
            try dataset.require(expectedVersionID)
            let present = try DatasetItemTable(db: db).count(of: dataset, in: folder)
            try dataset.requireRoom(for: count, behind: present, entriesMax: entriesMax)
        }
    }

    /// A key's items; positions outside the table are left out.
    public func items(ofDataset id: String, key: String, in range: Range<Int>) async throws -> [ItemRow] {
        try await read { db in
            guard let dataset = try DatasetTable(db: db).dataset(id) else { throw CatalogError.datasetNotFound(id) }
            return try DatasetItemTable(db: db).items(of: dataset, key: key, in: range)
        }
    }

    /// Whole entries of one moment.
    ///
    /// - Throws: `dataset_not_found`, `incorrect_version_id`, `limit_exceeded` for more than `itemsMax` tensors.
    public func entries(
        ofDataset id: String, in folder: EntryFolder, _ choice: EntryChoice, expectedVersionID: String?, itemsMax: Int
    ) async throws -> EntryRows {
        try await read { db in
            guard let dataset = try DatasetTable(db: db).dataset(id) else { throw CatalogError.datasetNotFound(id) }
            try dataset.require(expectedVersionID)
            return try DatasetItemTable(db: db).entries(of: dataset, in: folder, choice, itemsMax: itemsMax)
        }
    }

    private func changing<T: Sendable>(
        _ id: String, _ body: @escaping @Sendable (Database, DatasetRow) throws -> T
    ) async throws -> T {
        try await write { db in
            guard let dataset = try DatasetTable(db: db).dataset(id) else { throw CatalogError.datasetNotFound(id) }
            return try body(db, dataset)
        }
    }
}

extension DatasetRow {
    fileprivate func require(_ expectedVersionID: String?) throws(CatalogError) {
        guard let expectedVersionID, expectedVersionID != versionID else { return }
        throw CatalogError(
            .incorrectVersionID, "dataset `\(publicID)` has version `\(versionID)`, not `\(expectedVersionID)`; read it again",
            context: ["datasetId": publicID, "datasetVersionId": versionID])
    }

    fileprivate func requireRoom(for added: Int, behind count: Int, entriesMax: Int) throws(CatalogError) {
        guard added > 0, added > entriesMax - count else { return }
        throw CatalogError(
            .limitExceeded,
            "dataset `\(publicID)` has \(count) entries there and \(added) more would pass the \(entriesMax) that are allowed; remove some first",
            context: ["datasetId": publicID])
    }
}
