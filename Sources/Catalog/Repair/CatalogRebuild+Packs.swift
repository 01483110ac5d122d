public import ContentStore
import Foundation
import GRDB

extension CatalogRebuild {
    /// The packs that the catalog names, but for the one that has no file.
    public func packs() throws(CatalogError) -> Set<PackName> {
        try using { db in
            Set(try db.rows("SELECT name FROM packs").compactMap { Digest(bytes: try $0[0] as Data).map(PackName.init) })
                .subtracting([Catalog.lostPack])
        }
    }

    /// Where the catalog places chunks in a pack. Memory: what the pack holds.
    public func places(in pack: PackName) throws(CatalogError) -> [ChunkLocation] {
        try using { db in
            guard let row = try PackTable(db: db).id(of: pack) else { return [] }
            let ids = try db.rows("SELECT id FROM chunks WHERE pack_id = ? ORDER BY id", [row]).map { ChunkID(try $0[0]) }
            return Array(try ChunkTable(db: db).locate(ids).values)
        }
    }

    /// Where chunks lie and their bases, by number.
    public func places(of ids: [ChunkID]) throws(CatalogError) -> [ChunkID: ChunkLocation] {
        try using { db in try ChunkTable(db: db).locate(ids) }
    }

    /// Where a chunk lies that is not lost.
    public func place(of digest: Digest) throws(CatalogError) -> ChunkLocation? {
        try using { db in
            let table = ChunkTable(db: db)
            guard let id = try table.id(of: digest), try !table.isDamaged(id) else { return nil }
            return try table.locate([id])[id]
        }
    }

    /// Enters a pack without chunks; one that is there is left alone.
    public func enter(pack: PackName, sizeBytes: Int64, chunks: [PackedChunk]) throws(CatalogError) {
        let storedBytes = chunks.reduce(Int64(0)) { $0 + Int64($1.storedBytes) }
        try using { db in
            guard try PackTable(db: db).id(of: pack) == nil else { return }
            try db.run(
                "INSERT INTO packs (name, size_bytes, chunk_count, stored_bytes, dead_bytes) VALUES (?, ?, ?, ?, 0)",
                [Data(pack.digest.bytes), sizeBytes, chunks.count, storedBytes])
            changes += 1
        }
    }

    /// Enters a chunk that the catalog does not know, or gives a lost one its place, as after a compaction that the basis does
    /// not know of.
    /// - Returns: false when its base is unknown or lost, or it is known and not lost, or a base that would become a difference.
    public func enter(_ chunk: PackedChunk, in pack: PackName) throws(CatalogError) -> Bool {
        try using { db in
            let table = ChunkTable(db: db)
            guard let row = try PackTable(db: db).id(of: pack) else { return false }
            var base: ChunkID?
            if let digest = chunk.base {
                guard let id = try table.id(of: digest), try db.exists("SELECT 1 FROM chunks WHERE id = ? AND base_id IS NULL", [id.rawValue])
                else { return false }
                base = id
            }
            if let known = try table.id(of: chunk.digest) {
                guard try table.isDamaged(known), try base == nil || isSound(base, for: known, db) else { return false }
                try place(known, chunk, row: row, base: base, db)
                return true
            }
            _ = try table.insert(chunk, pack: row, base: base)
            changes += 1
            return true
        }
    }

    /// A difference is nobody's base, and its own base is not lost.
    private func isSound(_ base: ChunkID?, for chunk: ChunkID, _ db: Database) throws -> Bool {
        guard let base, base != chunk, try !ChunkTable(db: db).isDamaged(base) else { return false }
        return try !db.exists("SELECT 1 FROM chunks WHERE base_id = ?", [chunk.rawValue])
    }

    /// Gives a chunk another place. Its mark, if it had one, goes; reference counts are counted anew at the end.
    /// - Returns: false when its base is unknown; then nothing was changed.
    public func move(_ id: ChunkID, to chunk: PackedChunk, in pack: PackName) throws(CatalogError) -> Bool {
        try using { db in
            guard let row = try PackTable(db: db).id(of: pack) else { return false }
            let base = try chunk.base.flatMap { try ChunkTable(db: db).id(of: $0) }
            guard (base == nil) == (chunk.base == nil) else { return false }
            try place(id, chunk, row: row, base: base, db)
            return true
        }
    }

    private func place(_ id: ChunkID, _ chunk: PackedChunk, row: Int64, base: ChunkID?, _ db: Database) throws {
        try db.run(
            """
            UPDATE chunks SET digest_head = ?, digest_tail = ?, pack_id = ?, pack_offset = ?, stored_bytes = ?, raw_bytes = ?,
                encoding = ?, checksum = ?, base_id = ?
            WHERE id = ?
            """,
            [
                chunk.digest.head, Data(chunk.digest.tail), row, chunk.offset, chunk.storedBytes, chunk.rawBytes,
                Int64(chunk.encoding.packed), Int64(chunk.checksum), base?.rawValue, id.rawValue,
            ])
        changes += 1
    }

    /// Notes that a chunk's bytes are nowhere to be found.
    public func lose(_ ids: [ChunkID]) throws(CatalogError) {
        guard !ids.isEmpty else { return }
        try using { db in
            let pack = try lostPack(db)
            for id in ids {
                let changed = try db.change(
                    """
                    UPDATE chunks SET pack_id = ?, pack_offset = 64, stored_bytes = raw_bytes, encoding = 0, checksum = -1,
                        base_id = NULL
                    WHERE id = ? AND (pack_id <> ? OR checksum >= 0)
                    """, [pack, id.rawValue, pack])
                changes += changed
            }
        }
    }

    /// Enters chunks that something names and that are nowhere to be found.
    public func enterLost(_ pieces: [ValuePiece]) throws(CatalogError) {
        try using { db in
            let pack = try lostPack(db)
            for piece in pieces where try ChunkTable(db: db).id(of: piece.digest) == nil {
                let chunk = PackedChunk(
                    digest: piece.digest, offset: 64, storedBytes: piece.rawBytes, rawBytes: piece.rawBytes, encoding: .raw,
                    checksum: 0, base: nil)
                _ = try ChunkTable(db: db).mark(try ChunkTable(db: db).insert(chunk, pack: pack, base: nil), damaged: true)
                changes += 1
            }
        }
    }

    func lostPack(_ db: Database) throws -> Int64 {
        if let row = try PackTable(db: db).id(of: Catalog.lostPack) { return row }
        return try db.insert(
            "INSERT INTO packs (name, size_bytes, chunk_count, stored_bytes, dead_bytes) VALUES (?, 0, 0, 0, 0)",
            [Data(Catalog.lostPack.digest.bytes)])
    }

    /// The marked chunks, which have no sound place.
    public func lostChunks() throws(CatalogError) -> [Digest: ChunkID] {
        try using { db in
            let ids = try db.rows("SELECT id FROM chunks WHERE checksum < 0").map { ChunkID(try $0[0]) }
            return Dictionary(try ChunkTable(db: db).locate(ids).values.map { ($0.digest, $0.id) }) { first, _ in first }
        }
    }

    /// Marks the differences whose base is lost: new content heals each of them, or their base.
    public func markDependants() throws(CatalogError) {
        try using { db in
            changes += try db.change(
                """
                UPDATE chunks SET checksum = -1 - checksum
                WHERE checksum >= 0 AND base_id IN (SELECT b.id FROM chunks b WHERE b.checksum < 0)
                """, [])
        }
    }

    /// Takes the mark of a chunk back that turned out sound.
    public func markSound(_ id: ChunkID) throws(CatalogError) {
        try using { db in if try ChunkTable(db: db).mark(id, damaged: false) { changes += 1 } }
    }

    /// Which of these digests the catalog does not know.
    public func unknown(_ digests: some Sequence<Digest>) throws(CatalogError) -> Set<Digest> {
        try using { db in Set(try digests.filter { try ChunkTable(db: db).id(of: $0) == nil }) }
    }

    /// Forgets a pack in which no chunk stands any more.
    public func remove(pack: PackName) throws(CatalogError) {
        try using { db in
            changes += try db.change(
                "DELETE FROM packs WHERE name = ? AND NOT EXISTS (SELECT 1 FROM chunks c WHERE c.pack_id = packs.id)",
                [Data(pack.digest.bytes)])
        }
    }
}
