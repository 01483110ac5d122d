public import ContentStore
import GRDB

/// The steps of collection, each one short transaction. Whoever calls them takes turns with other writers.
extension Catalog {
    /// Removes values that were condemned at or before `bound`; nil when there is none left.
    ///
    /// - Complexity: follows what is removed; one transaction of at most about `step`.
    public func removeValues(bound: Int64, step: CollectionStep = .init()) async throws -> CollectedRows? {
        guard try await read({ db in try GarbageTable.hasValues(db, bound: bound) }) else { return nil }
        return try await write { db in
            var table = GarbageTable(db: db, bound: bound, step: step)
            return try table.removeValues()
        }
    }

    /// Removes chunks that were condemned at or before `bound`; nil when there is none left.
    public func removeChunks(bound: Int64, step: CollectionStep = .init()) async throws -> CollectedRows? {
        guard try await read({ db in try GarbageTable.hasChunks(db, bound: bound) }) else { return nil }
        return try await write { db in
            var table = GarbageTable(db: db, bound: bound, step: step)
            return try table.removeChunks()
        }
    }

    /// Removes the rows of packs without chunks. Their files may go once this has returned.
    ///
    /// - Parameter last: where to go on; nil in the answer when no pack is left.
    public func removeEmptyPacks(
        after last: Int64?, step: CollectionStep = .init()
    ) async throws -> (removed: CollectedRows, last: Int64?) {
        let hasPacks = try await read { db in
            try db.exists(
                "SELECT 1 FROM packs WHERE dead_bytes >= stored_bytes AND stored_bytes > 0 AND id > ? LIMIT 1", [last ?? 0])
        }
        guard hasPacks else { return (CollectedRows(), nil) }
        return try await write { db in
            var table = GarbageTable(db: db, bound: 0, step: step)
            var last = last
            return (try table.removePacks(after: &last), last)
        }
    }

    /// Packs whose files may go: nothing runs that began before their last chunk was moved away.
    public func removedPacks(bound: Int64, limit: Int) async throws -> [RemovedPackRow] {
        try await read { db in try RemovedPackTable(db: db).packs(bound: bound, limit: limit) }
    }

    /// Forgets packs whose files are durably gone.
    public func forgetRemovedPacks(_ names: [PackName]) async throws {
        try await write(evenIfCancelled: true) { db in try RemovedPackTable(db: db).forget(names) }
    }

    /// What collection would remove, exactly, at one moment.
    ///
    /// - Parameters:
    ///   - bound: what was condemned at or before it may go.
    ///   - isQuiet: no session runs anything, so that chunks may go in the same run as the values that named them.
    /// - Complexity: follows the garbage; what does not fit into some MiB goes to a temporary file.
    public func forecastGarbage(bound: Int64, isQuiet: Bool) async throws -> GarbageForecastRow {
        try await read { db in try GarbageForecast(db: db, bound: bound, isQuiet: isQuiet).make() }
    }

    /// Dead bytes in packs. Cost: the packs that have some.
    public func deadPackBytes() async throws -> Int64 {
        try await read { db in try db.number("SELECT coalesce(sum(dead_bytes), 0) FROM packs WHERE dead_bytes > 0") ?? 0 }
    }

    /// The processes of sessions that are entered.
    public func processIDs(ofSessions tokens: [String]) async throws -> [String: Int64] {
        try await read { db in
            var found: [String: Int64] = [:]
            for token in tokens {
                found[token] = try db.number("SELECT process_id FROM sessions WHERE token = ?", [token])
            }
            return found
        }
    }
}
