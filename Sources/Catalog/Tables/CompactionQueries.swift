import ContentStore
import Foundation
import GRDB

/// SQL of what compaction asks before it moves anything.
struct CompactionQueries {
    let db: Database

    func packs(after id: Int64, upTo last: Int64, limit: Int) throws -> [CompactablePackRow] {
        try db.rows(
            """
            SELECT id, name, size_bytes, stored_bytes, dead_bytes FROM packs WHERE id > ? AND id <= ? AND name <> ?
            ORDER BY id LIMIT ?
            """, [id, last, Data(Catalog.lostPack.digest.bytes), limit]
        ).map { row in
            guard let name = Digest(bytes: try row[1] as Data) else {
                throw CatalogError(.corrupted, "pack number \(try row[0] as Int64) has a name of the wrong length in the catalog")
            }
            return CompactablePackRow(
                id: try row[0], name: PackName(name), sizeBytes: try row[2], storedBytes: try row[3], deadBytes: try row[4])
        }
    }

    func condemnedBytesByPack() throws -> [Int64: Int64] {
        var bytes: [Int64: Int64] = [:]
        let rows = try db.eachRow("SELECT pack_id, stored_bytes FROM chunks WHERE condemned_at IS NOT NULL AND refs = 0")
        while let row = try rows.next() { bytes[try row[0], default: 0] &+= try row[1] as Int64 }
        return bytes
    }

    func livingChunks(inPack pack: Int64, after id: ChunkID?, limit: Int) throws -> [CompactableChunkRow] {
        let rows = try db.rows(
            "SELECT id, checksum < 0 FROM chunks WHERE pack_id = ? AND id > ? AND refs > 0 ORDER BY id LIMIT ?",
            [pack, id?.rawValue ?? Int64.min, limit])
        let places = try ChunkTable(db: db).locate(rows.map { ChunkID(try $0[0]) })
        return try rows.compactMap { row in
            try places[ChunkID(try row[0])].map { CompactableChunkRow(location: $0, isDamaged: try row[1]) }
        }
    }

    func bases(after id: ChunkID?, limit: Int) throws -> [BaseRow] {
        try db.rows(
            """
            SELECT b.id, b.pack_id, b.stored_bytes, b.raw_bytes, d.number, d.bytes,
                b.refs = d.number AND b.checksum >= 0 AND d.checksum >= 0 AND d.refs > 0
            FROM (SELECT base_id, count(*) AS number, sum(stored_bytes) AS bytes, min(refs) AS refs, min(checksum) AS checksum
                FROM chunks WHERE base_id > ? GROUP BY base_id ORDER BY base_id LIMIT ?) AS d
            JOIN chunks b ON b.id = d.base_id ORDER BY b.id
            """, [id?.rawValue ?? Int64.min, limit]
        ).map {
            BaseRow(
                id: ChunkID(try $0[0]), pack: try $0[1], storedBytes: try $0[2], rawBytes: try $0[3], differenceCount: try $0[4],
                differenceBytes: try $0[5], servesDifferencesOnly: try $0[6])
        }
    }

    func family(ofBase id: ChunkID) throws -> ChunkFamilyRow? {
        let table = ChunkTable(db: db)
        guard let base = try table.locate([id])[id] else { return nil }
        let rows = try db.rows("SELECT id, pack_id FROM chunks WHERE base_id = ? ORDER BY id", [id.rawValue])
        let places = try table.locate(rows.map { ChunkID(try $0[0]) })
        let differences = try rows.compactMap { row in
            try places[ChunkID(try row[0])].map { (location: $0, pack: try row[1] as Int64) }
        }
        return ChunkFamilyRow(base: base, differences: differences)
    }
}
