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

    func attribute(models: [String], states: [String], to key: String) throws {
        for id in models { try db.run("UPDATE models SET made_by = ? WHERE public_id = ? AND made_by IS NULL", [key, id]) }
        for id in states { try db.run("UPDATE states SET made_by = ? WHERE public_id = ? AND made_by IS NULL", [key, id]) }
    }

    /// What `key` made and is still there.
    func holdings(ofKey key: String) throws -> HoldingsRow {
        try holdings(
            """
            SELECT (SELECT count(*) FROM models WHERE made_by = ?), count(*), coalesce(sum(k.size_bytes), 0)
            FROM states s JOIN key_sets k ON k.id = s.key_set_id WHERE s.made_by = ?
            """, [key, key])
    }

    /// What everybody made.
    func holdings() throws -> HoldingsRow {
        try holdings(
            """
            SELECT (SELECT count(*) FROM models), count(*), coalesce(sum(k.size_bytes), 0)
            FROM states s JOIN key_sets k ON k.id = s.key_set_id
            """, [])
    }

    private func holdings(_ sql: String, _ arguments: StatementArguments) throws -> HoldingsRow {
        guard let row = try db.row(sql, arguments) else { return HoldingsRow(models: 0, states: 0, sizeBytes: 0) }
        return HoldingsRow(models: try row.amount(0), states: try row.amount(1), sizeBytes: try row.amount(2))
    }

    private func row(_ row: CheckedRow) throws -> APIKeyRow {
        APIKeyRow(
            publicID: try row[0], name: try row[1], access: try row[2], rightsJSON: try row[3], limitsJSON: try row[4],
            createdAt: try row[5], revokedAt: try row[6])
    }
}
