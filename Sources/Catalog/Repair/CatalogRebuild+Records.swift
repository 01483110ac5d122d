import GRDB

extension CatalogRebuild {
    /// Revokes the keys of callers whose rights or limits cannot be read: no right may become another one.
    ///
    /// One whose id cannot be read either goes.
    /// - Parameter emptyJSON: no rights, no limits.
    /// - Returns: the ids.
    public func revokeAPIKeys(unless isReadable: (APIKeyRow) -> Bool, emptyJSON: String) throws(CatalogError) -> [String] {
        try using { db in
            let unreadable = try APIKeyTable(db: db).keys(offset: 0, limit: Int.max).filter { !isReadable($0) }
            for key in unreadable {
                let revoked = APIKeyRow(
                    publicID: key.publicID, name: key.name, access: nil, rightsJSON: emptyJSON, limitsJSON: emptyJSON, createdAt: key.createdAt)
                guard isReadable(revoked) else {
                    try db.run("DELETE FROM api_keys WHERE public_id = ?", [key.publicID])
                    continue
                }
                try db.run(
                    "UPDATE api_keys SET access = NULL, rights = ?, limits = ?, revoked_at = coalesce(revoked_at, created_at) WHERE public_id = ?",
                    [emptyJSON, emptyJSON, key.publicID])
            }
            changes += unreadable.count
            return unreadable.map(\.publicID)
        }
    }

    /// Removes the records of operations that cannot be read.
    /// - Returns: their ids.
    public func removeOperations(unless isReadable: (OperationRow) -> Bool) throws(CatalogError) -> [String] {
        try using { db in
            let table = OperationTable(db: db)
            var removed: [String] = []
            for row in try db.rows("SELECT o.id, o.public_id, m.public_id FROM operations o JOIN models m ON m.id = o.model_id") {
                if let operation = try? table.operation(try row[1], model: try row[2]), isReadable(operation) { continue }
                try table.remove(row: row[0])
                removed.append(try row[1])
            }
            changes += removed.count
            return removed
        }
    }
}
