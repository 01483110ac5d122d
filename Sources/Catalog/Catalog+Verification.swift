public import ContentStore
import Foundation
import GRDB

extension Catalog {
    /// Raw bytes of all chunks, for progress.
    public func chunkBytes() async throws -> Int64 {
        try await read { db in try db.number("SELECT coalesce(sum(raw_bytes), 0) FROM chunks") ?? 0 }
    }

    /// The next chunks in the order of their numbers, which is nearly that of their places on disk.
    public func chunks(after id: ChunkID?, limit: Int) async throws -> [ChunkCheckRow] {
        try await read { db in try Self.chunks(after: id, limit: limit, db) }
    }

    static func chunks(after id: ChunkID?, limit: Int, _ db: Database) throws -> [ChunkCheckRow] {
        try db.rows("SELECT id, raw_bytes FROM chunks WHERE id > ? ORDER BY id LIMIT ?", [id?.rawValue ?? Int64.min, limit])
            .map { try ChunkCheckRow(id: ChunkID($0[0]), rawBytes: min(max($0[1], 0), 16 << 20)) }
    }

    /// The next values that are in use.
    public func values(after id: ValueID?, limit: Int) async throws -> [ValueRow] {
        try await read { db in try Self.values(after: id, limit: limit, db) }
    }

    static func values(after id: ValueID?, limit: Int, _ db: Database) throws -> [ValueRow] {
        let ids = try db.rows(
            "SELECT id FROM stored_values WHERE id > ? AND refs > 0 ORDER BY id LIMIT ?", [id?.rawValue ?? Int64.min, limit])
        return try ids.compactMap { try ValueTable(db: db).row(ValueID($0[0])) }
    }

    /// Everywhere that a value stands: keys of states and snapshots, files, dataset items.
    public func uses(of value: ValueID) async throws -> [ValueUseRow] {
        try await read { db in try Self.uses(of: value, db) }
    }

    static func uses(of value: ValueID, _ db: Database) throws -> [ValueUseRow] {
        let states = try db.rows(
            """
            SELECT m.public_id, s.public_id, e.key FROM key_set_entries e JOIN states s ON s.key_set_id = e.key_set_id
            JOIN models m ON m.id = s.model_id WHERE e.value_id = ?
            """, [value.rawValue]
        ).map { try ValueUseRow(modelID: $0[0], stateID: $0[1], key: $0[2]) }
        let snapshots = try db.rows(
            """
            SELECT m.public_id, n.public_id, e.key FROM key_set_entries e JOIN snapshots n ON n.key_set_id = e.key_set_id
            JOIN models m ON m.id = n.model_id WHERE e.value_id = ?
            """, [value.rawValue]
        ).map { try ValueUseRow(modelID: $0[0], snapshotID: $0[1], key: $0[2]) }
        let items = try db.rows(
            """
            SELECT DISTINCT d.public_id, k.name FROM dataset_items i JOIN datasets d ON d.id = i.dataset_id
            JOIN dataset_keys k ON k.dataset_id = d.id AND k.key_index = i.key_index WHERE i.value_id = ?
            """, [value.rawValue]
        ).map { try ValueUseRow(datasetID: $0[0], key: $0[1]) }
        return states + snapshots + items + (try fileUses(of: value, db))
    }

    private static func fileUses(of value: ValueID, _ db: Database) throws -> [ValueUseRow] {
        var uses: [ValueUseRow] = []
        for row in try db.rows("SELECT DISTINCT filesystem_id FROM inodes WHERE value_id = ?", [value.rawValue]) {
            let filesystem: Int64 = try row[0]
            let files = try FilesystemTable(db: db).tree(filesystem).filter { $0.value == value }
            let models = try db.rows("SELECT public_id FROM models WHERE filesystem_id = ?", [filesystem])
            let snapshots = try db.rows(
                "SELECT m.public_id, n.public_id FROM snapshots n JOIN models m ON m.id = n.model_id WHERE n.filesystem_id = ?",
                [filesystem])
            for file in files {
                let path = String(decoding: file.path, as: UTF8.self)
                uses += try models.map { try ValueUseRow(modelID: $0[0], key: path) }
                uses += try snapshots.map { try ValueUseRow(modelID: $0[0], snapshotID: $0[1], key: path) }
            }
        }
        return uses
    }
}
