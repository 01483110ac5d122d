import GRDB

/// What the indexes of a damaged catalog say of the rows that its tables refer to.
///
/// A changed byte hits a table's row or an index's entry, hardly both: where they disagree, the one is right that names a row
/// which is there, or one that lacks just this reference.
struct IndexedReferences {
    private struct Reference {
        let table: String
        /// The columns of the index, the reference among them.
        let columns: [String]
        let index: String
        let column: String
        let target: String
        /// SQL that is true for a row of `target` that is referred to less often than it counts; nil when it does not count.
        let lacks: String?
        /// The column that counts rows without a gap, and those that it counts them by.
        var dense: (column: String, by: [String])?
    }

    /// Disagreements that are looked into: each costs some passes over tables.
    private static let disagreementsMax = 200

    private static let valueLacks =
        """
        refs > (SELECT count(*) FROM key_set_entries NOT INDEXED WHERE value_id = target.id)
            + (SELECT count(*) FROM inodes NOT INDEXED WHERE value_id = target.id)
            + (SELECT count(*) FROM dataset_items NOT INDEXED WHERE value_id = target.id)
        """
    private static func unused(_ column: String, in tables: String...) -> String {
        tables.map { "id NOT IN (SELECT \(column) FROM \($0) NOT INDEXED WHERE \(column) IS NOT NULL)" }.joined(separator: " AND ")
    }

    private static let all: [Reference] = [
        .init(
            table: "key_set_entries", columns: ["value_id"], index: "key_set_entries_by_value", column: "value_id",
            target: "stored_values", lacks: valueLacks),
        .init(
            table: "key_set_entries", columns: ["key_set_id", "position"], index: "sqlite_autoindex_key_set_entries_1", column: "key_set_id",
            target: "key_sets", lacks: "key_count > (SELECT count(*) FROM key_set_entries NOT INDEXED WHERE key_set_id = target.id)"),
        .init(table: "inodes", columns: ["value_id"], index: "inodes_by_value", column: "value_id", target: "stored_values", lacks: valueLacks),
        .init(
            table: "inodes", columns: ["filesystem_id", "inode"], index: "sqlite_autoindex_inodes_1", column: "filesystem_id",
            target: "filesystems", lacks: nil),
        .init(
            table: "directory_entries", columns: ["filesystem_id", "parent_inode", "name"], index: "sqlite_autoindex_directory_entries_1",
            column: "filesystem_id", target: "filesystems", lacks: nil),
        .init(
            table: "chunk_lists", columns: ["value_id", "first_offset"], index: "sqlite_autoindex_chunk_lists_1", column: "value_id",
            target: "stored_values", lacks: "chunk_count > (SELECT coalesce(sum(chunk_count), 0) FROM chunk_lists NOT INDEXED WHERE value_id = target.id)"),
        .init(
            table: "states", columns: ["key_set_id"], index: "states_by_key_set", column: "key_set_id", target: "key_sets",
            lacks: unused("key_set_id", in: "states", "snapshots")),
        .init(table: "states", columns: ["model_id"], index: "states_by_model", column: "model_id", target: "models", lacks: nil),
        .init(
            table: "snapshots", columns: ["key_set_id"], index: "snapshots_by_key_set", column: "key_set_id", target: "key_sets",
            lacks: unused("key_set_id", in: "states", "snapshots")),
        .init(table: "snapshots", columns: ["model_id"], index: "snapshots_by_model", column: "model_id", target: "models", lacks: nil),
        .init(
            table: "snapshots", columns: ["filesystem_id"], index: "snapshots_by_filesystem", column: "filesystem_id", target: "filesystems",
            lacks: unused("filesystem_id", in: "models", "snapshots")),
        .init(
            table: "models", columns: ["filesystem_id"], index: "models_by_filesystem", column: "filesystem_id", target: "filesystems",
            lacks: unused("filesystem_id", in: "models", "snapshots")),
        .init(
            table: "model_tags", columns: ["model_id", "position"], index: "sqlite_autoindex_model_tags_1", column: "model_id",
            target: "models", lacks: nil),
        .init(
            table: "dataset_items", columns: ["value_id"], index: "dataset_items_by_value", column: "value_id", target: "stored_values",
            lacks: valueLacks),
        .init(
            table: "dataset_items", columns: ["dataset_id", "folder", "position", "key_index"], index: "sqlite_autoindex_dataset_items_1",
            column: "dataset_id", target: "datasets", lacks: nil, dense: ("position", ["dataset_id", "folder"])),
        .init(
            table: "dataset_keys", columns: ["dataset_id", "key_index"], index: "sqlite_autoindex_dataset_keys_1", column: "dataset_id",
            target: "datasets", lacks: nil),
        .init(
            table: "dataset_tags", columns: ["dataset_id", "position"], index: "sqlite_autoindex_dataset_tags_1", column: "dataset_id",
            target: "datasets", lacks: nil),
        .init(
            table: "chunks", columns: ["pack_id"], index: "chunks_by_pack", column: "pack_id", target: "packs",
            lacks: "chunk_count > (SELECT count(*) FROM chunks NOT INDEXED WHERE pack_id = target.id)"),
        .init(table: "operations", columns: ["model_id"], index: "operations_by_model", column: "model_id", target: "models", lacks: nil),
    ]

    private let db: Database
    private var references: [Reference]
    private var disagreements = 0

    init(_ db: Database, table: String) {
        self.db = db
        references = Self.all.filter { $0.table == table }
    }

    /// Puts the references of a row right.
    /// - Parameter values: of the row, by the names of the columns.
    mutating func correct(_ values: inout [DatabaseValue], columns: [String], row: Int64) {
        for reference in references {
            let places = reference.columns.compactMap { columns.firstIndex(of: $0) }
            guard disagreements < Self.disagreementsMax, places.count == reference.columns.count else { continue }
            do {
                let own = Dictionary(uniqueKeysWithValues: zip(reference.columns, places.map { values[$0] }))
                guard let other = try disagreement(reference, own, row: row), try prefers(other, to: own, reference, row: row) else { continue }
                for (column, place) in zip(reference.columns, places) { values[place] = other[column]! }
            } catch {
                // The index is damaged itself, or an earlier version had another.
                references.removeAll { $0.index == reference.index }
            }
        }
    }

    /// What the index has for a row; nil when it is the same, or nothing.
    private mutating func disagreement(
        _ reference: Reference, _ own: [String: DatabaseValue], row: Int64
    ) throws -> [String: DatabaseValue]? {
        guard !own.values.contains(where: \.isNull) else { return nil }
        let isSame = reference.columns.map { "\($0) = ?" }.joined(separator: " AND ")
        let same = try db.cachedStatement(sql: "SELECT 1 FROM \(reference.table) INDEXED BY \(reference.index) WHERE rowid = ? AND \(isSame)")
        if try Int.fetchOne(same, arguments: StatementArguments([row.databaseValue] + reference.columns.map { own[$0]! })) != nil { return nil }
        disagreements += 1
        let names = reference.columns.joined(separator: ", ")
        let found = try Row.fetchOne(
            db, sql: "SELECT \(names) FROM \(reference.table) INDEXED BY \(reference.index) WHERE +rowid = ? AND \(reference.column) IS NOT NULL",
            arguments: [row])
        return found.map { found in Dictionary(uniqueKeysWithValues: reference.columns.map { ($0, found[$0] as DatabaseValue) }) }
    }

    private func prefers(
        _ other: [String: DatabaseValue], to own: [String: DatabaseValue], _ reference: Reference, row: Int64
    ) throws -> Bool {
        func exists(_ id: DatabaseValue, _ condition: String = "1") throws -> Bool {
            try Int.fetchOne(
                db, sql: "SELECT 1 FROM \(reference.target) AS target NOT INDEXED WHERE id = ? AND (\(condition))", arguments: [id]) != nil
        }
        let (told, named) = (other[reference.column]!, own[reference.column]!)
        guard told == named else {
            guard try exists(told) else { return false }
            guard try exists(named) else { return true }
            return try reference.lacks.map { try exists(told, $0) } ?? false
        }
        guard let dense = reference.dense else { return false }
        // The place that the index tells is free, and no gap lies before it.
        let isThere = reference.columns.map { "\($0) = ?" }.joined(separator: " AND ")
        guard try Int.fetchOne(
            db, sql: "SELECT 1 FROM \(reference.table) NOT INDEXED WHERE rowid <> ? AND \(isThere)",
            arguments: StatementArguments([row.databaseValue] + reference.columns.map { other[$0]! })) == nil
        else { return false }
        let isBeside = dense.by.map { "\($0) = ?" }.joined(separator: " AND ")
        let last = try Int64.fetchOne(
            db, sql: "SELECT coalesce(max(\(dense.column)), -1) FROM \(reference.table) NOT INDEXED WHERE rowid <> ? AND \(isBeside)",
            arguments: StatementArguments([row.databaseValue] + dense.by.map { other[$0]! }))
        guard let place = Int64.fromDatabaseValue(other[dense.column]!) else { return false }
        return place >= 0 && place - 1 <= last ?? -1
    }
}
