import GRDB

/// SQL of `store`.
struct StoreTable {
    let db: Database

    /// Begins a transaction that drops references: what it condemns carries the number that this answers.
    func nextSequence() throws -> Int64 {
        try db.run("UPDATE store SET sequence = sequence + 1 WHERE id = 1")
        return try sequence()
    }

    /// The store's counter of condemning transactions.
    func sequence() throws -> Int64 { try db.number("SELECT sequence FROM store WHERE id = 1") ?? 0 }

    /// The highest number of a chunk that was removed; see `noteRemoved`.
    func lastRemovedChunk() throws -> Int64 { try db.number("SELECT last_removed_chunk FROM store WHERE id = 1") ?? 0 }

    /// The highest number of a value that was removed.
    func lastRemovedValue() throws -> Int64 { try db.number("SELECT last_removed_value FROM store WHERE id = 1") ?? 0 }

    /// - Throws: `corrupted` when there is none, which no store comes to by counting.
    static func next(after number: Int64) throws -> Int64 {
        guard number < Int64.max else {
            throw CatalogError(.corrupted, "the catalog has a row with the highest number that there is; run `strata repair`")
        }
        return number + 1
    }

    /// Remembers removed numbers that SQLite would give again, since no higher one is left.
    func noteRemoved(chunk: Int64) throws {
        guard try chunk > db.number("SELECT max(id) FROM chunks") ?? 0 else { return }
        try db.run("UPDATE store SET last_removed_chunk = ? WHERE id = 1 AND last_removed_chunk < ?", [chunk, chunk])
    }

    func noteRemoved(value: Int64) throws {
        guard try value > db.number("SELECT max(id) FROM stored_values") ?? 0 else { return }
        try db.run("UPDATE store SET last_removed_value = ? WHERE id = 1 AND last_removed_value < ?", [value, value])
    }
}
