import Catalog
import ContentStore

extension Compactor {
    private static let pageBases = 1000
    /// Chunks that one run gives another encoding or lets go: it keeps their numbers.
    private static let releasesMax = 512 << 10

    /// Encodes differences anew whose base is kept for them alone, where that frees bytes, and lets the bases go.
    ///
    /// Only of packs that are rewritten for it: a base that dies in a pack which stays frees nothing.
    mutating func releaseBases() async throws {
        var candidates: [Int64: Int64] = [:]
        try await eachPage { rows in
            for row in rows where row.mayBeWorthReleasing { candidates[row.pack, default: 0] += row.storedBytes }
        }
        let packs = try await store.catalog.compactablePacks(candidates.keys.filter { $0 <= lastPack })
        let worth = Set(packs.filter { isWasteful($1, further: candidates[$0, default: 0]) }.keys)
        guard !worth.isEmpty else { return }
        var batch: [BaseRow] = []
        var (bytes, count): (Int64, Int) = (0, 0)
        var last: ChunkID?
        while count < Self.releasesMax {
            try Task.checkCancellation()
            let page = try await store.catalog.bases(after: last, limit: Self.pageBases)
            guard let end = page.last else { break }
            last = end.id
            for row in page where row.mayBeWorthReleasing && worth.contains(row.pack) {
                batch.append(row)
                bytes += row.storedBytes * Int64(row.differenceCount)
                count += row.differenceCount + 1
                guard bytes >= options.packBytesTarget else { continue }
                try await release(batch)
                (batch, bytes) = ([], 0)
            }
        }
        if !batch.isEmpty { try await release(batch) }
    }

    private func eachPage(_ body: ([BaseRow]) -> Void) async throws {
        var last: ChunkID?
        while true {
            try Task.checkCancellation()
            let page = try await store.catalog.bases(after: last, limit: Self.pageBases)
            guard let end = page.last else { return }
            last = end.id
            body(page)
        }
    }

    private mutating func release(_ bases: [BaseRow]) async throws {
        let release = BaseRelease(store: store, bases: bases)
        guard let outcome = try await CompactionDraft.completed(for: store, isDryRun: isDryRun, fill: release.fill) else { return }
        note(outcome)
        figures.reencodedCount += outcome.chunkCount
        figures.reencodedBytes += outcome.chunkBytes
        figures.releasedCount += outcome.released.count
        for released in outcome.released { figures.releasedBytes += released.bytes }
        if isDryRun {
            for gone in outcome.released + outcome.replaced {
                left.insert(gone.id)
                leftBytes[gone.pack, default: 0] += gone.bytes
            }
        }
        progress?(figures)
    }
}

extension BaseRow {
    /// By what the base itself takes: nearer to what its differences will take than any other guess. What counts in the end
    /// is measured.
    fileprivate var mayBeWorthReleasing: Bool {
        let growth = Int64(differenceCount) * storedBytes - differenceBytes
        return servesDifferencesOnly && storedBytes + storedBytes / 4 > growth
            && Int64(differenceCount) * rawBytes <= BaseRelease.familyBytesMax
    }
}

/// Fills a new pack with differences in an encoding that needs no base.
private struct BaseRelease {
    /// Raw bytes that are held in memory at once.
    static let familyBytesMax: Int64 = 64 << 20

    private typealias EncodedChunk = (chunk: PackedChunk, payload: [UInt8])

    let store: StateStore
    let bases: [BaseRow]

    func fill(_ draft: CompactionDraft) async throws {
        var sources: Set<PackName> = []
        for row in bases {
            try Task.checkCancellation()
            guard let family = try await store.catalog.family(ofBase: row.id), family.base.base == nil,
                family.differences.count == row.differenceCount
            else { continue }
            let (reader, target) = (store.reader, draft.pack)
            let encoded = try await blocking { () throws -> [PackedChunk]? in
                let encoded: [EncodedChunk]?
                do throws(ContentError) {
                    encoded = try Self.encode(family, reader)
                } catch {
                    // What cannot be read is left to repair.
                    guard error.saysThatAPackIsDamaged else { throw error }
                    return nil
                }
                for (chunk, payload) in encoded ?? [] { try target?.append(chunk, payload: payload) }
                return encoded?.map(\.chunk)
            }
            guard let encoded else { continue }
            for (chunk, old) in zip(encoded, family.differences) {
                draft.note(chunk, ChunkMove(id: old.location.id, pack: old.pack, offset: old.location.offset, released: row.id))
                draft.note(replaced: .init(id: old.location.id, pack: old.pack, bytes: Int64(old.location.storedBytes)))
                sources.insert(old.location.pack)
            }
            draft.note(released: .init(id: row.id, pack: row.pack, bytes: row.storedBytes))
        }
        // A pack that all its chunks leave takes its commit records along.
        for name in sources.sorted(by: { $0.description < $1.description }) { _ = try await draft.open(name) }
    }

    /// Nil when it would free nothing: measured, since how well weights are stored alone differs.
    private static func encode(_ family: ChunkFamilyRow, _ reader: ChunkReader) throws(ContentError) -> [EncodedChunk]? {
        var encoded: [EncodedChunk] = []
        var growth: Int64 = 0
        for difference in family.differences {
            let raw = try reader.bytes(of: difference.location, base: family.base)
            let (chunk, payload) = PackedChunk.encoded(raw)
            growth += Int64(chunk.storedBytes - difference.location.storedBytes)
            encoded.append((chunk, payload))
        }
        return growth < Int64(family.base.storedBytes) ? encoded : nil
    }
}
