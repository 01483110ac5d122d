import ContentStore
import GRDB

/// What no field of a catalog can hold, whoever wrote it: SQL that is true for rows that only damage makes.
///
/// One list for all who look at a catalog that may be damaged: `Catalog.health`, verification, repair.
enum FieldBounds {
    /// Past it no size, count or place is real, and a few of them still add up within 64 bits.
    static let most: Int64 = 1 << 60

    private static func outside(_ columns: String...) -> String {
        columns.map { "\($0) < 0 OR \($0) > \(most)" }.joined(separator: " OR ")
    }

    /// Rows of which nothing can be used.
    static let useless: [(table: String, unfit: String)] = [
        ("chunks", "id < 1 OR id > \(most)"),
        ("packs", "length(name) <> 32"),
        ("inodes", "inode < 1 OR inode > \(most)"),
        // A value that is half collected has its number in place of its digest.
        ("stored_values", "id < 1 OR id > \(most) OR (length(digest) <> 32 AND NOT (length(digest) = 8 AND refs = 0))"),
        ("api_keys", "length(digest) <> 32"),
        ("removed_packs", "length(name) <> 32 OR \(outside("size_bytes", "condemned_at"))"),
    ]

    /// Fields that are wrong in rows that are of use without them, and what stands there until a pack, a list or a count tells better.
    static let mendable: [(table: String, column: String, unfit: String, substitute: String)] =
        [
            ("chunks", "digest_tail", "length(digest_tail) <> 24", "zeroblob(24)"), ("chunks", "pack_offset", outside("pack_offset"), "64"),
            ("chunks", "raw_bytes", "raw_bytes < 1 OR raw_bytes > \(ChunkTable.rawBytesMax)", "1"),
            ("chunks", "stored_bytes", "stored_bytes < 1 OR stored_bytes > raw_bytes", "1"),
            ("chunks", "checksum", "checksum < -4294967296 OR checksum > 4294967295", "0"),
            ("chunks", "encoding", "encoding < 0 OR encoding > 4294967295", "0"),
            ("filesystems", "size_mebibytes", "size_mebibytes < 1 OR size_mebibytes > \(most)", "32"),
            ("inodes", "mode", "mode < 1 OR mode > 65535", likelyMode),
        ] + counts.flatMap { (table: String, columns: [String]) in columns.map { (table, $0, outside($0), "0") } }

    private static let likelyMode =
        """
        CASE WHEN inode = 1 OR EXISTS (SELECT 1 FROM directory_entries e WHERE e.filesystem_id = inodes.filesystem_id
            AND e.parent_inode = inodes.inode) THEN \(FileMode.directory | 0o755)
            WHEN symlink_target IS NOT NULL THEN \(FileMode.symlink | 0o777) ELSE \(FileMode.regular | 0o644) END
        """

    private static let counts: [(table: String, columns: [String])] = [
        ("store", ["sequence", "last_removed_chunk", "last_removed_value"]),
        ("packs", ["size_bytes", "chunk_count", "stored_bytes", "dead_bytes"]), ("chunks", ["refs"]),
        ("stored_values", ["size_bytes", "chunk_count", "refs"]), ("key_sets", ["key_count", "size_bytes"]),
        ("filesystems", ["next_inode", "version"]), ("inodes", ["link_count", "size_bytes"]),
        ("datasets", ["entry_count", "entries_bytes", "review_bytes"]), ("dataset_items", ["size_bytes"]),
        ("operation_metric_names", ["entry_count"]), ("operations", ["metric_count", "metric_bytes", "dropped_metrics"]),
        ("operation_usage", ["cpu_milli", "memory_bytes"]),
    ]

    /// The first table that has such a row, in words; nil for a catalog of an earlier version too, whose tables are others.
    static func fault(_ db: Database, version: Int = Catalog.formatVersion) throws -> String? {
        guard version == Catalog.formatVersion else { return nil }
        for (table, unfit) in useless where try db.exists("SELECT 1 FROM \(table) WHERE \(unfit) LIMIT 1", []) {
            return "a row of \(table) holds what no row can hold"
        }
        for (table, column, unfit, _) in mendable where try db.exists("SELECT 1 FROM \(table) WHERE \(unfit) LIMIT 1", []) {
            return "a row of \(table) has an impossible `\(column)`"
        }
        return try impossibleEncodings(db).first.map { "a row of chunks has the impossible encoding \($0)" }
    }

    /// Of those that fit into their bits; others, and what is no number, are out of bounds.
    private static func impossibleEncodings(_ db: Database) throws -> [UInt32] {
        try db.rows("SELECT DISTINCT encoding FROM chunks WHERE encoding >= 0 AND encoding <= 4294967295").map { UInt32(try $0[0] as Int64) }
            .filter { (try? ChunkEncoding(packed: $0)) == nil }
    }

    /// Removes what is of no use, and lets what is wrong in the rest be told anew.
    static func clear(_ db: Database) throws {
        for (table, unfit) in useless { try db.run("DELETE FROM \(table) WHERE \(unfit)") }
        for (table, column, unfit, substitute) in mendable { try db.run("UPDATE \(table) SET \(column) = \(substitute) WHERE \(unfit)") }
        for encoding in try impossibleEncodings(db) { try db.run("UPDATE chunks SET encoding = 0 WHERE encoding = ?", [encoding]) }
        for table in ["chunks", "stored_values"] {
            try db.run("UPDATE \(table) SET condemned_at = NULL WHERE \(outside("condemned_at"))")
            // What was condemned at a moment that the store has not reached would wait for it.
            let last = "(SELECT coalesce(max(condemned_at), 0) FROM \(table))"
            try db.run("UPDATE store SET sequence = \(last) WHERE sequence < \(last)")
        }
    }
}
