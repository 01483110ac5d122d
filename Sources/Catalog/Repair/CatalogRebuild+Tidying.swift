import ContentStore
import Foundation
import GRDB

extension CatalogRebuild {
    /// Makes a salvaged catalog agree with itself: rows that name missing ones get something to name, or go.
    ///
    /// What users see stays where it can: a state without its model gets one, a key without its value stays a key.
    ///
    /// - Parameter settingsJSON: of a model of which only the states are left.
    public func tidy(settingsJSON: String) throws(CatalogError) {
        try clearSessions()
        try using { db in
            changes += 1
            try Self.removeUnfit(db)
            try Self.tidyModels(db, settingsJSON: settingsJSON)
            try Self.tidyValues(db)
            try Self.tidyFiles(db)
            try closeGaps(db)
            try Self.tidyOperations(db)
        }
        let orphans = try using { db in
            try db.rows(
                """
                SELECT c.id FROM chunks c WHERE NOT EXISTS (SELECT 1 FROM packs p WHERE p.id = c.pack_id)
                    OR (c.base_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM chunks b WHERE b.id = c.base_id AND b.base_id IS NULL))
                """
            ).map { ChunkID(try $0[0]) }
        }
        try lose(orphans)
        try enterMissingChunks()
    }

    /// Chunks that lists name and no row tells of are lost.
    private func enterMissingChunks() throws(CatalogError) {
        try using { db in
            var missing: [Int64: Int] = [:]
            for row in try db.rows("SELECT rowid, first_offset, first_chunk, chunk_count FROM chunk_lists") {
                let list: Int64 = try row[0]
                let encoded: Data = try db.row("SELECT entries FROM chunk_lists WHERE rowid = ?", [list])?[0] ?? Data()
                let segment = try? ChunkListSegment(firstOffset: row[1], firstChunk: row[2], chunkCount: row[3], encoded: encoded)
                guard let segment else { continue }
                guard segment.entries.allSatisfy({ 1...FieldBounds.most ~= $0.id.rawValue }) else {
                    try db.run("DELETE FROM chunk_lists WHERE rowid = ?", [list])
                    continue
                }
                var known: Set<Int64> = []
                try db.inGroups(of: segment.entries.map(\.id.rawValue), [], { "SELECT id FROM chunks WHERE id IN (\($0))" }) { known.insert(try $0[0]) }
                for entry in segment.entries where !known.contains(entry.id.rawValue) { missing[entry.id.rawValue] = entry.rawBytes }
            }
            let pack = try missing.isEmpty ? 0 : lostPack(db)
            for (id, rawBytes) in missing { try ChunkTable(db: db).insertLost(ChunkID(id), rawBytes: rawBytes, pack: pack) }
        }
    }

    /// Replaces settings that cannot be read.
    /// - Returns: the ids of the models and snapshots that had them.
    public func replaceSettings(by settingsJSON: String, unless isReadable: (String) -> Bool) throws(CatalogError) -> [String] {
        try using { db in
            var replaced: [String] = []
            for table in ["models", "snapshots"] {
                for row in try db.rows("SELECT public_id, settings FROM \(table)") where !isReadable(try row[1]) {
                    let id: String = try row[0]
                    try db.run("UPDATE \(table) SET settings = ? WHERE public_id = ?", [settingsJSON, id])
                    replaced.append(id)
                }
            }
            changes += replaced.count
            return replaced
        }
    }

    private static func removeUnfit(_ db: Database) throws {
        try FieldBounds.clear(db)
        try db.run("DELETE FROM dataset_tags WHERE dataset_id NOT IN (SELECT id FROM datasets)")
        try db.run("DELETE FROM dataset_keys WHERE dataset_id NOT IN (SELECT id FROM datasets)")
        try db.run("DELETE FROM dataset_items WHERE dataset_id NOT IN (SELECT id FROM datasets)")
        try db.run("DELETE FROM model_tags WHERE model_id NOT IN (SELECT id FROM models)")
    }

    private static func tidyModels(_ db: Database, settingsJSON: String) throws {
        let orphans = try db.rows(
            """
            SELECT model_id, min(created_at) FROM (SELECT model_id, created_at FROM states UNION ALL SELECT model_id, created_at FROM snapshots)
                AS named WHERE model_id NOT IN (SELECT id FROM models) GROUP BY model_id
            """)
        for row in orphans {
            try db.run(
                """
                INSERT INTO models (id, public_id, owner, name, description, public_access, created_at, settings)
                VALUES (?, ?, 'local', ?, '', 0, ?, ?)
                """,
                [row[0] as Int64, UUID().uuidString.lowercased(), "recovered \(row[0] as Int64)", row[1] as Int64, settingsJSON])
        }
        let sets =
            """
            SELECT key_set_id FROM states UNION SELECT key_set_id FROM snapshots UNION SELECT key_set_id FROM key_set_entries
            """
        try db.run(
            "INSERT INTO key_sets (id, key_count, size_bytes) SELECT key_set_id, 0, 0 FROM (\(sets)) AS named WHERE key_set_id NOT IN (SELECT id FROM key_sets)")
        try db.run("UPDATE models SET active_state_id = NULL WHERE active_state_id NOT IN (SELECT id FROM states)")
        // What waited for a mount has nobody to wait for.
        try db.run("UPDATE states SET being_deleted = 0 WHERE being_deleted <> 0")
    }

    /// Records of models that are gone go too; so do metrics without a record, or without their neighbours' numbers.
    private static func tidyOperations(_ db: Database) throws {
        let lost = try db.rows("SELECT id FROM operations WHERE model_id NOT IN (SELECT id FROM models)")
        for row in lost { try OperationTable(db: db).remove(row: row[0]) }
        try db.run("DELETE FROM operation_usage WHERE operation_id NOT IN (SELECT id FROM operations)")
        try db.run("DELETE FROM operation_metric_names WHERE operation_id NOT IN (SELECT id FROM operations)")
        try db.run(
            """
            DELETE FROM operation_metrics WHERE NOT EXISTS (SELECT 1 FROM operation_metric_names n
                WHERE n.operation_id = operation_metrics.operation_id AND n.metric_number = operation_metrics.metric_number)
            """)
    }

    private static func tidyValues(_ db: Database) throws {
        try db.run("DELETE FROM chunk_lists WHERE value_id NOT IN (SELECT id FROM stored_values)")
        // Folders, links and empty files have no value that could be missing.
        try db.run(
            """
            UPDATE inodes SET value_id = NULL WHERE value_id NOT IN (SELECT id FROM stored_values)
                AND (inode = 1 OR symlink_target IS NOT NULL OR size_bytes = 0 OR mode / 4096 <> \(FileMode.regular / 4096))
            """)
        let named =
            """
            SELECT value_id FROM key_set_entries UNION SELECT value_id FROM inodes WHERE value_id IS NOT NULL
                UNION SELECT value_id FROM dataset_items
            """
        try db.run("UPDATE stored_values SET digest = randomblob(32) WHERE length(digest) <> 32 AND id IN (\(named))")
        for row in try db.rows("SELECT value_id FROM (\(named)) AS named WHERE value_id NOT IN (SELECT id FROM stored_values)") {
            let nonce = Digest(of: (0..<32).map { _ in UInt8.random(in: 0...255) })
            // What was no number of a value gets the next one that is.
            let (missing, next): (Int64, Int64) = try (row[0], (db.number("SELECT max(id) FROM stored_values") ?? 0) + 1)
            let id = 1...FieldBounds.most ~= missing ? missing : next
            try db.run(
                "INSERT INTO stored_values (id, digest, size_bytes, chunk_count, refs) VALUES (?, ?, 1, 0, 0)", [id, Data(nonce.bytes)])
            guard id != missing else { continue }
            for table in ["key_set_entries", "inodes", "dataset_items"] {
                try db.run("UPDATE \(table) SET value_id = ? WHERE value_id = ?", [id, missing])
            }
        }
    }

    /// A model has files of its own or those of a snapshot.
    private static func giveFilesystems(_ db: Database) throws {
        for row in try db.rows("SELECT id FROM models WHERE filesystem_id IS NULL AND (based_on_snapshot IS NULL OR based_on_model IS NULL)") {
            let last = try ["inodes", "directory_entries", "snapshots"].map { try db.number("SELECT max(filesystem_id) FROM \($0)") ?? 0 }.max()
            let id = max(last ?? 0, try db.number("SELECT max(id) FROM filesystems") ?? 0) + 1
            try db.run("INSERT INTO filesystems (id, size_mebibytes, next_inode, version) VALUES (?, 32, 2, 1)", [id])
            try db.run("UPDATE models SET based_on_snapshot = NULL, based_on_model = NULL, filesystem_id = ? WHERE id = ?", [id, row[0] as Int64])
        }
    }

    private static func tidyFiles(_ db: Database) throws {
        let named = "SELECT filesystem_id FROM models WHERE filesystem_id IS NOT NULL UNION SELECT filesystem_id FROM snapshots"
        try db.run(
            """
            INSERT INTO filesystems (id, size_mebibytes, next_inode, version)
            SELECT filesystem_id, 32, 2, 1 FROM (\(named)) AS named WHERE filesystem_id NOT IN (SELECT id FROM filesystems)
            """)
        try db.run("DELETE FROM directory_entries WHERE filesystem_id NOT IN (SELECT id FROM filesystems)")
        try db.run("DELETE FROM inodes WHERE filesystem_id NOT IN (SELECT id FROM filesystems)")
        try giveFilesystems(db)
        try db.run(
            """
            INSERT INTO inodes (filesystem_id, inode, mode, link_count, size_bytes, accessed_at_ns, modified_at_ns, changed_at_ns)
            SELECT f.id, 1, ?, 1, 0, 0, 0, 0 FROM filesystems f
            WHERE NOT EXISTS (SELECT 1 FROM inodes i WHERE i.filesystem_id = f.id AND i.inode = 1)
            """, [FileMode.directory | 0o755])
        let missing = "SELECT 1 FROM inodes i WHERE i.filesystem_id = directory_entries.filesystem_id AND i.inode = directory_entries"
        try db.run("DELETE FROM directory_entries WHERE NOT EXISTS (\(missing).inode) OR NOT EXISTS (\(missing).parent_inode)")
        let links = "(SELECT count(*) FROM directory_entries e WHERE e.filesystem_id = inodes.filesystem_id AND e.inode = inodes.inode)"
        try db.run("UPDATE inodes SET link_count = \(links) WHERE inode <> 1 AND link_count <> \(links)")
        try db.run(
            "UPDATE filesystems SET next_inode = (SELECT max(i.inode) + 1 FROM inodes i WHERE i.filesystem_id = filesystems.id)")
    }
}
