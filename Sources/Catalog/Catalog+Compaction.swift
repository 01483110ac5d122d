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
        try await read { db in try CompactionQueries(db: db).packs(after: id, upTo: last, limit: limit) }
    }

    /// Packs by number; those that are gone are left out.
    public func compactablePacks(_ ids: some Sequence<Int64> & Sendable) async throws -> [Int64: CompactablePackRow] {
        try await read { db in
            let queries = CompactionQueries(db: db)
            return try ids.reduce(into: [:]) { found, id in found[id] = try queries.packs(after: id - 1, upTo: id, limit: 1).first }
        }
    }

    /// Stored bytes of chunks that nothing refers to any more, by the numbers of their packs: they go with a collection.
    ///
    /// - Complexity: follows the condemned chunks.
    public func condemnedBytesByPack() async throws -> [Int64: Int64] {
        try await read { db in try CompactionQueries(db: db).condemnedBytesByPack() }
    }

    /// The next chunks of a pack that something refers to, in the order of their numbers.
    public func livingChunks(inPack pack: Int64, after id: ChunkID?, limit: Int) async throws -> [CompactableChunkRow] {
        try await read { db in try CompactionQueries(db: db).livingChunks(inPack: pack, after: id, limit: limit) }
    }

    /// The next chunks that differences were taken from, in the order of their numbers.
    ///
    /// - Complexity: reads the rows of the differences.
    public func bases(after id: ChunkID?, limit: Int) async throws -> [BaseRow] {
        try await read { db in try CompactionQueries(db: db).bases(after: id, limit: limit) }
    }

    /// Where a base and the differences from it lie, at one moment; nil when the base is gone.
    public func family(ofBase id: ChunkID) async throws -> ChunkFamilyRow? {
        try await read { db in try CompactionQueries(db: db).family(ofBase: id) }
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
        try await write(change: nil) { db in
            let before = try db.number("PRAGMA freelist_count") ?? 0
            guard before > 0 else { return 0 }
            try db.execute(sql: "PRAGMA incremental_vacuum(\(limit))")
            return before - (try db.number("PRAGMA freelist_count") ?? 0)
        }
    }

    /// Folds as much of the log into the file as can be without anybody waiting.
    public func foldLog() async throws {
        try refuseAfterFailedWrite()
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
        try refuseAfterFailedWrite()
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
