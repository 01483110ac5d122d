import ContentStore
import Foundation
import GRDB

/// SQL of `packs`.
struct PackTable {
    let db: Database

    func id(of name: PackName) throws -> Int64? {
        try db.number("SELECT id FROM packs WHERE name = ?", [Data(name.digest.bytes)])
    }

    /// Enters a durable pack and those of its chunks that the catalog does not know yet.
    /// - Returns: the id of each of its chunks.
    func insert(_ pack: SealedPack) throws -> [Digest: ChunkID] {
        let chunks = ChunkTable(db: db)
        try refuseRemoved(pack.name)
        let storedBytes = pack.chunks.reduce(Int64(0)) { $0 + Int64($1.storedBytes) }
        let packID = try db.insert(
            "INSERT INTO packs (name, size_bytes, chunk_count, stored_bytes, dead_bytes) VALUES (?, ?, ?, ?, 0)",
            [Data(pack.name.digest.bytes), pack.sizeBytes, pack.chunks.count, storedBytes])
        let known = try chunks.known(pack.chunks.map(\.digest) + pack.chunks.compactMap(\.base))
        var ids: [Digest: ChunkID] = [:]
        var (fresh, bases): ([ChunkTable.Insertion], [ChunkID]) = ([], [])
        var deadBytes: Int64 = 0
        var hasHealed = false
        var next = try chunks.nextID()
        for chunk in pack.chunks {
            let findBase = { try chunk.base.map { try baseID($0, of: chunk, entered: ids, known: known[$0]?.id) } }
            if let (id, wasDamaged) = ids[chunk.digest].map({ ($0, false) }) ?? known[chunk.digest] {
                // Another session committed the same content first, or it was condemned or damaged and comes back.
                ids[chunk.digest] = id
                // Healing marks what was taken from the chunk.
                if hasHealed ? try chunks.isDamaged(id) : wasDamaged {
                    try chunks.insert(fresh, pack: packID)
                    fresh = []
                    try chunks.heal(id, with: chunk, pack: packID, base: try findBase())
                    hasHealed = true
                } else {
                    deadBytes += Int64(chunk.storedBytes)
                }
                continue
            }
            let base = try findBase()
            if let base { bases.append(base) }
            fresh.append(.init(id: next, chunk: chunk, base: base))
            ids[chunk.digest] = next
            next = ChunkID(try StoreTable.next(after: next.rawValue))
        }
        try chunks.insert(fresh, pack: packID)
        try chunks.retain(bases)
        if deadBytes > 0 { try db.run("UPDATE packs SET dead_bytes = ? WHERE id = ?", [deadBytes, packID]) }
        return ids
    }

    /// A pack whose file is about to go cannot come back under its name.
    private func refuseRemoved(_ name: PackName) throws {
        if try db.exists("SELECT 1 FROM removed_packs WHERE name = ?", [Data(name.digest.bytes)]) {
            throw CatalogError(.conflict, "pack \(name) is being removed; collect first, then enter it again")
        }
    }

    private func baseID(_ base: Digest, of chunk: PackedChunk, entered: [Digest: ChunkID], known: ChunkID?) throws -> ChunkID {
        if let id = entered[base] ?? known { return id }
        throw CatalogError(
            .conflict, "the base \(base) of chunk \(chunk.digest) was collected while the commit still needed it; write the state again")
    }
}
