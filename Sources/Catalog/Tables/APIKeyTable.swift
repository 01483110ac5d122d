import Foundation
import GRDB

/// SQL of `api_keys`, and of who made what.
struct APIKeyTable {
    let db: Database

    private static let columns = "SELECT public_id, name, access, rights, limits, created_at, revoked_at FROM api_keys"

    func insert(_ key: APIKeyRow, digest: [UInt8]) throws {
        try db.run(
            """
            INSERT INTO api_keys (public_id, name, digest, access, rights, limits, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)
            """, [key.publicID, key.name, Data(digest), key.access, key.rightsJSON, key.limitsJSON, key.createdAt])
    }

    /// Revoked ones included.
    func key(digest: [UInt8]) throws -> APIKeyRow? {
        try db.row("\(Self.columns) WHERE digest = ?", [Data(digest)]).map(row)
    }

    func key(id: String) throws -> APIKeyRow? {
        try db.row("\(Self.columns) WHERE public_id = ?", [id]).map(row)
    }

    /// In the order in which they were made.
    func keys(offset: Int, limit: Int) throws -> [APIKeyRow] {
        try db.rows("\(Self.columns) ORDER BY id LIMIT ? OFFSET ?", [limit, offset]).map(row)
    }

    func count() throws -> Int { Int(try db.number("SELECT count(*) FROM api_keys") ?? 0) }

    func hasUsable() throws -> Bool { try db.exists("SELECT 1 FROM api_keys WHERE revoked_at IS NULL LIMIT 1", []) }

    /// - Returns: false when there is no such key; one that is revoked stays as it is.
    func revoke(_ id: String, at time: Int64) throws -> Bool {
        guard try db.exists("SELECT 1 FROM api_keys WHERE public_id = ?", [id]) else { return false }
        try db.run("UPDATE api_keys SET revoked_at = ? WHERE public_id = ? AND revoked_at IS NULL", [time, id])
        return true
    }

    /// Who made a model or a dataset: a row of `table` with this public id.
    func maker(of id: String, in table: String) throws -> APIKeyRow? {
        guard let key: String? = try db.row("SELECT made_by FROM \(table) WHERE public_id = ?", [id])?[0], let key else { return nil }
        return try self.key(id: key)
    }

    /// What `key` made and is still there. What a state and a snapshot share counts once.
    func holdings(ofKey key: String) throws -> HoldingsRow {
        HoldingsRow(
            models: try amount("SELECT count(*) FROM models WHERE made_by = ?", [key]),
            states: try amount("SELECT count(*) FROM states WHERE made_by = ?", [key]),
            stateBytes: try amount(
                """
                SELECT coalesce(sum(size_bytes), 0) FROM key_sets WHERE id IN (SELECT key_set_id FROM states WHERE made_by = ?)
                    OR id IN (SELECT key_set_id FROM snapshots WHERE made_by = ?)
                """, [key, key]),
            datasetBytes: try amount("SELECT coalesce(sum(entries_bytes + review_bytes), 0) FROM datasets WHERE made_by = ?", [key]),
            fileBytes: try amount(
                """
                SELECT coalesce(sum(size_bytes), 0) FROM inodes WHERE filesystem_id IN (SELECT filesystem_id FROM models WHERE made_by = ?)
                    OR filesystem_id IN (SELECT filesystem_id FROM snapshots WHERE made_by = ?)
                """, [key, key]))
    }

    /// What everybody made.
    func holdings() throws -> HoldingsRow {
        HoldingsRow(
            models: try amount("SELECT count(*) FROM models"), states: try amount("SELECT count(*) FROM states"),
            stateBytes: try amount("SELECT coalesce(sum(size_bytes), 0) FROM key_sets"),
            datasetBytes: try amount("SELECT coalesce(sum(entries_bytes + review_bytes), 0) FROM datasets"),
            fileBytes: try amount("SELECT coalesce(sum(size_bytes), 0) FROM inodes"))
    }

    private func amount<Number: FixedWidthInteger & CheckedField>(_ sql: String, _ arguments: StatementArguments = []) throws -> Number {
        try db.row(sql, arguments)?.amount(0) ?? 0
    }

    private func row(_ row: CheckedRow) throws -> APIKeyRow {
        APIKeyRow(
            publicID: try row[0], name: try row[1], access: try row[2], rightsJSON: try row[3], limitsJSON: try row[4],
            createdAt: try row[5], revokedAt: try row[6])
    }
}
