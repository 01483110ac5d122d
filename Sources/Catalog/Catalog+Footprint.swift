import ContentStore
import GRDB

/// What some states and snapshots take on disk.
public struct FootprintRow: Sendable {
    public struct Codec: Sendable {
        public let codec: Int
        public var chunks: Int
        public var rawBytes: Int64
        public var storedBytes: Int64
    }

    /// Bytes of the keys, each counted where it stands.
    public var logicalBytes: Int64 = 0
    /// Stored bytes that nothing else uses: what deleting these would free.
    public var aloneBytes: Int64 = 0
    /// Stored bytes that others use too, or that their differences are taken from.
    public var sharedBytes: Int64 = 0
    /// The distinct chunks, by the first byte of their encoding.
    public var codecs: [Codec] = []
}

extension Catalog {
    /// The footprint of one state; nil when there is none.
    ///
    /// Cost: one look-up a segment, and one query for each 128 distinct chunks.
    public func footprint(ofState id: String, model: String) async throws -> FootprintRow? {
        try await read { db in
            guard let state = try StateTable(db: db).state(id, model: model) else { return nil }
            let others = try db.number(
                """
                SELECT (SELECT count(*) FROM states WHERE key_set_id = ? AND id <> ?) + (SELECT count(*) FROM snapshots WHERE key_set_id = ?)
                """, [state.keySet, state.row, state.keySet])
            return try Footprint(db: db).measure([(state.keySet, uses: 1, isShared: others ?? 0 > 0)])
        }
    }

    /// The footprint of all states and snapshots of a model together; nil when there is no such model.
    public func footprint(ofModel id: String) async throws -> FootprintRow? {
        try await read { db in
            guard let model = try ModelTable(db: db).row(of: id) else { return nil }
            let sets = try db.rows(
                """
                SELECT key_set_id, count(*) FROM (
                    SELECT key_set_id FROM states WHERE model_id = ? UNION ALL SELECT key_set_id FROM snapshots WHERE model_id = ?
                ) AS used GROUP BY key_set_id
                """, [model, model])
            let measured = try sets.map { row in
                let users = try db.number(
                    "SELECT (SELECT count(*) FROM states WHERE key_set_id = ?) + (SELECT count(*) FROM snapshots WHERE key_set_id = ?)",
                    [row[0] as Int64, row[0] as Int64])
                return try (row[0] as Int64, uses: row[1] as Int, isShared: users != row[1] as Int64)
            }
            return try Footprint(db: db).measure(measured)
        }
    }
}

/// Counts who uses the chunks of some key sets.
private struct Footprint {
    let db: Database

    private struct Chunk {
        let storedBytes: Int64
        let rawBytes: Int64
        let codec: Int
        let refs: Int
        let base: Int64?
    }

    func measure(_ keySets: [(id: Int64, uses: Int, isShared: Bool)]) throws -> FootprintRow {
        var result = FootprintRow()
        var values: [Int64: (count: Int, isShared: Bool)] = [:]
        for set in keySets {
            for key in try KeySetTable(db: db).entries(of: set.id) {
                result.logicalBytes &+= key.sizeBytes &* Int64(set.uses)
                let known = values[key.value.rawValue] ?? (0, false)
                values[key.value.rawValue] = (known.count + 1, known.isShared || set.isShared)
            }
        }
        var alone: [Int64: Int] = [:]
        var used: Set<Int64> = []
        for (id, use) in values {
            guard let row = try db.row("SELECT size_bytes, chunk_count, refs FROM stored_values WHERE id = ?", [id]) else { continue }
            let isAlone = try !use.isShared && row[2] as Int == use.count
            guard try row[1] as Int > 0 else {
                if isAlone { result.aloneBytes &+= try row[0] } else { result.sharedBytes &+= try row[0] }
                continue
            }
            for segment in try ValueTable(db: db).chunkList(of: ValueID(id), overlapping: 0..<max(0, row[0])) {
                for entry in segment.entries {
                    used.insert(entry.id.rawValue)
                    if isAlone { alone[entry.id.rawValue, default: 0] += 1 }
                }
            }
        }
        try add(used, alone: alone, to: &result)
        return result
    }

    private func add(_ used: Set<Int64>, alone: [Int64: Int], to result: inout FootprintRow) throws {
        let chunks = try chunks(used)
        var counts = alone
        // A difference is nobody's base: whether it is alone is known at once, and its base's count follows.
        for (id, chunk) in chunks {
            if let base = chunk.base, alone[id] == chunk.refs { counts[base, default: 0] += 1 }
        }
        var codecs: [Int: FootprintRow.Codec] = [:]
        for (id, chunk) in chunks {
            if counts[id] == chunk.refs { result.aloneBytes &+= chunk.storedBytes } else { result.sharedBytes &+= chunk.storedBytes }
            var codec = codecs[chunk.codec] ?? .init(codec: chunk.codec, chunks: 0, rawBytes: 0, storedBytes: 0)
            codec.chunks += 1
            codec.rawBytes &+= chunk.rawBytes
            codec.storedBytes &+= chunk.storedBytes
            codecs[chunk.codec] = codec
        }
        result.codecs = codecs.values.sorted { $0.codec < $1.codec }
    }

    private func chunks(_ ids: Set<Int64>) throws -> [Int64: Chunk] {
        var found: [Int64: Chunk] = [:]
        try db.inGroups(
            of: ids.sorted(), [],
            { "SELECT id, stored_bytes, raw_bytes, encoding % 256, refs, base_id FROM chunks WHERE id IN (\($0))" }
        ) { row in
            found[try row[0]] = try Chunk(storedBytes: row[1], rawBytes: row[2], codec: row[3], refs: row[4], base: row[5])
        }
        return found
    }
}
