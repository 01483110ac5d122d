import ContentStore
import Foundation
import GRDB

/// Works out what collection would remove, without removing anything.
///
/// Counts go into a database of their own that SQLite keeps in memory up to some MiB and in a temporary file above.
struct GarbageForecast {
    let db: Database
    /// What was condemned at or before it may go now.
    let bound: Int64
    let isQuiet: Bool

    /// Key sets that would be released before, and how many of their users go with that.
    var releasedKeySets: [Int64: Int] = [:]

    private static let schema = """
        CREATE TABLE dropped_values (id INTEGER PRIMARY KEY, refs INTEGER NOT NULL);
        CREATE TABLE dropped (chunk INTEGER PRIMARY KEY, now INTEGER NOT NULL, later INTEGER NOT NULL);
        CREATE TABLE dead (pack INTEGER PRIMARY KEY, now INTEGER NOT NULL, later INTEGER NOT NULL);
        """

    func make() throws -> GarbageForecastRow {
        // An empty path: a temporary file, removed with the connection.
        let counts = try DatabaseQueue(path: "")
        defer { try? counts.close() }
        return try counts.inDatabase { counts in
            var result = GarbageForecastRow()
            try counts.execute(sql: Self.schema)
            try counts.inTransaction {
                try addCondemnedValues(counts, &result)
                try addReleasedValues(counts, &result)
                try addCondemnedChunks(counts)
                try settleChunks(counts, differences: true, &result)
                try settleChunks(counts, differences: false, &result)
                try settlePacks(counts, &result)
                return .commit
            }
            return result
        }
    }

    private func addCondemnedValues(_ counts: Database, _ result: inout GarbageForecastRow) throws {
        let values = try db.eachRow("SELECT id, size_bytes, chunk_count, condemned_at FROM stored_values WHERE condemned_at IS NOT NULL AND refs = 0")
        while let row = try values.next() {
            let condemnedAt: Int64 = try row[3]
            let isNow = condemnedAt <= bound
            result.add(value: try row[1], isInline: try row[2] == 0, isNow: isNow)
            try addChunks(ofValue: row[0], isNow: isNow && isQuiet, counts)
        }
    }

    /// Values that only key sets name which are going to be released.
    private func addReleasedValues(_ counts: Database, _ result: inout GarbageForecastRow) throws {
        for (keySet, users) in releasedKeySets.sorted(by: { $0.key < $1.key }) {
            let all = try db.number(
                """
                SELECT (SELECT count(*) FROM states WHERE key_set_id = ?) + (SELECT count(*) FROM snapshots WHERE key_set_id = ?)
                    + (SELECT count(*) FROM pins WHERE key_set_id = ?)
                """, [keySet, keySet, keySet]) ?? 0
            guard all == users else { continue }
            let entries = try db.eachRow(
                "SELECT value_id FROM key_set_entries WHERE key_set_id = ?", [keySet])
            while let row = try entries.next() {
                try counts.run(
                    "INSERT INTO dropped_values (id, refs) VALUES (?, 1) ON CONFLICT (id) DO UPDATE SET refs = refs + 1", [row[0] as Int64])
            }
        }
        let dropped = try counts.eachRow("SELECT id, refs FROM dropped_values")
        while let drop = try dropped.next() {
            guard let row = try db.row(
                "SELECT size_bytes, chunk_count FROM stored_values WHERE id = ? AND refs = ?", [drop[0] as Int64, drop[1] as Int64])
            else { continue }
            result.add(value: try row[0], isInline: try row[1] == 0, isNow: true)
            try addChunks(ofValue: drop[0], isNow: isQuiet, counts)
        }
    }

    private func addChunks(ofValue value: Int64, isNow: Bool, _ counts: Database) throws {
        let segments = try db.eachRow(
                "SELECT first_offset, first_chunk, chunk_count, entries FROM chunk_lists WHERE value_id = ? ORDER BY first_offset", [value])
        while let row = try segments.next() {
            let segment = try ChunkListSegment(
                firstOffset: row[0], firstChunk: row[1], chunkCount: row[2], encoded: row[3] as Data)
            for entry in segment.entries { try drop(entry.id.rawValue, isNow: isNow, counts) }
        }
    }

    private func drop(_ chunk: Int64, isNow: Bool, _ counts: Database) throws {
        try counts.run(
            """
            INSERT INTO dropped (chunk, now, later) VALUES (?, ?, 1)
            ON CONFLICT (chunk) DO UPDATE SET now = now + excluded.now, later = later + 1
            """, [chunk, isNow ? 1 : 0])
    }

    /// Chunks without references: nothing is dropped, they only have to be looked at.
    private func addCondemnedChunks(_ counts: Database) throws {
        let chunks = try db.eachRow("SELECT id FROM chunks WHERE condemned_at IS NOT NULL AND refs = 0")
        while let row = try chunks.next() {
            try counts.run("INSERT INTO dropped (chunk, now, later) VALUES (?, 0, 0)", [row[0] as Int64])
        }
    }

    /// Differences come first: each drops a reference to its base, which is none itself.
    private func settleChunks(_ counts: Database, differences: Bool, _ result: inout GarbageForecastRow) throws {
        var last: Int64 = 0
        while true {
            let page = try counts.rows("SELECT chunk, now, later FROM dropped WHERE chunk > ? ORDER BY chunk LIMIT 1000", [last])
            guard let end = page.last else { return }
            last = try end[0]
            for drop in page {
                guard let row = try db.row(
                    "SELECT refs, condemned_at, stored_bytes, base_id, pack_id FROM chunks WHERE id = ?", [drop[0] as Int64]),
                    (try row[3] as Int64? != nil) == differences
                else { continue }
                let refs: Int64 = try row[0]
                let (droppedNow, droppedLater): (Int64, Int64) = try (drop[1], drop[2])
                guard droppedLater == refs else { continue }
                let condemnedAt: Int64 = try row[1] ?? .max
                let isNow = refs == 0 ? condemnedAt <= bound : droppedNow == refs
                let bytes: Int64 = try row[2]
                result.add(chunk: bytes, isNow: isNow)
                if let base: Int64 = try row[3] { try self.drop(base, isNow: isNow && isQuiet, counts) }
                try counts.run(
                    """
                    INSERT INTO dead (pack, now, later) VALUES (?, ?, ?)
                    ON CONFLICT (pack) DO UPDATE SET now = now + excluded.now, later = later + excluded.later
                    """, [row[4] as Int64, isNow ? bytes : 0, bytes])
            }
        }
    }

    private func settlePacks(_ counts: Database, _ result: inout GarbageForecastRow) throws {
        // Packs in which nothing dies have to be looked at when something is dead there already.
        let wasted = try db.eachRow("SELECT id FROM packs WHERE dead_bytes > 0")
        while let row = try wasted.next() {
            try counts.run("INSERT INTO dead (pack, now, later) VALUES (?, 0, 0) ON CONFLICT (pack) DO NOTHING", [row[0] as Int64])
        }
        let dead = try counts.eachRow("SELECT pack, now, later FROM dead")
        while let dying = try dead.next() {
            guard let pack = try db.row(
                "SELECT stored_bytes, dead_bytes, size_bytes, moved_at FROM packs WHERE id = ?", [dying[0] as Int64])
            else { continue }
            let (storedBytes, deadBytes, sizeBytes): (Int64, Int64, Int64) = try (pack[0], pack[1], pack[2])
            let (dyingNow, dyingLater): (Int64, Int64) = try (dying[1], dying[2])
            let movedAt: Int64 = try pack[3] ?? 0
            if deadBytes &+ dyingNow >= storedBytes {
                result.add(pack: sizeBytes, isNow: movedAt <= bound)
            } else {
                result.compactableBytes &+= deadBytes &+ dyingNow
                if deadBytes &+ dyingLater >= storedBytes { result.add(pack: sizeBytes, isNow: false) }
            }
        }
        for row in try db.rows("SELECT size_bytes, condemned_at FROM removed_packs") {
            let condemnedAt: Int64 = try row[1]
            result.add(pack: try row[0], isNow: condemnedAt <= bound)
        }
    }
}

extension GarbageForecastRow {
    fileprivate mutating func add(value sizeBytes: Int64, isInline: Bool, isNow: Bool) {
        add(isNow) { rows in
            rows.values += 1
            if isInline { rows.inlineBytes &+= sizeBytes }
        }
    }

    fileprivate mutating func add(chunk storedBytes: Int64, isNow: Bool) {
        add(isNow) { rows in
            rows.chunks += 1
            rows.chunkBytes &+= storedBytes
        }
    }

    fileprivate mutating func add(pack sizeBytes: Int64, isNow: Bool) {
        add(isNow) { rows in
            rows.packs += 1
            rows.packBytes &+= sizeBytes
        }
    }

    private mutating func add(_ isNow: Bool, _ change: (inout CollectedRows) -> Void) {
        if isNow { change(&removable) } else { change(&waiting) }
    }
}
