import GRDB

extension Catalog {
    /// A model's states, newest first, that come before the state with the number `row`; nil begins with the newest.
    public func retentionRows(model: String, before row: Int64?, limit: Int) async throws -> [RetentionRow] {
        try await read { db in
            guard let model = try ModelTable(db: db).row(of: model) else { throw CatalogError.modelNotFound(model) }
            return try StateTable(db: db).retentionRows(ofModelRow: model, before: row ?? .max, limit: limit)
        }
    }

    /// What deleting all these states and collecting then would free beyond what a collection now would.
    ///
    /// - Parameter keySets: of the states, and how many of them have each.
    public func forecastRelease(of keySets: [Int64: Int]) async throws -> CollectedRows {
        try await read { db in
            let after = try GarbageForecast(db: db, bound: .max, isQuiet: true, releasedKeySets: keySets).make().removable
            return after - (try GarbageForecast(db: db, bound: .max, isQuiet: true).make().removable)
        }
    }

    /// Deletes states in one transaction but for those that something has come to need.
    ///
    /// - Returns: those that were not deleted.
    public func pruneStates(
        _ states: [String], of model: String, keepingSnapshotted: Bool
    ) async throws -> [String: PruneRefusal] {
        try await write { db in
            var refused: [String: PruneRefusal] = [:]
            let table = StateTable(db: db)
            let sequence = try StoreTable(db: db).nextSequence()
            for id in states {
                guard let state = try table.state(id, model: model) else {
                    refused[id] = .isGone
                    continue
                }
                if state.isActive {
                    refused[id] = .isActive
                } else if try db.exists("SELECT 1 FROM pins WHERE state_id = ? LIMIT 1", [state.row]) {
                    refused[id] = .isPinned
                } else if keepingSnapshotted,
                    try db.exists("SELECT 1 FROM snapshots WHERE key_set_id = ? LIMIT 1", [state.keySet])
                {
                    refused[id] = .hasSnapshot
                } else {
                    try table.remove(row: state.row, keySet: state.keySet, sequence: sequence)
                }
            }
            return refused
        }
    }
}

extension StateTable {
    func retentionRows(ofModelRow model: Int64, before row: Int64, limit: Int) throws -> [RetentionRow] {
        try db.rows(
            """
            SELECT s.id, s.public_id, s.name, s.created_at, s.key_set_id, k.size_bytes, m.active_state_id = s.id,
                EXISTS (SELECT 1 FROM pins p WHERE p.state_id = s.id),
                EXISTS (SELECT 1 FROM snapshots n WHERE n.key_set_id = s.key_set_id), s.being_deleted
            FROM states s JOIN models m ON m.id = s.model_id JOIN key_sets k ON k.id = s.key_set_id
            WHERE s.model_id = ? AND s.id < ? ORDER BY s.id DESC LIMIT ?
            """, [model, row, limit]
        ).map {
            try RetentionRow(
                row: $0[0], publicID: $0[1], name: $0[2], createdAt: $0[3], keySet: $0[4], sizeBytes: $0.amount(5), isActive: $0[6],
                isPinned: $0[7], hasSnapshot: $0[8], isBeingDeleted: $0[9])
        }
    }
}
