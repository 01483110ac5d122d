import ContentStore
import GRDB

/// SQL of `dataset_items`: the tensors of entries, in two folders. Positions are dense: 0, 1, 2, …
struct DatasetItemTable {
    let db: Database

    /// How many entries a folder has.
    func count(of dataset: DatasetRow, in folder: EntryFolder) throws -> Int {
        switch folder {
        case .finished: dataset.entryCount
        case .needsReview: try lastPosition(of: dataset.row).map { $0 + 1 } ?? 0
        }
    }

    private func lastPosition(of row: Int64) throws -> Int? {
        let last = try db.row(
            "SELECT position FROM dataset_items WHERE dataset_id = ? AND folder = ? ORDER BY position DESC LIMIT 1",
            [row, EntryFolder.needsReview.rawValue])
        return try last?.amount(0)
    }

    /// Appends entries behind the `count` that are there.
    ///
    /// - Returns: their bytes.
    func append(
        _ entries: [[ItemInsertion]], to dataset: DatasetRow, in folder: EntryFolder, behind count: Int, fresh: [Digest: ChunkID]
    ) throws -> Int64 {
        let values = ValueTable(db: db)
        var bytes: Int64 = 0
        for (number, entry) in entries.enumerated() {
            for (key, item) in entry.enumerated() {
                let value = try values.retain(item.content, fresh: fresh)
                try db.run(
                    """
                    INSERT INTO dataset_items (dataset_id, folder, position, key_index, value_id, element_type, shape, size_bytes)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                    [
                        dataset.row, folder.rawValue, count + number, key, value.rawValue, item.elementType, item.shapeJSON,
                        item.content.sizeBytes,
                    ])
                bytes += item.content.sizeBytes
            }
        }
        return bytes
    }

    /// Removes the entries at `positions`, of which none is named twice; what stands behind them moves up.
    ///
    /// - Returns: the bytes of what was removed.
    /// - Throws: `index_out_of_range`.
    /// - Complexity: in time the tensors behind the first position; in memory the positions.
    func remove(_ positions: [Int], of dataset: DatasetRow, in folder: EntryFolder, sequence: Int64) throws -> Int64 {
        let count = try count(of: dataset, in: folder)
        let sorted = positions.sorted()
        guard let first = sorted.first, let last = sorted.last else { return 0 }
        guard first >= 0, last < count else {
            throw CatalogError.indexOutOfRange(first < 0 ? first : last, count: count, dataset: dataset.publicID)
        }
        var bytes: Int64 = 0
        var removed = 0
        var next = 0
        while next < sorted.count {
            let start = sorted[next]
            var end = start
            while next < sorted.count, sorted[next] == end {
                end += 1
                next += 1
            }
            bytes &+= try remove(start..<end, of: dataset.row, in: folder, sequence: sequence)
            removed += end - start
            try moveUp(end..<(next < sorted.count ? sorted[next] : count), by: removed, of: dataset.row, in: folder)
        }
        return bytes
    }

    private func remove(_ range: Range<Int>, of row: Int64, in folder: EntryFolder, sequence: Int64) throws -> Int64 {
        let place: StatementArguments = [row, folder.rawValue, range.lowerBound, range.upperBound]
        let values = ValueTable(db: db)
        var bytes: Int64 = 0
        let items = try db.eachRow(
            """
            SELECT value_id, size_bytes FROM dataset_items WHERE dataset_id = ? AND folder = ? AND position >= ? AND position < ?
            """, place)
        while let item = try items.next() {
            try values.release(ValueID(item[0]), sequence: sequence)
            bytes &+= try item.amount(1)
        }
        try db.run("DELETE FROM dataset_items WHERE dataset_id = ? AND folder = ? AND position >= ? AND position < ?", place)
        return bytes
    }

    /// The rows are found through the key in ascending order, and each moves to a place that was left before it.
    private func moveUp(_ range: Range<Int>, by distance: Int, of row: Int64, in folder: EntryFolder) throws {
        guard !range.isEmpty else { return }
        try db.run(
            """
            UPDATE dataset_items SET position = position - ? WHERE dataset_id = ? AND folder = ? AND position >= ? AND position < ?
            """, [distance, row, folder.rawValue, range.lowerBound, range.upperBound])
    }

    func removeAll(of dataset: DatasetRow, sequence: Int64) throws {
        let values = ValueTable(db: db)
        let items = try db.eachRow("SELECT value_id FROM dataset_items WHERE dataset_id = ?", [dataset.row])
        while let item = try items.next() { try values.release(ValueID(item[0]), sequence: sequence) }
        try db.run("DELETE FROM dataset_items WHERE dataset_id = ?", [dataset.row])
    }

    /// A key's items in the order of the finished entries.
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
            """, [dataset.row, EntryFolder.finished.rawValue, range.lowerBound, range.upperBound, index]
        ).map { try ItemRow(value: ValueID($0[0]), elementType: $0[1], shapeJSON: $0[2], sizeBytes: $0.amount(3)) }
    }

    /// Whole entries: those of `choice` that are there, in its order.
    ///
    /// - Throws: `limit_exceeded` for more than `itemsMax` tensors, before any is read.
    func entries(of dataset: DatasetRow, in folder: EntryFolder, _ choice: EntryChoice, itemsMax: Int) throws -> EntryRows {
        let keyCount = Int(try db.number("SELECT count(*) FROM dataset_keys WHERE dataset_id = ?", [dataset.row]) ?? 0)
        let all = 0..<(try count(of: dataset, in: folder))
        let found = choice.positions(within: all)
        guard found.count <= itemsMax / max(keyCount, 1) else {
            throw CatalogError(
                .limitExceeded,
                "\(found.count) entries of \(keyCount) keys were asked for; at most \(itemsMax) tensors are read at once, ask in parts",
                context: ["datasetId": dataset.publicID])
        }
        var items: [EntryItemRow] = []
        items.reserveCapacity(found.count * keyCount)
        switch choice {
        case .range:
            let rows = try db.eachRow(
                """
                SELECT value_id, element_type, size_bytes FROM dataset_items
                WHERE dataset_id = ? AND folder = ? AND position >= ? AND position < ? ORDER BY position, key_index
                """, [dataset.row, folder.rawValue, found.first ?? 0, found.last.map { $0 + 1 } ?? 0])
            while let row = try rows.next() { items.append(try EntryItemRow(row)) }
        case .positions:
            for position in found {
                let rows = try db.eachRow(
                    """
                    SELECT value_id, element_type, size_bytes FROM dataset_items
                    WHERE dataset_id = ? AND folder = ? AND position = ? ORDER BY key_index
                    """, [dataset.row, folder.rawValue, position])
                while let row = try rows.next() { items.append(try EntryItemRow(row)) }
            }
        }
        guard items.count == found.count * keyCount else {
            throw CatalogError(
                .corrupted, "entries of dataset `\(dataset.publicID)` lack tensors in the catalog; run `strata repair`",
                context: ["datasetId": dataset.publicID])
        }
        return EntryRows(positions: found, items: items)
    }
}
