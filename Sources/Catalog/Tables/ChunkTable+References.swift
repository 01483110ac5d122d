import ContentStore
import GRDB

/// Who refers to chunks: chunk lists, and the differences that were taken from them.
///
/// Chunks of one ingest have numbers that follow one another: a run of them is one statement.
extension ChunkTable {
    /// Counts one more reference for each of `ids`, and takes condemnations back.
    /// - Throws: `conflict` when a chunk is gone.
    func retain(_ ids: [ChunkID]) throws {
        for run in Self.runs(of: ids) {
            let changed = try db.change(
                "UPDATE chunks SET refs = refs + ?, condemned_at = NULL WHERE id >= ? AND id <= ?",
                [run.count, run.ids.lowerBound, run.ids.upperBound])
            guard changed < run.ids.count else { continue }
            let gone = try run.ids.first { id in try !db.exists("SELECT 1 FROM chunks WHERE id = ?", [id]) }
            throw CatalogError(
                .conflict,
                "chunk number \(gone ?? run.ids.lowerBound) was collected while the commit still needed it; write the state again")
        }
    }

    /// Drops one reference for each of `ids`; the last one condemns a chunk at `sequence`.
    func release(_ ids: [ChunkID], sequence: Int64) throws {
        for run in Self.runs(of: ids) {
            try db.run(
                """
                UPDATE chunks SET refs = refs - ?, condemned_at = CASE WHEN refs = ? THEN ? END
                WHERE id >= ? AND id <= ? AND refs >= ?
                """, [run.count, run.count, sequence, run.ids.lowerBound, run.ids.upperBound, run.count])
        }
    }

    /// Numbers that follow one another and occur equally often, in ascending order.
    private static func runs(of ids: [ChunkID]) -> [(ids: ClosedRange<Int64>, count: Int)] {
        var counts: [Int64: Int] = [:]
        for id in ids { counts[id.rawValue, default: 0] += 1 }
        var runs: [(ids: ClosedRange<Int64>, count: Int)] = []
        for (id, count) in counts.sorted(by: { $0.key < $1.key }) {
            if let last = runs.last, last.ids.upperBound == id - 1, last.count == count {
                runs[runs.count - 1].ids = last.ids.lowerBound...id
            } else {
                runs.append((id...id, count))
            }
        }
        return runs
    }
}
