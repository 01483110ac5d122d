import ContentStore
import Foundation
import GRDB

/// SQL of `chunks`.
struct ChunkTable {
    /// The longest chunk of FORMAT.md.
    static let rawBytesMax = 16 << 20

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

    /// The chunks with these contents, condemned or not, and whether they are marked as damaged.
    func known(_ digests: [Digest]) throws -> [Digest: (id: ChunkID, isDamaged: Bool)] {
        let wanted = Set(digests)
        var found: [Digest: (id: ChunkID, isDamaged: Bool)] = [:]
        try db.inGroups(of: wanted.map(\.head)) {
            "SELECT id, digest_head, digest_tail, checksum < 0 FROM chunks WHERE digest_head IN (\($0))"
        } _: { row in
            guard let digest = Digest(head: try row[1], tail: try row[2] as Data), wanted.contains(digest) else { return }
            found[digest] = (ChunkID(try row[0]), try row[3])
        }
        return found
    }

    /// The number of the next new chunk: none that was ever given before.
    func nextID() throws -> ChunkID {
        let highest = try db.number("SELECT max(id) FROM chunks") ?? 0
        return ChunkID(try StoreTable.next(after: max(highest, try StoreTable(db: db).lastRemovedChunk())))
    }

    /// A chunk that is about to be entered.
    struct Insertion {
        let id: ChunkID
        let chunk: PackedChunk
        let base: ChunkID?
    }

    func insert(_ insertions: [Insertion], pack: Int64) throws {
        var rest = insertions[...]
        while !rest.isEmpty {
            // Two lengths only, so that the statements stay prepared. What a longer one would touch no longer fits into the
            // memory from which SQLite can take back a statement: it then makes a file for that.
            let rows = rest.prefix(rest.count < 8 ? 1 : 8)
            let places = Array(repeating: "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)", count: rows.count).joined(separator: ", ")
            try db.run(
                """
                INSERT INTO chunks
                    (id, digest_head, digest_tail, pack_id, pack_offset, stored_bytes, raw_bytes, encoding, checksum, base_id, refs)
                VALUES \(places)
                """,
                StatementArguments(rows.flatMap { Self.columns(of: $0, pack: pack) }))
            rest = rest.dropFirst(rows.count)
        }
    }

    private static func columns(of insertion: Insertion, pack: Int64) -> [(any DatabaseValueConvertible)?] {
        let chunk = insertion.chunk
        return [
            insertion.id.rawValue, chunk.digest.head, Data(chunk.digest.tail), pack, chunk.offset, chunk.storedBytes, chunk.rawBytes,
            Int64(chunk.encoding.packed), Int64(chunk.checksum), insertion.base?.rawValue,
        ]
    }

    /// Enters one chunk under the next number.
    func insert(_ chunk: PackedChunk, pack: Int64, base: ChunkID?) throws -> ChunkID {
        let id = try nextID()
        try insert([Insertion(id: id, chunk: chunk, base: base)], pack: pack)
        return id
    }

    /// Enters a chunk of which nothing is known but its number and length: no content is it.
    func insertLost(_ id: ChunkID, rawBytes: Int, pack: Int64) throws {
        let nobodys = Digest(of: (0..<32).map { _ in UInt8.random(in: 0...255) })
        let chunk = PackedChunk(digest: nobodys, offset: 64, storedBytes: rawBytes, rawBytes: rawBytes, encoding: .raw, checksum: 0, base: nil)
        try insert([Insertion(id: id, chunk: chunk, base: nil)], pack: pack)
        _ = try mark(id, damaged: true)
    }

    private static func location(_ row: CheckedRow) throws -> ChunkLocation {
        guard let digest = Digest(head: try row[1], tail: try row[2] as Data), let name = Digest(bytes: try row[3] as Data) else {
            throw CatalogError(.corrupted, "chunk number \(try row[0] as Int64) has a digest of the wrong length in the catalog")
        }
        let (offset, storedBytes, rawBytes): (Int64, Int, Int) = try (row[4], row[5], row[6])
        guard 1...Self.rawBytesMax ~= rawBytes, 1...rawBytes ~= storedBytes, 0...Int64.max >> 2 ~= offset else {
            throw CatalogError(
                .corrupted, "chunk number \(try row[0] as Int64) has \(storedBytes) bytes of \(rawBytes) at byte \(offset) in the catalog; run `strata repair`")
        }
        // A newer program's encodings come with a newer catalog.
        let packed: Int64 = try row[7]
        guard let encoding = try? UInt32(exactly: packed).map(ChunkEncoding.init(packed:)) else {
            throw CatalogError(
                .corrupted, "chunk number \(try row[0] as Int64) has the impossible encoding \(packed) in the catalog; run `strata repair`")
        }
        return try ChunkLocation(
            id: ChunkID(row[0]), digest: digest, pack: PackName(name), offset: offset, storedBytes: storedBytes,
            rawBytes: rawBytes, encoding: encoding,
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
        if let base { try retain([base]) }
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
