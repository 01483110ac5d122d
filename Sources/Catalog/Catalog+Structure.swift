public import ContentStore
import Foundation
import GRDB

extension Catalog {
    /// What contradicts itself in the catalog: pages and indexes, foreign keys, counts of references, bytes of packs.
    ///
    /// - Parameter limit: how many sentences are gathered, about, before the check gives up.
    /// - Complexity: one read transaction that sees one moment and reads all of the catalog; 4 bytes of memory for each chunk,
    ///   16 MiB at most, and another pass over the chunk lists for every four million chunks. Writers do not wait for it.
    public func structuralProblems(limit: Int = 100) async throws -> [String] {
        try await read { db in
            let check = StructureCheck(db: db, limit: limit)
            do {
                // On broken pages the other questions have no answers that mean anything.
                let broken = try check.pages() + check.fields()
                return try broken.isEmpty ? check.foreignKeys() + check.valueReferences() + check.chunkReferences() + check.packs() : broken
            } catch let error as DatabaseError where [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode) {
                return ["the catalog is damaged: \(error.message ?? "SQLite error \(error.extendedResultCode.rawValue)")"]
            } catch let error as ContentError {
                return [error.message]
            }
        }
    }

    /// The next packs in the order of their numbers.
    public func packs(after id: Int64?, limit: Int) async throws -> [PackCheckRow] {
        try await read { db in try Self.packs(after: id, limit: limit, db) }
    }

    static func packs(after id: Int64?, limit: Int, _ db: Database) throws -> [PackCheckRow] {
        try db.rows(
            "SELECT id, name, size_bytes, chunk_count FROM packs WHERE id > ? AND name <> ? ORDER BY id LIMIT ?",
            [id ?? Int64.min, Data(Catalog.lostPack.digest.bytes), limit]
        ).map { row in
            guard let name = Digest(bytes: try row[1] as Data) else {
                throw CatalogError(.corrupted, "pack number \(try row[0] as Int64) has a name of the wrong length in the catalog")
            }
            return try PackCheckRow(id: row[0], name: PackName(name), sizeBytes: row[2], chunkCount: row[3])
        }
    }

    /// The chunks that are kept as differences from these.
    public func chunks(basedOn bases: [ChunkID]) async throws -> [ChunkID] {
        try await read { db in try Self.chunks(basedOn: bases, db) }
    }

    static func chunks(basedOn bases: [ChunkID], _ db: Database) throws -> [ChunkID] {
        var found: [ChunkID] = []
        try db.inGroups(of: bases.map(\.rawValue), [], { "SELECT id FROM chunks WHERE base_id IN (\($0))" }) { row in
            found.append(ChunkID(try row[0]))
        }
        return found
    }

    /// Values in use, for dividing a verification into parts.
    public func valueCount() async throws -> Int64 {
        try await read { db in try db.number("SELECT count(*) FROM stored_values WHERE refs > 0") ?? 0 }
    }

    /// Whether something still uses a value.
    public func isInUse(_ value: ValueID) async throws -> Bool {
        try await read { db in
            try db.exists("SELECT 1 FROM stored_values WHERE id = ? AND refs > 0", [value.rawValue])
        }
    }
}

/// The questions that a catalog is asked about itself.
private struct StructureCheck {
    /// Chunks that are counted at once: 16 MiB of counters.
    static let windowChunks: Int64 = 4 << 20

    let db: Database
    let limit: Int

    func pages() throws -> [String] {
        try String.fetchAll(db, sql: "PRAGMA integrity_check(\(limit))").filter { $0 != "ok" }.map { "the catalog is damaged: \($0)" }
    }

    func fields() throws -> [String] {
        try [CatalogSchema(db).wrongType(), FieldBounds.fault(db)].compactMap(\.self).map { "the catalog is damaged: \($0)" }
    }

    func foreignKeys() throws -> [String] {
        var found: [String] = []
        let rows = try db.eachRow("PRAGMA foreign_key_check")
        while found.count < limit, let row = try rows.next() {
            let (table, parent): (String?, String?) = try (row[0], row[2])
            found.append("a row of the catalog's table `\(table ?? "?")` refers to a missing one of `\(parent ?? "?")`")
        }
        return found
    }

    func valueReferences() throws -> [String] {
        try db.rows(
            """
            SELECT id, refs, counted FROM (
                SELECT v.id AS id, v.refs AS refs, (SELECT count(*) FROM key_set_entries e WHERE e.value_id = v.id)
                    + (SELECT count(*) FROM inodes i WHERE i.value_id = v.id)
                    + (SELECT count(*) FROM dataset_items d WHERE d.value_id = v.id) AS counted
                FROM stored_values v) AS counts
            WHERE refs <> counted ORDER BY id LIMIT ?
            """, [limit]
        ).map { try "value number \($0[0] as Int64) has \($0[1] as Int64) references in the catalog, and \($0[2] as Int64) were found" }
    }

    func packs() throws -> [String] {
        try db.rows(
            """
            SELECT p.id, p.dead_bytes, p.stored_bytes - coalesce(s.live, 0) FROM packs p
            LEFT JOIN (SELECT pack_id, sum(stored_bytes) AS live FROM chunks GROUP BY pack_id) AS s ON s.pack_id = p.id
            WHERE p.dead_bytes <> p.stored_bytes - coalesce(s.live, 0) AND p.name <> ? ORDER BY p.id LIMIT ?
            """, [Data(Catalog.lostPack.digest.bytes), limit]
        ).map { try "pack number \($0[0] as Int64) has \($0[1] as Int64) dead bytes in the catalog, and \($0[2] as Int64) were counted" }
    }

    /// Counts window by window what chunk lists and differences refer to, and holds it against the rows.
    func chunkReferences() throws -> [String] {
        var found: [String] = []
        var (placed, total): (Int64, Int64) = (0, 0)
        var next = Int64.min
        // What differences refer to may lie past all chunks.
        let last = max(
            try db.number("SELECT max(id) FROM chunks") ?? 0, try db.number("SELECT max(base_id) FROM chunks WHERE base_id IS NOT NULL") ?? 0)
        while found.count < limit, let first = try db.number("SELECT min(id) FROM chunks WHERE id >= ?", [next]) {
            let length = min(Self.windowChunks - 1, last.subtractingReportingOverflow(first).overflow ? Int64.max : last - first) + 1
            let end = first.addingReportingOverflow(length).overflow ? Int64.max : first + length
            var counts = [Int32](repeating: 0, count: Int(length))
            (placed, total) = try countPlaces(first..<end, into: &counts, placed: placed)
            found += try compare(first..<end, counts: &counts)
            guard end < Int64.max else { break }
            next = end
        }
        if placed < total { found.append("\(total - placed) places in chunk lists name chunks that are not in the catalog") }
        return found
    }

    private func countPlaces(_ window: Range<Int64>, into counts: inout [Int32], placed: Int64) throws -> (Int64, Int64) {
        var (placed, total) = (placed, Int64(0))
        let lists = try db.eachRow("SELECT first_offset, first_chunk, chunk_count, entries FROM chunk_lists")
        while let row = try lists.next() {
            let segment = try ChunkListSegment(firstOffset: row[0], firstChunk: row[1], chunkCount: row[2], encoded: row[3] as Data)
            total += Int64(segment.entries.count)
            for entry in segment.entries where window.contains(entry.id.rawValue) {
                counts[Int(entry.id.rawValue - window.lowerBound)] &+= 1
                placed += 1
            }
        }
        return (placed, total)
    }

    private func compare(_ window: Range<Int64>, counts: inout [Int32]) throws -> [String] {
        var found: [String] = []
        let bounds: StatementArguments = [window.lowerBound, window.upperBound]
        let bases = try db.eachRow(
            "SELECT base_id, count(*) FROM chunks WHERE base_id >= ? AND base_id < ? GROUP BY base_id", bounds)
        while let row = try bases.next() {
            counts[Int((try row[0] as Int64) - window.lowerBound)] &+= Int32(truncatingIfNeeded: try row[1] as Int64)
        }
        let rows = try db.eachRow(
            "SELECT id, refs FROM chunks WHERE id >= ? AND id < ? ORDER BY id", bounds)
        while found.count < limit, let row = try rows.next() {
            let (id, refs): (Int64, Int64) = try (row[0], row[1])
            let counted = counts[Int(id - window.lowerBound)]
            counts[Int(id - window.lowerBound)] = 0
            if refs != Int64(counted) {
                found.append("chunk number \(id) has \(refs) references in the catalog, and \(counted) were found")
            }
        }
        guard found.count < limit else { return found }
        let missing = counts.reduce(Int64(0)) { $0 + Int64($1) }
        if missing > 0 { found.append("\(missing) places in chunk lists name chunks that are not in the catalog") }
        return found
    }
}
