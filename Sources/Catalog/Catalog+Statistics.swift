import ContentStore
import GRDB

/// What a store holds, from the catalog's point of view.
public struct StatisticsRow: Sendable {
    public struct Codec: Sendable {
        /// The first byte of the chunks' encoding.
        public let codec: Int
        public let chunks: Int
        public let rawBytes: Int64
        public let storedBytes: Int64
    }

    public let models: Int
    public let states: Int
    public let snapshots: Int
    public let datasets: Int
    public let creations: Int
    /// Bytes of all states' and snapshots' keys, files and dataset items, each counted where it stands.
    public let logicalBytes: Int64
    /// Bytes of distinct values that are in use, before encoding.
    public let distinctBytes: Int64
    /// Bytes of values that lie in the catalog.
    public let inlineBytes: Int64
    public let chunks: Int
    public let codecs: [Codec]
    public let packs: Int
    /// The pack files' sizes.
    public let packBytes: Int64
    /// Bytes in packs of which no chunk is left.
    public let deadBytes: Int64
    /// Stored bytes of chunks that no live value uses.
    public let condemnedBytes: Int64
}

extension Catalog {
    /// Counts everything, at one moment. Cost: a scan of the tables; for people, not for hot paths.
    public func statistics() async throws -> StatisticsRow {
        try await read { db in
            func number(_ sql: String) throws -> Int64 { try db.number(sql) ?? 0 }
            let logical = try number(
                """
                SELECT (SELECT coalesce(sum(k.size_bytes), 0) FROM states s JOIN key_sets k ON k.id = s.key_set_id)
                    + (SELECT coalesce(sum(k.size_bytes), 0) FROM snapshots s JOIN key_sets k ON k.id = s.key_set_id)
                    + (SELECT coalesce(sum(i.size_bytes), 0) FROM inodes i)
                    + (SELECT coalesce(sum(d.size_bytes), 0) FROM dataset_items d)
                """)
            let codecs = try db.rows(
                "SELECT encoding % 256, count(*), sum(raw_bytes), sum(stored_bytes) FROM chunks GROUP BY encoding % 256 ORDER BY 1")
            return StatisticsRow(
                models: Int(try number("SELECT count(*) FROM models")), states: Int(try number("SELECT count(*) FROM states")),
                snapshots: Int(try number("SELECT count(*) FROM snapshots")),
                datasets: Int(try number("SELECT count(*) FROM datasets")),
                creations: Int(try number("SELECT count(*) FROM creations")), logicalBytes: logical,
                distinctBytes: try number("SELECT coalesce(sum(size_bytes), 0) FROM stored_values WHERE refs > 0"),
                inlineBytes: try number(
                    "SELECT coalesce(sum(size_bytes), 0) FROM stored_values WHERE refs > 0 AND chunk_count = 0"),
                chunks: Int(try number("SELECT count(*) FROM chunks")),
                codecs: try codecs.map { try .init(codec: $0[0], chunks: $0[1], rawBytes: $0[2], storedBytes: $0[3]) },
                packs: Int(try number("SELECT count(*) FROM packs")),
                packBytes: try number("SELECT coalesce(sum(size_bytes), 0) FROM packs"),
                deadBytes: try number("SELECT coalesce(sum(dead_bytes), 0) FROM packs"),
                condemnedBytes: try Self.condemnedBytes(db))
        }
    }

    /// Walks the chunk lists of condemned values: what only they use is waste that collection will find.
    private static func condemnedBytes(_ db: Database) throws -> Int64 {
        var uses: [Int64: Int] = [:]
        let values = ValueTable(db: db)
        for row in try db.rows("SELECT id, size_bytes FROM stored_values WHERE condemned_at IS NOT NULL AND chunk_count > 0") {
            for segment in try values.chunkList(of: ValueID(row[0]), overlapping: 0..<max(0, row[1])) {
                for entry in segment.entries { uses[entry.id.rawValue, default: 0] += 1 }
            }
        }
        var bytes: Int64 = 0
        for (id, count) in uses {
            bytes &+= try db.number("SELECT stored_bytes FROM chunks WHERE id = ? AND refs = ?", [id, count]) ?? 0
        }
        return bytes
    }
}
