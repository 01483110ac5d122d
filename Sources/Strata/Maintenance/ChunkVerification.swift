import Catalog
import ContentStore

/// A chunk that cannot be read, and why.
struct DamagedChunk: Sendable {
    let error: ContentError
    /// Where the catalog has it; nil when the catalog has no place for it.
    let location: ChunkLocation?
}

/// Reads chunks from their packs, decodes them and holds them against their digests.
struct ChunkVerification {
    /// Chunks that one task checks.
    static let groupChunks = 32

    struct Found {
        var count = 0
        var bytes: Int64 = 0
        var damaged: [ChunkID: DamagedChunk] = [:]
        /// The last chunk that was looked at; nil at the beginning.
        var reached: Int64?
        var isCutShort = false
    }

    let catalog: Catalog
    let reader: ChunkReader
    let damagesMax: Int
    let totalBytes: Int64
    let progress: (@Sendable (VerificationProgress) -> Void)?

    /// Goes once round all chunks, or until the budget is used up.
    func run(from start: Int64?, budgetBytes: Int64?) async throws -> Found {
        var found = Found()
        var round = VerificationRound(from: start)
        let pageChunks = Self.groupChunks * WorkerExecutor.width
        let goal = budgetBytes ?? Int64.max
        while found.bytes < goal, found.damaged.count < damagesMax {
            let next = try await round.next({ (row: ChunkCheckRow) in row.id.rawValue }) { after in
                try await catalog.chunks(after: after.map(ChunkID.init), limit: pageChunks)
            }
            guard let page = next else { break }
            let rows = Self.prefix(of: page, bytes: goal - found.bytes)
            let damaged = try await check(rows.map(\.id))
            found.damaged.merge(damaged) { first, _ in first }
            found.count += rows.count
            found.bytes += rows.reduce(0) { $0 + Int64($1.rawBytes) }
            round.advance(to: rows.last!.id.rawValue)
            progress?(VerificationProgress(checkedBytes: found.bytes, totalBytes: max(found.bytes, min(totalBytes, goal))))
        }
        found.reached = round.last
        found.isCutShort = found.damaged.count >= damagesMax
        if budgetBytes != nil { try await addDependants(to: &found) }
        return found
    }

    /// As many rows as reach the budget.
    private static func prefix(of rows: [ChunkCheckRow], bytes: Int64) -> ArraySlice<ChunkCheckRow> {
        var sum: Int64 = 0
        let count = rows.firstIndex { row in
            sum += Int64(row.rawBytes)
            return sum >= bytes
        }
        return rows.prefix(count.map { $0 + 1 } ?? rows.count)
    }

    private func check(_ ids: [ChunkID]) async throws -> [ChunkID: DamagedChunk] {
        let suspects = try await withThrowingTaskGroup(of: [ChunkID: ContentError].self) { group in
            for start in stride(from: 0, to: ids.count, by: Self.groupChunks) {
                let part = Array(ids[start..<min(start + Self.groupChunks, ids.count)])
                group.addTask { try await damages(among: part) }
            }
            return try await group.reduce(into: [:]) { $0.merge($1) { first, _ in first } }
        }
        return suspects.isEmpty ? [:] : try await confirm(suspects.keys.sorted())
    }

    /// Looks again, at the places that the catalog has now: a chunk may have been moved or removed since it was looked up.
    private func confirm(_ suspects: [ChunkID]) async throws -> [ChunkID: DamagedChunk] {
        let again = try await damages(among: suspects)
        let locations = try await catalog.locate(Array(again.keys))
        var damaged: [ChunkID: DamagedChunk] = [:]
        for (id, error) in again {
            if let location = locations[id] { damaged[id] = DamagedChunk(error: error, location: location) }
        }
        return damaged
    }

    /// Like the reader's, but a pack that the system will not open or read counts as damage of its chunks, one by one.
    private func damages(among ids: [ChunkID]) async throws -> [ChunkID: ContentError] {
        do {
            return try await reader.damages(among: ids)
        } catch let error as ContentError {
            guard error.code == .io || error.code == .unsupportedVersion || error.code == .corrupted else { throw error }
            guard ids.count > 1 else { return [ids[0]: error] }
        }
        var found: [ChunkID: ContentError] = [:]
        for id in ids { found.merge(try await damages(among: [id])) { first, _ in first } }
        return found
    }

    /// A difference from a damaged chunk is damaged too, whether its turn has come or not.
    private func addDependants(to found: inout Found) async throws {
        let bases = found.damaged.keys.filter { found.damaged[$0]?.location?.base == nil }
        guard !bases.isEmpty else { return }
        let dependants = try await catalog.chunks(basedOn: bases).filter { found.damaged[$0] == nil }
        for start in stride(from: 0, to: dependants.count, by: Self.groupChunks) {
            guard found.damaged.count < damagesMax else { break }
            let part = Array(dependants[start..<min(start + Self.groupChunks, dependants.count)])
            found.damaged.merge(try await check(part)) { first, _ in first }
        }
    }
}
