import ContentStore
import Foundation
import GRDB

/// SQL of collection: removes condemned rows and hands their references on. Each call works within one transaction until
/// its step is used up.
///
/// Everything is found through the partial indexes on condemned rows, so that the cost follows the garbage.
struct GarbageTable {
    let db: Database
    /// What was condemned at or before it goes.
    let bound: Int64
    let step: CollectionStep
    private let start = ContinuousClock.now
    private var rows = 0

    init(db: Database, bound: Int64, step: CollectionStep) {
        self.db = db
        self.bound = bound
        self.step = step
    }

    /// Never before something was done, so that every step gets on.
    private var isUsedUp: Bool { rows > 0 && (rows >= step.rowsMax || ContinuousClock.now - start >= step.duration) }

    // MARK: values

    static func hasValues(_ db: Database, bound: Int64) throws -> Bool {
        try db.exists("SELECT 1 FROM stored_values WHERE condemned_at <= ? AND refs = 0 LIMIT 1", [bound])
    }

    /// Removes condemned values, a segment of a chunk list at a time; chunks that nothing else uses are condemned.
    mutating func removeValues() throws -> CollectedRows {
        var removed = CollectedRows()
        var highest: Int64 = 0
        let sequence = try StoreTable(db: db).nextSequence()
        repeat {
            guard let row = try db.row(
                """
                SELECT id, chunk_count, size_bytes, length(digest) FROM stored_values WHERE condemned_at <= ? AND refs = 0
                ORDER BY condemned_at LIMIT 1
                """, [bound])
            else { break }
            let (id, chunkCount): (Int64, Int) = try (row[0], row[1])
            guard try chunkCount == 0 || removeSegments(of: id, isMarked: row[3] as Int != Digest.sizeBytes, sequence) else { break }
            try db.run("DELETE FROM stored_values WHERE id = ?", [id])
            rows += 1
            highest = max(highest, id)
            removed.values += 1
            if chunkCount == 0 { removed.inlineBytes &+= try row[2] }
        } while !isUsedUp
        try StoreTable(db: db).noteRemoved(value: highest)
        return removed
    }

    /// False when the step ended before the last segment: the value is marked then, so that nothing finds it.
    private mutating func removeSegments(of value: Int64, isMarked: Bool, _ sequence: Int64) throws -> Bool {
        while let row = try db.row(
            "SELECT first_offset, first_chunk, chunk_count, entries FROM chunk_lists WHERE value_id = ? ORDER BY first_offset LIMIT 1",
            [value])
        {
            if isUsedUp {
                if !isMarked {
                    let mark = withUnsafeBytes(of: value.bigEndian) { Data($0) }
                    try db.run("UPDATE stored_values SET digest = ? WHERE id = ?", [mark, value])
                }
                return false
            }
            let segment = try ChunkListSegment(
                firstOffset: row[0], firstChunk: row[1], chunkCount: row[2], encoded: row[3] as Data)
            try ChunkTable(db: db).release(segment.entries.map(\.id), sequence: sequence)
            try db.run("DELETE FROM chunk_lists WHERE value_id = ? AND first_offset = ?", [value, segment.firstOffset])
            rows += segment.entries.count
        }
        return true
    }

    // MARK: chunks

    static func hasChunks(_ db: Database, bound: Int64) throws -> Bool {
        try db.exists("SELECT 1 FROM chunks WHERE condemned_at <= ? AND refs = 0 LIMIT 1", [bound])
    }

    /// Removes condemned chunks and adds their bytes to their packs' dead ones; bases that nothing else uses are condemned.
    mutating func removeChunks() throws -> CollectedRows {
        var removed = CollectedRows()
        var deadBytes: [Int64: Int64] = [:]
        var highest: Int64 = 0
        let sequence = try StoreTable(db: db).nextSequence()
        repeat {
            guard let row = try db.row(
                """
                SELECT id, pack_id, stored_bytes, base_id FROM chunks WHERE condemned_at <= ? AND refs = 0
                ORDER BY condemned_at LIMIT 1
                """, [bound])
            else { break }
            let (id, storedBytes): (Int64, Int64) = try (row[0], row[2])
            try db.run("DELETE FROM chunks WHERE id = ?", [id])
            deadBytes[try row[1], default: 0] &+= storedBytes
            if let base: Int64 = try row[3] { try ChunkTable(db: db).release([ChunkID(base)], sequence: sequence) }
            rows += 1
            highest = max(highest, id)
            removed.chunks += 1
            removed.chunkBytes &+= storedBytes
        } while !isUsedUp
        for (pack, bytes) in deadBytes {
            try db.run("UPDATE packs SET dead_bytes = dead_bytes + ? WHERE id = ?", [bytes, pack])
        }
        try StoreTable(db: db).noteRemoved(chunk: highest)
        return removed
    }

    // MARK: packs

    /// Removes the rows of packs of which no chunk is left, and enters the packs among those whose files are to go.
    ///
    /// - Parameter last: the number of the last pack that was looked at; nil when none is left.
    mutating func removePacks(after last: inout Int64?) throws -> CollectedRows {
        var removed = CollectedRows()
        repeat {
            guard let row = try db.row(
                """
                SELECT id, name, size_bytes, moved_at FROM packs WHERE dead_bytes >= stored_bytes AND stored_bytes > 0 AND id > ?
                ORDER BY id LIMIT 1
                """, [last ?? 0])
            else {
                last = nil
                break
            }
            let id: Int64 = try row[0]
            last = id
            rows += 1
            // What the counts say is held against the rows: a file goes only when nothing can want it.
            guard try !db.exists("SELECT 1 FROM chunks WHERE pack_id = ? LIMIT 1", [id]) else { continue }
            try db.run(
                "INSERT INTO removed_packs (name, size_bytes, condemned_at) VALUES (?, ?, ?)",
                [row[1] as Data, row[2] as Int64, row[3] as Int64? ?? 0])
            try db.run("DELETE FROM packs WHERE id = ?", [id])
            removed.packs += 1
            removed.packBytes &+= try row[2]
        } while !isUsedUp
        return removed
    }
}

/// SQL of `removed_packs`.
struct RemovedPackTable {
    let db: Database

    func packs(bound: Int64, limit: Int) throws -> [RemovedPackRow] {
        try db.rows("SELECT name, size_bytes FROM removed_packs WHERE condemned_at <= ? LIMIT ?", [bound, limit]).map { row in
            guard let name = Digest(bytes: try row[0] as Data) else {
                throw CatalogError(.corrupted, "a removed pack has a name of the wrong length in the catalog")
            }
            return RemovedPackRow(name: PackName(name), sizeBytes: try row[1])
        }
    }

    func forget(_ names: [PackName]) throws {
        for name in names { try db.run("DELETE FROM removed_packs WHERE name = ?", [Data(name.digest.bytes)]) }
    }
}
