import GRDB

/// SQL of `store`.
struct StoreTable {
    let db: Database

    /// Begins a transaction that drops references: what it condemns carries the number that this answers.
    func nextSequence() throws -> Int64 {
        try db.run("UPDATE store SET sequence = sequence + 1 WHERE id = 1")
        return try db.number("SELECT sequence FROM store WHERE id = 1") ?? 0
    }
}
