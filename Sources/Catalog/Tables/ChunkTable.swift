import ContentStore
import Foundation
import GRDB

/// SQL of `chunks`.
struct ChunkTable {
    let db: Database

    private static let columns = """
        SELECT c.id, c.digest_head, c.digest_tail, p.name, c.pack_offset, c.stored_bytes, c.raw_bytes, c.encoding, c.base_id, c.checksum
        FROM chunks c JOIN packs p ON p.id = c.pack_id
        """

    /// Chunks by content; those condemned at or before `horizon`, and those marked as damaged, count as unknown.
    func locate(_ digests: [Digest], horizon: Int64) throws -> [Digest: ChunkLocation] {
        let wanted = Set(digests)
        var found: [Digest: ChunkLocation] = [:]
        let sql = { (places: String) in
            "\(Self.columns) WHERE c.digest_head IN (\(places)) AND c.checksum >= 0 AND (c.condemned_at IS NULL OR c.condemned_at > ?)"
        }
        try db.inGroups(of: digests.map(\.head), [horizon], sql) { row in
            let location = try Self.location(row)
            if wanted.contains(location.digest) { found[location.digest] = location }
        }
        return found
    }

    func locate(_ ids: [ChunkID]) throws -> [ChunkID: ChunkLocation] {
        var found: [ChunkID: ChunkLocation] = [:]
        try db.inGroups(of: ids.map(\.rawValue), [], { "\(Self.columns) WHERE c.id IN (\($0))" }) { row in
            let location = try Self.location(row)
            found[location.id] = location
        }
        return found
    }

    /// The chunk with this content, condemned or not: what is found within a write transaction cannot vanish before its end.
    func id(of digest: Digest) throws -> ChunkID? {
        try db.number(
            "SELECT id FROM chunks WHERE digest_head = ? AND digest_tail = ? LIMIT 1",
            [digest.head, Data(digest.tail)]
        ).map(ChunkID.init)
    }

    /// The number of the next new chunk: none that was ever given before.
    func nextID() throws -> ChunkID {
        let highest = try db.number("SELECT max(id) FROM chunks") ?? 0
        return ChunkID(try StoreTable.next(after: max(highest, try StoreTable(db: db).lastRemovedChunk())))
    }

    func insert(_ chunk: PackedChunk, as id: ChunkID, pack: Int64, base: ChunkID?) throws {
        try db.run(
            """
            INSERT INTO chunks (id, digest_head, digest_tail, pack_id, pack_offset, stored_bytes, raw_bytes, encoding, checksum, base_id, refs)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)
            """,
            [
                id.rawValue, chunk.digest.head, Data(chunk.digest.tail), pack, chunk.offset, chunk.storedBytes, chunk.rawBytes,
                Int64(chunk.encoding.packed), Int64(chunk.checksum), base?.rawValue,
            ])
    }

    /// Enters one chunk under the next number.
    func insert(_ chunk: PackedChunk, pack: Int64, base: ChunkID?) throws -> ChunkID {
        let id = try nextID()
        try insert(chunk, as: id, pack: pack, base: base)
        return id
    }

    /// Counts further references and takes a condemnation back.
    /// - Throws: `conflict` when the chunk is gone.
    func retain(_ id: ChunkID, count: Int) throws {
        let changed = try db.change(
            "UPDATE chunks SET refs = refs + ?, condemned_at = NULL WHERE id = ?", [count, id.rawValue])
        guard changed == 1 else {
            throw CatalogError(
                .conflict, "chunk number \(id.rawValue) was collected while the commit still needed it; write the state again")
        }
    }

    private static func location(_ row: CheckedRow) throws -> ChunkLocation {
        guard let digest = Digest(head: try row[1], tail: try row[2] as Data), let name = Digest(bytes: try row[3] as Data) else {
            throw CatalogError(.corrupted, "chunk number \(try row[0] as Int64) has a digest of the wrong length in the catalog")
        }
        return try ChunkLocation(
            id: ChunkID(row[0]), digest: digest, pack: PackName(name), offset: row[4], storedBytes: row[5],
            rawBytes: row[6], encoding: ChunkEncoding(packed: UInt32(truncatingIfNeeded: row[7] as Int64)),
            checksum: Self.checksum(row[9]), base: (row[8] as Int64?).map(ChunkID.init))
    }
}

extension ChunkTable {
    /// The column `checksum` of a chunk that is marked as damaged holds -1 less the checksum: a mark that costs nothing to
    /// look up, and that can be taken back.
    static func checksum(_ column: Int64) -> UInt32 { UInt32(truncatingIfNeeded: column < 0 ? -1 - column : column) }

    /// Marks a chunk as damaged, or takes the mark back.
    /// - Returns: whether that changed anything.
    func mark(_ id: ChunkID, damaged: Bool) throws -> Bool {
        let filter = damaged ? "checksum >= 0" : "checksum < 0"
        return try db.change("UPDATE chunks SET checksum = -1 - checksum WHERE id = ? AND \(filter)", [id.rawValue]) == 1
    }

    /// Marks the differences that were taken from a chunk.
    func markDependants(of id: ChunkID) throws {
        try db.run("UPDATE chunks SET checksum = -1 - checksum WHERE base_id = ? AND checksum >= 0", [id.rawValue])
    }

    func isDamaged(_ id: ChunkID) throws -> Bool {
        try db.exists("SELECT 1 FROM chunks WHERE id = ? AND checksum < 0", [id.rawValue])
    }

    /// Lets a damaged chunk's content come from another place from now on. Its number stays, and so does all that names it.
    func heal(_ id: ChunkID, with chunk: PackedChunk, pack: Int64, base: ChunkID?) throws {
        guard let old = try db.row("SELECT pack_id, stored_bytes, base_id FROM chunks WHERE id = ?", [id.rawValue]) else { return }
        try db.run("UPDATE packs SET dead_bytes = dead_bytes + ? WHERE id = ?", [old[1] as Int64, old[0] as Int64])
        if let base { try retain(base, count: 1) }
        try db.run(
            """
            UPDATE chunks SET pack_id = ?, pack_offset = ?, stored_bytes = ?, raw_bytes = ?, encoding = ?, checksum = ?, base_id = ?
            WHERE id = ?
            """,
            [
                pack, chunk.offset, chunk.storedBytes, chunk.rawBytes, Int64(chunk.encoding.packed), Int64(chunk.checksum),
                base?.rawValue, id.rawValue,
            ])
        if let oldBase: Int64 = try old[2] {
            try db.run(
                "UPDATE chunks SET refs = refs - 1, condemned_at = CASE WHEN refs = 1 THEN ? END WHERE id = ?",
                [try StoreTable(db: db).nextSequence(), oldBase])
        }
        // A difference is nobody's base: what was taken from this chunk waits for new content, or for a repair.
        if base != nil { try markDependants(of: id) }
    }
}

/// SQL of `packs`.
struct PackTable {
    let db: Database

    func id(of name: PackName) throws -> Int64? {
        try db.number("SELECT id FROM packs WHERE name = ?", [Data(name.digest.bytes)])
    }

    /// Enters a durable pack and those of its chunks that the catalog does not know yet.
    /// - Returns: the id of each of its chunks.
    func insert(_ pack: SealedPack) throws -> [Digest: ChunkID] {
        let chunks = ChunkTable(db: db)
        try refuseRemoved(pack.name)
        let storedBytes = pack.chunks.reduce(Int64(0)) { $0 + Int64($1.storedBytes) }
        let packID = try db.insert(
            "INSERT INTO packs (name, size_bytes, chunk_count, stored_bytes, dead_bytes) VALUES (?, ?, ?, ?, 0)",
            [Data(pack.name.digest.bytes), pack.sizeBytes, pack.chunks.count, storedBytes])
        var ids: [Digest: ChunkID] = [:]
        var deadBytes: Int64 = 0
        var next = try chunks.nextID()
        for chunk in pack.chunks {
            if let known = try chunks.id(of: chunk.digest) {
                // Another session committed the same content first, or it was condemned or damaged and comes back.
                ids[chunk.digest] = known
                if try chunks.isDamaged(known) {
                    try chunks.heal(known, with: chunk, pack: packID, base: try chunk.base.map { try baseID($0, of: chunk, among: ids) })
                } else {
                    deadBytes += Int64(chunk.storedBytes)
                }
                continue
            }
            let base = try chunk.base.map { try baseID($0, of: chunk, among: ids) }
            if let base { try chunks.retain(base, count: 1) }
            try chunks.insert(chunk, as: next, pack: packID, base: base)
            ids[chunk.digest] = next
            next = ChunkID(try StoreTable.next(after: next.rawValue))
        }
        if deadBytes > 0 { try db.run("UPDATE packs SET dead_bytes = ? WHERE id = ?", [deadBytes, packID]) }
        return ids
    }

    /// A pack whose file is about to go cannot come back under its name.
    private func refuseRemoved(_ name: PackName) throws {
        if try db.exists("SELECT 1 FROM removed_packs WHERE name = ?", [Data(name.digest.bytes)]) {
            throw CatalogError(.conflict, "pack \(name) is being removed; collect first, then enter it again")
        }
    }

    private func baseID(_ base: Digest, of chunk: PackedChunk, among ids: [Digest: ChunkID]) throws -> ChunkID {
        if let id = try ids[base] ?? ChunkTable(db: db).id(of: base) { return id }
        throw CatalogError(
            .conflict, "the base \(base) of chunk \(chunk.digest) was collected while the commit still needed it; write the state again")
    }
}
