public import ContentStore
import Foundation
import GRDB

/// What compaction asks, and its steps. Whoever calls the steps takes turns with other writers.
extension Catalog {
    /// The highest number of a pack; 0 without packs. Packs that are made later have higher ones.
    public func lastPackNumber() async throws -> Int64 {
        try await read { db in try db.number("SELECT max(id) FROM packs") ?? 0 }
    }

    /// The next packs in the order of their numbers, but for the one that has no file.
    public func compactablePacks(after id: Int64, upTo last: Int64, limit: Int) async throws -> [CompactablePackRow] {
        try await read { db in
            try db.rows(
                """
                SELECT id, name, size_bytes, stored_bytes, dead_bytes FROM packs WHERE id > ? AND id <= ? AND name <> ?
                ORDER BY id LIMIT ?
                """, [id, last, Data(Catalog.lostPack.digest.bytes), limit]
            ).map { row in
                guard let name = Digest(bytes: try row[1] as Data) else {
                    throw CatalogError(.corrupted, "pack number \(try row[0] as Int64) has a name of the wrong length in the catalog")
                }
                return CompactablePackRow(
                    id: try row[0], name: PackName(name), sizeBytes: try row[2], storedBytes: try row[3], deadBytes: try row[4])
            }
        }
    }

    /// Packs by number; those that are gone are left out.
    public func compactablePacks(_ ids: some Sequence<Int64> & Sendable) async throws -> [Int64: CompactablePackRow] {
        var found: [Int64: CompactablePackRow] = [:]
        for id in ids { found[id] = try await compactablePacks(after: id - 1, upTo: id, limit: 1).first }
        return found
    }

    /// Stored bytes of chunks that nothing refers to any more, by the numbers of their packs: they go with a collection.
    ///
    /// - Complexity: follows the condemned chunks.
    public func condemnedBytesByPack() async throws -> [Int64: Int64] {
        try await read { db in
            var bytes: [Int64: Int64] = [:]
            let rows = try db.eachRow("SELECT pack_id, stored_bytes FROM chunks WHERE condemned_at IS NOT NULL AND refs = 0")
            while let row = try rows.next() { bytes[try row[0], default: 0] &+= try row[1] as Int64 }
            return bytes
        }
    }

    /// The next chunks of a pack that something refers to, in the order of their numbers.
    public func livingChunks(inPack pack: Int64, after id: ChunkID?, limit: Int) async throws -> [CompactableChunkRow] {
        try await read { db in
            let rows = try db.rows(
                "SELECT id, checksum < 0 FROM chunks WHERE pack_id = ? AND id > ? AND refs > 0 ORDER BY id LIMIT ?",
                [pack, id?.rawValue ?? Int64.min, limit])
            let places = try ChunkTable(db: db).locate(rows.map { ChunkID(try $0[0]) })
            return try rows.compactMap { row in
                try places[ChunkID(try row[0])].map { CompactableChunkRow(location: $0, isDamaged: try row[1]) }
            }
        }
    }

    /// The next chunks that differences were taken from, in the order of their numbers.
    ///
    /// - Complexity: reads the rows of the differences.
    public func bases(after id: ChunkID?, limit: Int) async throws -> [BaseRow] {
        try await read { db in
            try db.rows(
                """
                SELECT b.id, b.pack_id, b.stored_bytes, b.raw_bytes, d.number, d.bytes,
                    b.refs = d.number AND b.checksum >= 0 AND d.checksum >= 0 AND d.refs > 0
                FROM (SELECT base_id, count(*) AS number, sum(stored_bytes) AS bytes, min(refs) AS refs, min(checksum) AS checksum
                    FROM chunks WHERE base_id > ? GROUP BY base_id ORDER BY base_id LIMIT ?) AS d
                JOIN chunks b ON b.id = d.base_id ORDER BY b.id
                """, [id?.rawValue ?? Int64.min, limit]
            ).map {
                BaseRow(
                    id: ChunkID(try $0[0]), pack: try $0[1], storedBytes: try $0[2], rawBytes: try $0[3], differenceCount: try $0[4],
                    differenceBytes: try $0[5], servesDifferencesOnly: try $0[6])
            }
        }
    }

    /// Where a base and the differences from it lie, at one moment; nil when the base is gone.
    public func family(ofBase id: ChunkID) async throws -> ChunkFamilyRow? {
        try await read { db in
            let table = ChunkTable(db: db)
            guard let base = try table.locate([id])[id] else { return nil }
            let rows = try db.rows("SELECT id, pack_id FROM chunks WHERE base_id = ? ORDER BY id", [id.rawValue])
            let places = try table.locate(rows.map { ChunkID(try $0[0]) })
            let differences = try rows.compactMap { row in
                try places[ChunkID(try row[0])].map { (location: $0, pack: try row[1] as Int64) }
            }
            return ChunkFamilyRow(base: base, differences: differences)
        }
    }

    /// Which of these states there are.
    public func existing(states ids: Set<String>) async throws -> Set<String> {
        try await read { db in
            try ids.filter { try db.exists("SELECT 1 FROM states WHERE public_id = ?", [$0]) }
        }
    }

    /// Lets chunks come from a durable pack from now on, in one transaction of at most about `step`. Their numbers stay, and
    /// so does all that names them.
    ///
    /// The old packs note the sequence: their files stay while something runs that began before.
    ///
    /// - Parameters:
    ///   - moves: one for each of the pack's chunks, in their order. A chunk that is not where it was is left alone.
    ///   - first: where to go on; 0 enters the pack.
    ///   - states: whose commit records the pack carries. One that was deleted meanwhile must not come back by its record.
    /// - Throws: `conflict` when the pack must not be entered: a state is gone, or no chunk is where it was; also, later, when
    ///   what was moved before has been collected with the pack. Nothing was changed then.
    public func move(
        _ moves: [ChunkMove], into pack: SealedPack, from first: Int, states: Set<String>, step: CollectionStep = .init()
    ) async throws -> MovedRows {
        try await write { db in
            if first == 0 {
                for id in states where try !db.exists("SELECT 1 FROM states WHERE public_id = ?", [id]) {
                    throw CatalogError(.conflict, "state `\(id)` was deleted while its commit record was copied")
                }
            }
            var table = CompactionTable(db: db, pack: pack, moves: moves, step: step)
            return try table.move(from: first)
        }
    }

    /// Dead bytes and all stored bytes of packs. Cost: the rows of all packs.
    public func waste() async throws -> (deadBytes: Int64, storedBytes: Int64) {
        try await read { db in
            let row = try db.row(
                "SELECT coalesce(sum(dead_bytes), 0), coalesce(sum(stored_bytes), 0) FROM packs WHERE name <> ?",
                [Data(Catalog.lostPack.digest.bytes)])
            return (try row?[0] ?? 0, try row?[1] ?? 0)
        }
    }

    // MARK: the catalog's file

    /// Free pages of the catalog's file.
    public func slack() async throws -> CatalogSlack {
        try await read { db in
            CatalogSlack(
                freePages: try db.number("PRAGMA freelist_count") ?? 0, pageBytes: try db.number("PRAGMA page_size") ?? 0,
                isIncremental: try db.number("PRAGMA auto_vacuum") == 2)
        }
    }

    /// Gives some free pages back to the file system, in one transaction. The file shrinks when the log is folded in.
    ///
    /// - Returns: how many pages; 0 when none is free, or the catalog cannot do it.
    public func giveBackPages(limit: Int) async throws -> Int64 {
        try await write(countsAsChange: false) { db in
            let before = try db.number("PRAGMA freelist_count") ?? 0
            guard before > 0 else { return 0 }
            try db.execute(sql: "PRAGMA incremental_vacuum(\(limit))")
            return before - (try db.number("PRAGMA freelist_count") ?? 0)
        }
    }

    /// Folds as much of the log into the file as can be without anybody waiting.
    public func foldLog() async throws {
        do {
            try await pool.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA wal_checkpoint(PASSIVE)") }
        } catch {
            throw Self.mapped(error, path: path, waited: busyTimeoutSeconds)
        }
    }

    /// Writes the whole catalog anew, without free pages and so that it can give them back in steps from then on.
    ///
    /// Readers go on; every writer of every process waits until it is done.
    /// - Complexity: reads and writes the catalog twice, and takes its size twice more on disk meanwhile.
    public func rebuildFile() async throws {
        try Task.checkCancellation()
        do {
            let pool = pool
            // As with `write`: once begun it ends, so that nobody has to guess.
            try await Task {
                try await pool.writeWithoutTransaction { db in
                    try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
                    try db.execute(sql: "VACUUM")
                    try db.execute(sql: "PRAGMA wal_checkpoint(PASSIVE)")
                }
            }.value
        } catch {
            throw Self.mapped(error, path: path, waited: busyTimeoutSeconds)
        }
    }
}
