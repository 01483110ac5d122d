import GRDB

/// SQL of `snapshots`.
struct SnapshotTable {
    let db: Database

    private static let columns = """
        SELECT n.id, n.public_id, m.public_id, n.name, n.created_at, n.settings, n.filesystem_id, f.size_mebibytes,
            n.state_name, n.key_set_id, n.mounts, n.model_id
        FROM snapshots n JOIN models m ON m.id = n.model_id JOIN filesystems f ON f.id = n.filesystem_id
        """

    func snapshot(_ id: String, model: String) throws -> SnapshotRow? {
        try db.row("\(Self.columns) WHERE n.public_id = ? AND m.public_id = ?", [id, model]).map(row)
    }

    /// In the order of creation.
    func snapshots(ofModelRow model: Int64, offset: Int, limit: Int) throws -> [SnapshotRow] {
        try db.rows("\(Self.columns) WHERE n.model_id = ? ORDER BY n.id LIMIT ? OFFSET ?", [model, limit, offset]).map(row)
    }

    /// All snapshots of many models by the model's row, each model's in the order of creation.
    func snapshots(ofModelRows models: [Int64]) throws -> [Int64: [SnapshotRow]] {
        var found: [(model: Int64, row: CheckedRow)] = []
        try db.inGroups(of: models) { "\(Self.columns) WHERE n.model_id IN (\($0)) ORDER BY n.id" } _: { row in
            found.append((try row[11], row.copy()))
        }
        let keys = try KeySetTable(db: db).entries(ofAll: try found.map { try $0.row[9] })
        return try found.reduce(into: [:]) { snapshots, entry in
            snapshots[entry.model, default: []].append(try row(entry.row, keys: keys[try entry.row[9]] ?? []))
        }
    }

    func count(ofModelRow model: Int64) throws -> Int {
        Int(try db.number("SELECT count(*) FROM snapshots WHERE model_id = ?", [model]) ?? 0)
    }

    func insert(
        id: String, name: String, createdAt: Int64, of model: ModelRow, filesystem: Int64, state: StateRow
    ) throws {
        try db.run(
            """
            INSERT INTO snapshots (public_id, model_id, name, created_at, settings, filesystem_id, state_name, key_set_id, mounts,
                made_by)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                id, model.row, name, createdAt, model.settingsJSON, filesystem, state.name, state.keySet, state.mountsJSON, Maker.keyID,
            ])
    }

    /// Enters a snapshot of another store.
    func insert(_ snapshot: SnapshotCommit, model: Int64, filesystem: Int64, keySet: Int64) throws {
        try db.run(
            """
            INSERT INTO snapshots (public_id, model_id, name, created_at, settings, filesystem_id, state_name, key_set_id, mounts)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                snapshot.snapshotID, model, snapshot.name, snapshot.createdAt, snapshot.settingsJSON, filesystem, snapshot.stateName,
                keySet, snapshot.mountsJSON,
            ])
    }

    func rename(row: Int64, to name: String) throws {
        try db.run("UPDATE snapshots SET name = ? WHERE id = ?", [name, row])
    }

    func delete(_ snapshot: SnapshotRow, sequence: Int64) throws {
        try db.run("DELETE FROM snapshots WHERE id = ?", [snapshot.row])
        try KeySetTable(db: db).releaseIfUnused(snapshot.keySet, sequence: sequence)
        try FilesystemTable(db: db).releaseIfUnused(snapshot.filesystem, sequence: sequence)
    }

    private func row(_ row: CheckedRow) throws -> SnapshotRow {
        try self.row(row, keys: KeySetTable(db: db).entries(of: row[9]))
    }

    private func row(_ row: CheckedRow, keys: [KeyRow]) throws -> SnapshotRow {
        try SnapshotRow(
            row: row[0], publicID: row[1], modelID: row[2], name: row[3], createdAt: row[4], settingsJSON: row[5],
            filesystem: row[6], filesystemSizeMebibytes: row[7], stateName: row[8], keySet: row[9],
            keys: keys, mountsJSON: row[10])
    }
}
