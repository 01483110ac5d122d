import ContentStore
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

    /// Whether keys are missing of a state that the catalog has; states are immutable, so what a commit record tells is right.
    public func lacksKeys(of state: RecoverableState) throws(CatalogError) -> Bool {
        try using { db in
            guard let keySet = try db.number("SELECT key_set_id FROM states WHERE public_id = ?", [state.stateID]) else { return false }
            let known = Set(try db.rows("SELECT key FROM key_set_entries WHERE key_set_id = ?", [keySet]).map { try $0[0] as String })
            return state.keys.contains { !known.contains($0.key) }
        }
    }

    /// Enters the keys that are missing of a state. Whatever shares its key set (copies, snapshots) has them again too.
    ///
    /// Its chunks must be entered before, the lost ones too.
    public func enterMissingKeys(of state: RecoverableState) throws(CatalogError) {
        try using { db in
            guard let keySet = try db.number("SELECT key_set_id FROM states WHERE public_id = ?", [state.stateID]) else { return }
            for (position, entry) in state.keys.enumerated() {
                guard let value = entry.value,
                    try !db.exists("SELECT 1 FROM key_set_entries WHERE key_set_id = ? AND (key = ? OR position = ?)", [keySet, entry.key, position])
                else { continue }
                let id = try ValueTable(db: db).retain(value, fresh: [:])
                try db.run(
                    "INSERT INTO key_set_entries (key_set_id, position, key, value_id) VALUES (?, ?, ?, ?)",
                    [keySet, position, entry.key, id.rawValue])
                changes += 1
            }
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
