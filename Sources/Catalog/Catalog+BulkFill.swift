import ContentStore
import Foundation
import GRDB

extension Catalog {
    /// Enters states that have no bytes, as their commits would have, at a rate that makes millions possible. For benchmarks.
    ///
    /// Runs in large transactions that are not synced one by one; what a crash leaves is of no use. None of the states
    /// may be there yet.
    ///
    /// - Parameter statesPerTransaction: bounds the pages that a transaction dirties.
    package func fill(with states: BulkStates, statesPerTransaction: Int = 50_000) async throws {
        precondition(statesPerTransaction > 0)
        do {
            try await pool.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA synchronous = OFF")
                try db.execute(sql: "PRAGMA cache_size = -1048576")
                defer {
                    try? db.execute(sql: "PRAGMA synchronous = FULL")
                    try? db.execute(sql: "PRAGMA cache_size = -2000")
                }
                var filler = try BulkFiller(db: db, states: states)
                for start in stride(from: 0, to: states.count, by: statesPerTransaction) {
                    try db.inTransaction(.immediate) {
                        for number in start..<min(start + statesPerTransaction, states.count) { try filler.insert(number) }
                        return .commit
                    }
                }
            }
            try await pool.writeWithoutTransaction { db in _ = try db.checkpoint(.truncate) }
        } catch {
            throw Self.mapped(error, path: path)
        }
    }
}

/// Inserts what `commitState` inserts and leaves out what it asks: everything is new here, and each count is known before.
private struct BulkFiller {
    let db: Database
    let states: BulkStates
    private let model: Int64
    private let packs: Statement
    private let chunks: Statement
    private let values: Statement
    private let lists: Statement
    /// The chunks of the first version that the next ones are differences from.
    private var bases: [Int64] = []

    init(db: Database, states: BulkStates) throws {
        self.db = db
        self.states = states
        guard let row = try ModelTable(db: db).row(of: states.modelID) else { throw CatalogError.modelNotFound(states.modelID) }
        model = row
        packs = try db.makeStatement(
            sql: "INSERT INTO packs (name, size_bytes, chunk_count, stored_bytes, dead_bytes) VALUES (?, ?, ?, ?, 0)")
        chunks = try db.makeStatement(
            sql: """
                INSERT INTO chunks (digest_head, digest_tail, pack_id, pack_offset, stored_bytes, raw_bytes, encoding, checksum, base_id, refs)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        values = try db.makeStatement(
            sql: "INSERT INTO stored_values (digest, size_bytes, chunk_count, inline_bytes, refs) VALUES (?, ?, ?, NULL, 1)")
        lists = try db.makeStatement(
            sql: "INSERT INTO chunk_lists (value_id, first_offset, first_chunk, chunk_count, entries) VALUES (?, ?, ?, ?, ?)")
    }

    mutating func insert(_ number: Int) throws {
        let commit = states.commit(number)
        let ids = try insert(commit.packs[0], of: number)
        if states.isFirst(number) { bases = ids.map(\.id.rawValue) }
        let (key, value) = commit.keys[0]
        try values.execute(arguments: [Data(value.digest.bytes), value.sizeBytes, ids.count])
        let valueID = ValueID(db.lastInsertedRowID)
        for segment in ChunkListSegment.segments(of: ids) {
            try lists.execute(
                arguments: [valueID.rawValue, segment.firstOffset, segment.firstChunk, segment.entries.count, Data(segment.encoded())])
        }
        let keySet = try KeySetTable(db: db).insert([(key: key, value: valueID, sizeBytes: value.sizeBytes)])
        _ = try StateTable(db: db).insert(
            .init(
                publicID: commit.stateID, model: model, name: commit.name, createdAt: commit.createdAt, keySet: keySet,
                baseState: commit.baseState, lineageJSON: commit.lineageJSON, mountsJSON: commit.mountsJSON))
    }

    private func insert(_ pack: SealedPack, of number: Int) throws -> [ChunkListEntry] {
        let storedBytes = pack.chunks.reduce(Int64(0)) { $0 + Int64($1.storedBytes) }
        try packs.execute(arguments: [Data(pack.name.digest.bytes), pack.sizeBytes, pack.chunks.count, storedBytes])
        let packID = db.lastInsertedRowID
        let refs = 1 + states.differences(from: number)
        return try pack.chunks.enumerated().map { part, chunk in
            let base = chunk.base == nil ? nil : bases[part]
            let encoding = Int64(chunk.encoding.packed)
            try chunks.execute(
                arguments: [
                    chunk.digest.head, Data(chunk.digest.tail), packID, chunk.offset, chunk.storedBytes, chunk.rawBytes, encoding,
                    Int64(chunk.checksum), base, refs,
                ])
            return ChunkListEntry(id: ChunkID(db.lastInsertedRowID), rawBytes: chunk.rawBytes)
        }
    }
}
