public import ContentStore
import Foundation
import GRDB

extension CatalogRebuild {
    /// Counts everything anew that the catalog counts, and gives every model an active state of its own.
    ///
    /// Memory: a counter for each chunk. A sound catalog is left as it is.
    public func recount() throws(CatalogError) {
        try using { db in
            changes += try Self.giveActiveStates(db)
            changes += try Self.removeUnused(db)
            changes += try Self.countEntries(db)
            changes += try Self.countValues(db)
            changes += try Self.countChunks(db)
            changes += try Self.forgetUnusedLosses(db)
            changes += try Self.countPacks(db)
            guard changes > 0 else { return }
            let sequence = try StoreTable(db: db).nextSequence()
            for table in ["stored_values", "chunks"] {
                try db.run("UPDATE \(table) SET condemned_at = ? WHERE refs = 0 AND condemned_at IS NULL", [sequence])
                try db.run("UPDATE \(table) SET condemned_at = NULL WHERE refs > 0 AND condemned_at IS NOT NULL")
            }
        }
    }

    private static func giveActiveStates(_ db: Database) throws -> Int {
        let lacking = try db.rows(
            """
            SELECT m.id, m.created_at FROM models m
            WHERE NOT EXISTS (SELECT 1 FROM states s WHERE s.id = m.active_state_id AND s.model_id = m.id)
            """)
        for row in lacking {
            let model: Int64 = try row[0]
            let newest = try db.number("SELECT max(id) FROM states WHERE model_id = ?", [model])
            let state = try newest ?? StateTable(db: db).insert(
                .init(
                    publicID: UUID().uuidString.lowercased(), model: model, name: Catalog.initialStateName, createdAt: row[1],
                    keySet: try KeySetTable(db: db).insert([])))
            try ModelTable(db: db).setActiveState(state, ofModelRow: model)
        }
        return lacking.count
    }

    private static func removeUnused(_ db: Database) throws -> Int {
        let keySets =
            """
            SELECT k.id FROM key_sets k WHERE NOT EXISTS (SELECT 1 FROM states s WHERE s.key_set_id = k.id)
                AND NOT EXISTS (SELECT 1 FROM snapshots n WHERE n.key_set_id = k.id)
            """
        let filesystems =
            """
            SELECT f.id FROM filesystems f WHERE NOT EXISTS (SELECT 1 FROM models m WHERE m.filesystem_id = f.id)
                AND NOT EXISTS (SELECT 1 FROM snapshots n WHERE n.filesystem_id = f.id)
            """
        try db.run("DELETE FROM key_set_entries WHERE key_set_id IN (\(keySets))")
        var changed = try db.change("DELETE FROM key_sets WHERE id IN (\(keySets))", [])
        for table in ["directory_entries", "inodes"] { try db.run("DELETE FROM \(table) WHERE filesystem_id IN (\(filesystems))") }
        changed += try db.change("DELETE FROM filesystems WHERE id IN (\(filesystems))", [])
        let count = "(SELECT count(*) FROM key_set_entries e WHERE e.key_set_id = key_sets.id)"
        let size =
            """
            (SELECT coalesce(sum(v.size_bytes), 0) FROM key_set_entries e JOIN stored_values v ON v.id = e.value_id
             WHERE e.key_set_id = key_sets.id)
            """
        changed += try db.change(
            "UPDATE key_sets SET key_count = \(count), size_bytes = \(size) WHERE key_count <> \(count) OR size_bytes <> \(size)", [])
        return changed
    }

    private static func countValues(_ db: Database) throws -> Int {
        let count =
            """
            (SELECT count(*) FROM key_set_entries e WHERE e.value_id = stored_values.id)
                + (SELECT count(*) FROM inodes i WHERE i.value_id = stored_values.id)
                + (SELECT count(*) FROM dataset_items d WHERE d.value_id = stored_values.id)
            """
        return try db.change("UPDATE stored_values SET refs = \(count) WHERE refs <> \(count)", [])
    }

    private static func countChunks(_ db: Database) throws -> Int {
        var counts: [Int64: Int64] = [:]
        var unreadable: [Int64] = []
        let lists = try db.eachRow("SELECT rowid, first_offset, first_chunk, chunk_count, entries FROM chunk_lists")
        while let row = try lists.next() {
            // A damaged list says nothing any more: its value is lost, and named.
            let segment = try? ChunkListSegment(firstOffset: row[1], firstChunk: row[2], chunkCount: row[3], encoded: row[4] as Data)
            if segment == nil { unreadable.append(try row[0]) }
            for entry in segment?.entries ?? [] { counts[entry.id.rawValue, default: 0] += 1 }
        }
        for row in unreadable { try db.run("DELETE FROM chunk_lists WHERE rowid = ?", [row]) }
        let bases = try db.eachRow("SELECT base_id FROM chunks WHERE base_id IS NOT NULL")
        while let row = try bases.next() { counts[try row[0], default: 0] += 1 }
        var wrong: [(Int64, Int64)] = []
        let chunks = try db.eachRow("SELECT id, refs FROM chunks")
        while let row = try chunks.next() {
            let (id, refs): (Int64, Int64) = try (row[0], row[1])
            if refs != counts[id, default: 0] { wrong.append((id, counts[id, default: 0])) }
        }
        for (id, refs) in wrong { try db.run("UPDATE chunks SET refs = ? WHERE id = ?", [refs, id]) }
        return wrong.count + unreadable.count
    }

    /// Lost chunks that nothing refers to are no loss: bases, say, that a compaction let go after the basis was written.
    private static func forgetUnusedLosses(_ db: Database) throws -> Int {
        guard let pack = try PackTable(db: db).id(of: Catalog.lostPack),
            let highest = try db.number("SELECT max(id) FROM chunks WHERE pack_id = ? AND refs = 0", [pack])
        else { return 0 }
        let count = try db.change("DELETE FROM chunks WHERE pack_id = ? AND refs = 0", [pack])
        try StoreTable(db: db).noteRemoved(chunk: highest)
        return count
    }

    private static func countPacks(_ db: Database) throws -> Int {
        let lost = Data(Catalog.lostPack.digest.bytes)
        let sum = "(SELECT coalesce(sum(c.stored_bytes), 0) FROM chunks c WHERE c.pack_id = packs.id)"
        try db.run("DELETE FROM packs WHERE name = ? AND NOT EXISTS (SELECT 1 FROM chunks c WHERE c.pack_id = packs.id)", [lost])
        try db.run("UPDATE packs SET stored_bytes = \(sum) WHERE name = ? AND stored_bytes <> \(sum)", [lost])
        return try db.change("UPDATE packs SET dead_bytes = stored_bytes - \(sum) WHERE dead_bytes <> stored_bytes - \(sum)", [])
    }

    /// Corrects what the catalog says of a pack file.
    public func describe(pack: PackName, sizeBytes: Int64, chunks: [PackedChunk]) throws(CatalogError) {
        let storedBytes = chunks.reduce(Int64(0)) { $0 + Int64($1.storedBytes) }
        try using { db in
            changes += try db.change(
                """
                UPDATE packs SET size_bytes = ?, chunk_count = ?, stored_bytes = ?
                WHERE name = ? AND (size_bytes <> ? OR chunk_count <> ? OR stored_bytes <> ?)
                """,
                [
                    sizeBytes, chunks.count, storedBytes, Data(pack.digest.bytes), sizeBytes, chunks.count, storedBytes,
                ])
        }
    }

    /// The values in use that do not match their digests, by digest. Of those that lie in the catalog the size is put right.
    public func wrongValues() throws(CatalogError) -> [Digest: ValueID] {
        try using { db in
            // Of bytes that are wrong the size stays: one of zero would be read without a look at them.
            for row in try db.rows("SELECT id, digest, inline_bytes FROM stored_values WHERE size_bytes <> length(inline_bytes)") {
                let value = IngestedValue(inline: Array(try row[2] as Data))
                guard Digest(bytes: try row[1] as Data) == value.digest else { continue }
                try restore(ValueID(try row[0]), value, db)
            }
            var wrong: [Digest: ValueID] = [:]
            for row in try db.rows("SELECT id, digest FROM stored_values WHERE refs > 0") {
                guard let digest = Digest(bytes: try row[1] as Data) else { continue }
                let id = ValueID(try row[0])
                if let value = try? Self.value(id, db) { if value.digest == digest { continue } }
                if let value = try? Self.valueOfLists(id, digest, db) {
                    try restore(id, value, db)
                } else {
                    wrong[digest] = id
                }
            }
            return wrong
        }
    }

    /// Puts a value's content right that was found elsewhere. Its chunks must be entered before.
    public func restore(_ id: ValueID, _ value: IngestedValue) throws(CatalogError) {
        try using { db in try restore(id, value, db) }
    }

    private func restore(_ id: ValueID, _ value: IngestedValue, _ db: Database) throws {
        try db.run("DELETE FROM chunk_lists WHERE value_id = ?", [id.rawValue])
        switch value.content {
        case .inline(let bytes):
            try db.run(
                "UPDATE stored_values SET size_bytes = ?, chunk_count = 0, inline_bytes = ? WHERE id = ?",
                [value.sizeBytes, Data(bytes), id.rawValue])
        case .pieces(let pieces):
            try db.run(
                "UPDATE stored_values SET size_bytes = ?, chunk_count = ?, inline_bytes = NULL WHERE id = ?",
                [value.sizeBytes, pieces.count, id.rawValue])
            try ValueTable(db: db).insertChunkList(of: id, pieces)
        }
        changes += 1
    }

    /// The content of values as another catalog of this store has it.
    public static func values(_ digests: Set<Digest>, from path: String) -> [Digest: IngestedValue] {
        guard let other = try? DatabaseQueue(path: path, configuration: Catalog.inspecting) else { return [:] }
        defer { try? other.close() }
        let found = try? other.read { db in
            try digests.reduce(into: [Digest: IngestedValue]()) { found, digest in
                guard let id = try db.number("SELECT id FROM stored_values WHERE digest = ?", [Data(digest.bytes)]) else { return }
                found[digest] = try value(ValueID(id), db)
            }
        }
        return found ?? [:]
    }
}
