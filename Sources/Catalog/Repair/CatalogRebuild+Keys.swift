import ContentStore
import Foundation
import GRDB

extension CatalogRebuild {
    /// A state of which the catalog has fewer keys than it counted when the state was made.
    public struct LackingState: Sendable {
        public let modelID: String
        public let stateID: String
        /// Keys of which not even the names are left.
        public let keyCount: Int
        /// The state's size is that of the keys it has: what is gone had no bytes, or nothing is gone and the count was damaged.
        public let hasItsSize: Bool
    }

    /// Of states that the catalog has: those whose keys and values are not as they are told.
    ///
    /// States are immutable, so what a commit record tells is right.
    public func toldOtherwise(_ states: [RecoverableState]) throws(CatalogError) -> [RecoverableState] {
        try using { db in
            try states.filter { state in
                guard let keySet = try Self.keySet(of: state, db) else { return false }
                return try !Self.holds(keySet, state, db)
            }
        }
    }

    /// Gives a state the keys and values that are told of it. What shares its key set (copies, snapshots) has them again too,
    /// unless the set is in order and others have it: then the state was led to the wrong one.
    ///
    /// Its chunks must be entered before, the lost ones too.
    public func enterKeys(of state: RecoverableState) throws(CatalogError) {
        try using { db in
            guard let keySet = try Self.keySet(of: state, db) else { return }
            changes += 1
            let isAnothers = try Self.isShared(keySet, state, db) && Self.agreesWithItself(keySet, db)
            if isAnothers, let right = try Self.keySet(holding: state, db) {
                return try db.run("UPDATE states SET key_set_id = ? WHERE public_id = ?", [right, state.stateID])
            }
            let values = ValueTable(db: db)
            let keys = try state.keys.compactMap { key, value in
                try value.map { (key: key, value: try values.retain($0, fresh: [:]), sizeBytes: $0.sizeBytes) }
            }
            if isAnothers {
                return try db.run(
                    "UPDATE states SET key_set_id = ? WHERE public_id = ?", [try KeySetTable(db: db).insert(keys), state.stateID])
            }
            try db.run("DELETE FROM key_set_entries WHERE key_set_id = ?", [keySet])
            for (position, entry) in keys.enumerated() {
                try db.run(
                    "INSERT INTO key_set_entries (key_set_id, position, key, value_id) VALUES (?, ?, ?, ?)",
                    [keySet, position, entry.key, entry.value.rawValue])
            }
            try db.run("UPDATE key_sets SET key_count = ? WHERE id = ?", [keys.count, keySet])
        }
    }

    private static func isShared(_ keySet: Int64, _ state: RecoverableState, _ db: Database) throws -> Bool {
        try db.exists("SELECT 1 FROM states WHERE key_set_id = ? AND public_id <> ? LIMIT 1", [keySet, state.stateID])
            || db.exists("SELECT 1 FROM snapshots WHERE key_set_id = ? LIMIT 1", [keySet])
    }

    /// Whether a key set has as many keys and bytes as it counted when it was made.
    private static func agreesWithItself(_ keySet: Int64, _ db: Database) throws -> Bool {
        try db.exists(
            """
            SELECT 1 FROM key_sets k WHERE k.id = ? AND k.key_count = (SELECT count(*) FROM key_set_entries e WHERE e.key_set_id = k.id)
                AND k.size_bytes = (SELECT coalesce(sum(v.size_bytes), 0) FROM key_set_entries e
                    JOIN stored_values v ON v.id = e.value_id WHERE e.key_set_id = k.id) LIMIT 1
            """, [keySet])
    }

    /// A key set that is as told of a state: the one that it had.
    private static func keySet(holding state: RecoverableState, _ db: Database) throws -> Int64? {
        guard let first = state.keys.first, let digest = first.value?.digest else { return nil }
        return try db.rows(
            """
            SELECT e.key_set_id FROM key_set_entries e JOIN stored_values v ON v.id = e.value_id
            WHERE v.digest = ? AND e.key = ? ORDER BY e.key_set_id
            """, [Data(digest.bytes), first.key]
        ).map { try $0[0] as Int64 }.first { try holds($0, state, db) }
    }

    private static func keySet(of state: RecoverableState, _ db: Database) throws -> Int64? {
        try db.number("SELECT key_set_id FROM states WHERE public_id = ?", [state.stateID])
    }

    /// Whether a key set is what is told of a state.
    private static func holds(_ keySet: Int64, _ state: RecoverableState, _ db: Database) throws -> Bool {
        let rows = try db.rows(
            """
            SELECT e.key, v.digest FROM key_set_entries e LEFT JOIN stored_values v ON v.id = e.value_id
            WHERE e.key_set_id = ? ORDER BY e.position
            """, [keySet])
        guard rows.count == state.keys.count else { return false }
        return try zip(rows, state.keys).allSatisfy { row, told in
            guard try row[0] == told.key, let value = told.value else { return false }
            return try row[1] as Data? == Data(value.digest.bytes)
        }
    }

    /// The states that lack keys still. Asked before the recount, which takes for right what is there.
    public func lackingStates() throws(CatalogError) -> [LackingState] {
        try using { db in
            try db.rows(
                """
                SELECT m.public_id, s.public_id, k.key_count - (SELECT count(*) FROM key_set_entries e WHERE e.key_set_id = k.id),
                    k.size_bytes = (SELECT coalesce(sum(v.size_bytes), 0) FROM key_set_entries e
                        JOIN stored_values v ON v.id = e.value_id WHERE e.key_set_id = k.id)
                FROM states s JOIN models m ON m.id = s.model_id JOIN key_sets k ON k.id = s.key_set_id
                WHERE k.key_count > (SELECT count(*) FROM key_set_entries e WHERE e.key_set_id = k.id) ORDER BY s.id
                """
            ).map { try LackingState(modelID: $0[0], stateID: $0[1], keyCount: $0[2], hasItsSize: $0[3]) }
        }
    }
}
