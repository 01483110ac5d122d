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

    /// Rows whose numbers no row can have.
    private static func removeUnfit(_ db: Database) throws {
        try db.run(
            """
            DELETE FROM chunks WHERE length(digest_tail) <> 24 OR raw_bytes < 1 OR raw_bytes > 16777216 OR stored_bytes < 1
                OR stored_bytes > raw_bytes OR encoding < 0 OR encoding > 4294967295
            """)
        try db.run("DELETE FROM packs WHERE length(name) <> 32")
        try db.run("DELETE FROM stored_values WHERE length(digest) <> 32 OR size_bytes < 0")
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
        let named =
            """
            SELECT value_id FROM key_set_entries UNION SELECT value_id FROM inodes WHERE value_id IS NOT NULL
                UNION SELECT value_id FROM dataset_items
            """
        for row in try db.rows("SELECT value_id FROM (\(named)) AS named WHERE value_id NOT IN (SELECT id FROM stored_values)") {
            let nonce = Digest(of: (0..<32).map { _ in UInt8.random(in: 0...255) })
            try db.run(
                "INSERT INTO stored_values (id, digest, size_bytes, chunk_count, refs) VALUES (?, ?, 1, 0, 0)",
                [row[0] as Int64, Data(nonce.bytes)])
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
