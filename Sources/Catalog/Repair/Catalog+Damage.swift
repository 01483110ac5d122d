public import ContentStore
import GRDB

extension Catalog {
    /// The pack that has no file: chunks whose bytes a repair found nowhere stand in it.
    public static let lostPack = PackName(Digest(bytes: [UInt8](repeating: 0, count: Digest.sizeBytes))!)

    /// Marks chunks whose bytes were found damaged or missing: `locate(_:horizon:)` no longer answers them, so that an ingest of
    /// the same content writes it anew and the chunk's number gets the new place.
    ///
    /// - Returns: how many were not marked before.
    /// - Complexity: one transaction.
    @discardableResult
    public func markDamaged(_ ids: [ChunkID]) async throws -> Int {
        guard !ids.isEmpty else { return 0 }
        return try await write { db in try ids.count(where: { try ChunkTable(db: db).mark($0, damaged: true) }) }
    }

    /// The same for a chunk that a reader knows by its content, and for the differences that were taken from it; an unknown
    /// one is no error.
    public func markDamaged(_ digest: Digest) async throws {
        try await write { db in
            let table = ChunkTable(db: db)
            guard let id = try table.id(of: digest) else { return }
            _ = try table.mark(id, damaged: true)
            try table.markDependants(of: id)
        }
    }

    /// Takes the marks of chunks back that were read and are sound.
    @discardableResult
    public func markSound(_ ids: [ChunkID]) async throws -> Int {
        guard !ids.isEmpty else { return 0 }
        return try await write { db in try ids.count(where: { try ChunkTable(db: db).mark($0, damaged: false) }) }
    }

    /// The chunks that are marked as damaged. Cost: a scan of the chunks.
    public func damagedChunks() async throws -> [ChunkID] {
        try await read { db in try db.rows("SELECT id FROM chunks WHERE checksum < 0 ORDER BY id").map { ChunkID(try $0[0]) } }
    }
}
