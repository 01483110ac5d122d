import ContentStore
import GRDB

/// SQL of `key_sets` and `key_set_entries`: the immutable keys of states and snapshots.
struct KeySetTable {
    let db: Database

    func insert(_ keys: [(key: String, value: ValueID, sizeBytes: Int64)]) throws -> Int64 {
        let total = keys.reduce(Int64(0)) { $0 + $1.sizeBytes }
        let id = try db.insert("INSERT INTO key_sets (key_count, size_bytes) VALUES (?, ?)", [keys.count, total])
        for (position, entry) in keys.enumerated() {
            try db.run(
                "INSERT INTO key_set_entries (key_set_id, position, key, value_id) VALUES (?, ?, ?, ?)",
                [id, position, entry.key, entry.value.rawValue])
        }
        return id
    }

    /// The keys in their order.
    func entries(of id: Int64) throws -> [KeyRow] {
        try db.rows(
            """
            SELECT e.key, v.size_bytes, e.value_id FROM key_set_entries e JOIN stored_values v ON v.id = e.value_id
            WHERE e.key_set_id = ? ORDER BY e.position
            """, [id]
        ).map { try KeyRow(key: $0[0], sizeBytes: $0.amount(1), value: ValueID($0[2])) }
    }

    /// The keys of many key sets, each in their order.
    func entries(ofAll ids: [Int64]) throws -> [Int64: [KeyRow]] {
        var keys: [Int64: [KeyRow]] = [:]
        try db.inGroups(of: Array(Set(ids))) {
            """
            SELECT e.key_set_id, e.key, v.size_bytes, e.value_id FROM key_set_entries e JOIN stored_values v ON v.id = e.value_id
            WHERE e.key_set_id IN (\($0)) ORDER BY e.key_set_id, e.position
            """
        } _: { row in
            keys[try row[0], default: []].append(try KeyRow(key: row[1], sizeBytes: row.amount(2), value: ValueID(row[3])))
        }
        return keys
    }

    /// Removes a key set that no state, snapshot or pin names any more.
    func releaseIfUnused(_ id: Int64, sequence: Int64) throws {
        for table in ["states", "snapshots", "pins"]
        where try db.exists("SELECT 1 FROM \(table) WHERE key_set_id = ? LIMIT 1", [id]) {
            return
        }
        let values = ValueTable(db: db)
        for row in try db.rows("SELECT value_id FROM key_set_entries WHERE key_set_id = ?", [id]) {
            try values.release(ValueID(row[0]), sequence: sequence)
        }
        try db.run("DELETE FROM key_set_entries WHERE key_set_id = ?", [id])
        try db.run("DELETE FROM key_sets WHERE id = ?", [id])
    }
}
