import GRDB

extension Catalog {
    /// Enters a key; only its digest is kept.
    public func insertAPIKey(_ key: APIKeyRow, digest: [UInt8]) async throws {
        try await write { db in try APIKeyTable(db: db).insert(key, digest: digest) }
    }

    /// The key with this digest, revoked or not; one look into an index.
    public func apiKey(digest: [UInt8]) async throws -> APIKeyRow? {
        try await read { db in try APIKeyTable(db: db).key(digest: digest) }
    }

    public func apiKey(id: String) async throws -> APIKeyRow? {
        try await read { db in try APIKeyTable(db: db).key(id: id) }
    }

    /// In the order in which they were made, revoked ones included.
    public func apiKeys(offset: Int, limit: Int) async throws -> RowPage<APIKeyRow> {
        try await read { db in
            let table = APIKeyTable(db: db)
            return RowPage(rows: try table.keys(offset: offset, limit: limit), total: try table.count())
        }
    }

    /// Whether there is a key that is not revoked.
    public func hasUsableAPIKey() async throws -> Bool {
        try await read { db in try APIKeyTable(db: db).hasUsable() }
    }

    /// - Returns: false when there is no such key.
    public func revokeAPIKey(id: String, at time: Int64) async throws -> Bool {
        try await write { db in try APIKeyTable(db: db).revoke(id, at: time) }
    }

    /// The key that made a model; nil for none, and for no such model.
    public func maker(ofModel id: String) async throws -> APIKeyRow? {
        try await read { db in try APIKeyTable(db: db).maker(of: id, in: "models") }
    }

    public func maker(ofDataset id: String) async throws -> APIKeyRow? {
        try await read { db in try APIKeyTable(db: db).maker(of: id, in: "datasets") }
    }

    /// What a key made and is still there, or all that is there.
    ///
    /// - Complexity: an index entry and a row for each state, snapshot, dataset and file that counts.
    public func holdings(ofKey key: String?) async throws -> HoldingsRow {
        try await read { db in
            let table = APIKeyTable(db: db)
            return try key.map { try table.holdings(ofKey: $0) } ?? table.holdings()
        }
    }
}
