import GRDB

/// SQL of `states`.
struct StateTable {
    let db: Database

    private static let columns = """
        SELECT s.id, s.public_id, m.public_id, s.name, s.created_at, s.key_set_id, s.base_state, s.lineage, s.mounts,
            s.being_deleted, m.active_state_id = s.id, s.model_id
        FROM states s JOIN models m ON m.id = s.model_id
        """

    struct Insertion {
        let publicID: String
        let model: Int64
        let name: String
        let createdAt: Int64
        let keySet: Int64
        var baseState: String?
        var lineageJSON = "[]"
        var mountsJSON = "[]"
    }

    func insert(_ state: Insertion) throws -> Int64 {
        try db.insert(
            """
            INSERT INTO states (public_id, model_id, name, created_at, key_set_id, base_state, lineage, mounts, made_by)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                state.publicID, state.model, state.name, state.createdAt, state.keySet, state.baseState,
                state.lineageJSON, state.mountsJSON, Maker.keyID,
            ])
    }

    func state(_ id: String, model: String) throws -> StateRow? {
        try db.row("\(Self.columns) WHERE s.public_id = ? AND m.public_id = ?", [id, model]).map(row)
    }

    func activeState(ofModelRow model: Int64) throws -> StateRow? {
        try db.row("\(Self.columns) WHERE m.id = ? AND s.id = m.active_state_id", [model]).map(row)
    }

    /// In the order of creation. Pages before this one cost an index entry a state, never its row.
    func states(ofModelRow model: Int64, offset: Int, limit: Int) throws -> [StateRow] {
        try db.rows(
            """
            \(Self.columns)
            WHERE s.id IN (SELECT id FROM states WHERE model_id = ? ORDER BY id LIMIT ? OFFSET ?)
            ORDER BY s.id
            """, [model, limit, offset]
        ).map(row)
    }

    /// All states of many models by the model's row, each model's in the order of creation.
    func states(ofModelRows models: [Int64]) throws -> [Int64: [StateRow]] {
        var found: [(model: Int64, row: CheckedRow)] = []
        try db.inGroups(of: models) { "\(Self.columns) WHERE s.model_id IN (\($0)) ORDER BY s.id" } _: { row in
            found.append((try row[11], row.copy()))
        }
        let keys = try KeySetTable(db: db).entries(ofAll: try found.map { try $0.row[5] })
        return try found.reduce(into: [:]) { states, entry in
            states[entry.model, default: []].append(try row(entry.row, keys: keys[try entry.row[5]] ?? []))
        }
    }

    func count(ofModelRow model: Int64) throws -> Int {
        Int(try db.number("SELECT count(*) FROM states WHERE model_id = ?", [model]) ?? 0)
    }

    func rename(row: Int64, to name: String) throws {
        try db.run("UPDATE states SET name = ? WHERE id = ?", [name, row])
    }

    /// Deletes a state that is not active, or marks it while a pin holds it.
    func delete(_ state: StateRow, sequence: Int64) throws {
        guard !state.isActive else { throw CatalogError.stateIsActive(state.publicID, model: state.modelID) }
        if try db.exists("SELECT 1 FROM pins WHERE state_id = ? LIMIT 1", [state.row]) {
            try db.run("UPDATE states SET being_deleted = 1 WHERE id = ?", [state.row])
        } else {
            try remove(row: state.row, keySet: state.keySet, sequence: sequence)
        }
    }

    func remove(row: Int64, keySet: Int64, sequence: Int64) throws {
        try db.run("DELETE FROM states WHERE id = ?", [row])
        try KeySetTable(db: db).releaseIfUnused(keySet, sequence: sequence)
    }

    /// The value under `key` of a state, if it has this length.
    func value(ofKey key: String, sizeBytes: Int64, keySet: Int64) throws -> ValueID? {
        try db.number(
            """
            SELECT v.id FROM key_set_entries e JOIN stored_values v ON v.id = e.value_id
            WHERE e.key_set_id = ? AND e.key = ? AND v.size_bytes = ?
            """, [keySet, key, sizeBytes]
        ).map(ValueID.init)
    }

    /// The newest state's value under `key` that has this length, among the model's last `depth` states.
    func newestValue(ofKey key: String, sizeBytes: Int64, model: String, depth: Int) throws -> ValueID? {
        try db.number(
            """
            SELECT v.id
            FROM (SELECT s.id, s.key_set_id FROM states s
                  WHERE s.model_id = (SELECT id FROM models WHERE public_id = ?) ORDER BY s.id DESC LIMIT ?) AS newest
            JOIN key_set_entries e ON e.key_set_id = newest.key_set_id AND e.key = ?
            JOIN stored_values v ON v.id = e.value_id AND v.size_bytes = ?
            ORDER BY newest.id DESC LIMIT 1
            """, [model, depth, key, sizeBytes]
        ).map(ValueID.init)
    }

    /// The newest values of any state under `key` with this length, among the last `depth` values of the length.
    func values(ofKey key: String, sizeBytes: Int64, depth: Int, limit: Int) throws -> [ValueID] {
        try db.rows(
            """
            SELECT newest.id
            FROM (SELECT v.id FROM stored_values v WHERE v.size_bytes = ? AND v.chunk_count > 0 AND v.refs > 0
                  ORDER BY v.id DESC LIMIT ?) AS newest
            WHERE EXISTS (SELECT 1 FROM key_set_entries e WHERE e.value_id = newest.id AND e.key = ?)
            ORDER BY newest.id DESC LIMIT ?
            """, [sizeBytes, depth, key, limit]
        ).map { ValueID(try $0[0]) }
    }

    private func row(_ row: CheckedRow) throws -> StateRow {
        try self.row(row, keys: KeySetTable(db: db).entries(of: row[5]))
    }

    private func row(_ row: CheckedRow, keys: [KeyRow]) throws -> StateRow {
        try StateRow(
            row: row[0], publicID: row[1], modelID: row[2], name: row[3], createdAt: row[4], keySet: row[5],
            keys: keys, isActive: row[10], baseState: row[6],
            lineageJSON: row[7], mountsJSON: row[8], isBeingDeleted: row[9])
    }
}
