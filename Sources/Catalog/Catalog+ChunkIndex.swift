public import ContentStore

extension Catalog: ChunkIndex {
    public func locate(_ digests: [Digest], horizon: Int64) async throws -> [ChunkLocation?] {
        try await read { db in
            let found = try ChunkTable(db: db).locate(digests, horizon: horizon)
            return digests.map { found[$0] }
        }
    }

    public func locate(_ ids: [ChunkID]) async throws -> [ChunkID: ChunkLocation] {
        try await read { db in try ChunkTable(db: db).locate(ids) }
    }

    /// Whether the catalog names a pack.
    public func hasPack(_ name: PackName) async throws -> Bool {
        try await read { db in try PackTable(db: db).id(of: name) != nil }
    }
}
