import ContentStore
import Foundation
import GRDB

/// SQL of compaction: lets chunks come from a new pack from now on. Each call works within one transaction until its step
/// is used up.
struct CompactionTable {
    let db: Database
    let pack: SealedPack
    /// One for each of the pack's chunks, in their order.
    let moves: [ChunkMove]
    let step: CollectionStep
    private let start = ContinuousClock.now
    private var result = MovedRows()
    /// Bytes that packs lost to the new one, by the packs' rows.
    private var lost: [Int64: Int64] = [:]

    init(db: Database, pack: SealedPack, moves: [ChunkMove], step: CollectionStep) {
        self.db = db
        self.pack = pack
        self.moves = moves
        self.step = step
    }

    private var isUsedUp: Bool { result.seen > 0 && (result.seen >= step.rowsMax || ContinuousClock.now - start >= step.duration) }

    /// Enters the pack with the first moves, or goes on with those from `first`.
    ///
    /// - Throws: `conflict` when the pack would have no chunk, or has none left: a collector may have removed it.
    mutating func move(from first: Int) throws -> MovedRows {
        let sequence = try StoreTable(db: db).nextSequence()
        let row = try first == 0 ? enter() : PackTable(db: db).id(of: pack.name)
        guard let row else { throw CatalogError(.conflict, "pack \(pack.name) was collected while chunks were moved into it") }
        var next = first
        while next < moves.count, !isUsedUp {
            let end = end(ofGroupAt: next)
            if let base = moves[next].released {
                try replace(next..<end, of: base, by: row, sequence: sequence)
            } else {
                try copy(next, to: row)
            }
            result.seen += end - next
            next = end
        }
        guard result.moved > 0 || first > 0 else {
            throw CatalogError(.conflict, "nothing that pack \(pack.name) holds is still where it was copied from")
        }
        for (old, bytes) in lost {
            try db.run("UPDATE packs SET dead_bytes = dead_bytes + ?, moved_at = ? WHERE id = ?", [bytes, sequence, old])
        }
        try db.run("UPDATE packs SET dead_bytes = dead_bytes - ? WHERE id = ?", [result.movedBytes, row])
        return result
    }

    /// All of it is dead until chunks are moved.
    private func enter() throws -> Int64 {
        let storedBytes = pack.chunks.reduce(Int64(0)) { $0 + Int64($1.storedBytes) }
        return try db.insert(
            "INSERT INTO packs (name, size_bytes, chunk_count, stored_bytes, dead_bytes) VALUES (?, ?, ?, ?, ?)",
            [Data(pack.name.digest.bytes), pack.sizeBytes, pack.chunks.count, storedBytes, storedBytes])
    }

    /// A base's differences go in one transaction: they are worth their room only if the base goes with them.
    private func end(ofGroupAt first: Int) -> Int {
        guard let base = moves[first].released else { return first + 1 }
        return moves[first...].firstIndex { $0.released != base } ?? moves.count
    }

    private mutating func copy(_ number: Int, to row: Int64) throws {
        let (move, chunk) = (moves[number], pack.chunks[number])
        // The checksum tells a chunk that was found damaged meanwhile, whose mark must stay.
        let changed = try db.change(
            "UPDATE chunks SET pack_id = ?, pack_offset = ? WHERE id = ? AND pack_id = ? AND pack_offset = ? AND checksum = ?",
            [row, chunk.offset, move.id.rawValue, move.pack, move.offset, Int64(chunk.checksum)])
        if changed == 1 { note(move, chunk, oldBytes: Int64(chunk.storedBytes)) }
    }

    private mutating func replace(_ group: Range<Int>, of base: ChunkID, by row: Int64, sequence: Int64) throws {
        // Further differences were taken from it meanwhile, or a value uses it again: it stays, and so do they.
        guard try db.number("SELECT refs FROM chunks WHERE id = ?", [base.rawValue]) == Int64(group.count) else { return }
        var released: [ChunkID] = []
        for number in group {
            let (move, chunk) = (moves[number], pack.chunks[number])
            let place: StatementArguments = [move.id.rawValue, move.pack, move.offset, base.rawValue]
            guard let oldBytes = try db.number(
                "SELECT stored_bytes FROM chunks WHERE id = ? AND pack_id = ? AND pack_offset = ? AND base_id = ?", place)
            else { continue }
            try db.run(
                """
                UPDATE chunks SET pack_id = ?, pack_offset = ?, stored_bytes = ?, encoding = ?, checksum = ?, base_id = NULL
                WHERE id = ?
                """,
                [row, chunk.offset, chunk.storedBytes, Int64(chunk.encoding.packed), Int64(chunk.checksum), move.id.rawValue])
            note(move, chunk, oldBytes: oldBytes)
            released.append(base)
        }
        try ChunkTable(db: db).release(released, sequence: sequence)
    }

    private mutating func note(_ move: ChunkMove, _ chunk: PackedChunk, oldBytes: Int64) {
        result.moved += 1
        result.movedBytes += Int64(chunk.storedBytes)
        lost[move.pack, default: 0] += oldBytes
    }
}
