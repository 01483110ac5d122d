import Catalog
import ContentStore

/// One compaction's work on packs, or the count of what one would do: the same code takes the same decisions.
struct Compactor {
    private static let pagePacks = 1000
    /// Old packs that go into one new one at most.
    private static let sourcesMax = 1024

    let store: StateStore
    let options: CompactionOptions
    let isDryRun: Bool
    let progress: (@Sendable (CompactionFigures) -> Void)?
    /// Packs that are made meanwhile are not looked at.
    let lastPack: Int64
    var figures = CompactionFigures()
    /// Chunks that have a new place.
    var movedCount = 0
    private var damaged: Set<PackName> = []
    /// Stored bytes that go with a collection, by the numbers of packs.
    private(set) var condemned: [Int64: Int64] = [:]
    /// In a dry run: chunks that would be gone from their packs by now, and their bytes by the packs' numbers.
    var left: Set<ChunkID> = []
    var leftBytes: [Int64: Int64] = [:]

    init(
        store: StateStore, options: CompactionOptions, isDryRun: Bool, progress: (@Sendable (CompactionFigures) -> Void)?
    ) async throws {
        self.store = store
        self.options = options
        self.isDryRun = isDryRun
        self.progress = progress
        lastPack = try await store.catalog.lastPackNumber()
        condemned = try await store.catalog.condemnedBytesByPack()
    }

    var damagedPacks: [String] { damaged.map(\.description).sorted() }

    mutating func rewrite() async throws {
        if options.releasesBases { try await releaseBases() }
        condemned = try await store.catalog.condemnedBytesByPack()
        try await rewritePacks()
    }

    /// Stored bytes of a pack that something uses.
    func livingBytes(_ pack: CompactablePackRow) -> Int64 {
        pack.storedBytes - pack.deadBytes - condemned[pack.id, default: 0] - leftBytes[pack.id, default: 0]
    }

    /// - Parameter further: bytes that would die beside those that are dead.
    func isWasteful(_ pack: CompactablePackRow, further: Int64 = 0) -> Bool {
        Double(pack.storedBytes - livingBytes(pack) + further) > options.wasteShareMax * Double(pack.storedBytes)
    }

    private func isSmall(_ pack: CompactablePackRow) -> Bool { pack.sizeBytes < options.mergedBelowBytes }

    private func page(after id: Int64) async throws -> [CompactablePackRow] {
        try Task.checkCancellation()
        return try await store.catalog.compactablePacks(after: id, upTo: lastPack, limit: Self.pagePacks)
    }

    // MARK: packs

    private mutating func rewritePacks() async throws {
        let merges = try await hasManySmallPacks()
        var group: [CompactablePackRow] = []
        var groupBytes: Int64 = 0
        var last: Int64 = 0
        while true {
            let packs = try await page(after: last)
            guard let end = packs.last else { break }
            last = end.id
            for pack in packs where pack.storedBytes > 0 {
                let living = livingBytes(pack)
                guard living > 0 else {
                    note(emptied: pack)
                    continue
                }
                guard isWasteful(pack) || (merges && isSmall(pack)) else { continue }
                if !group.isEmpty, groupBytes + living > options.packBytesTarget || group.count >= Self.sourcesMax {
                    try await rewrite(group)
                    (group, groupBytes) = ([], 0)
                }
                group.append(pack)
                groupBytes += living
            }
        }
        try await rewrite(group)
    }

    private func hasManySmallPacks() async throws -> Bool {
        guard options.mergedBelowBytes > 0 else { return false }
        var (count, last): (Int, Int64) = (0, 0)
        while count < options.mergedPacksLeast {
            let packs = try await page(after: last)
            guard let end = packs.last else { return false }
            last = end.id
            count += packs.count { $0.storedBytes > 0 && isSmall($0) && livingBytes($0) > 0 && !isWasteful($0) }
        }
        return true
    }

    private mutating func note(emptied pack: CompactablePackRow) {
        figures.packCount += 1
        figures.packBytes += pack.sizeBytes
    }

    /// Copies what lives in old packs into a new one.
    private mutating func rewrite(_ group: [CompactablePackRow]) async throws {
        // A small pack alone stays as it is.
        guard group.count > 1 || group.contains(where: { isWasteful($0) }) else { return }
        let copy = PackCopy(store: store, sources: group, left: left, isDryRun: isDryRun)
        guard let outcome = try await CompactionDraft.completed(for: store, isDryRun: isDryRun, fill: copy.fill) else { return }
        let broken = outcome.damaged
        damaged.formUnion(broken)
        for pack in group where !broken.contains(pack.name) { note(emptied: pack) }
        note(outcome)
        figures.copiedCount += outcome.chunkCount
        figures.copiedBytes += outcome.chunkBytes
        progress?(figures)
    }

    mutating func note(_ outcome: CompactionDraft.Outcome) {
        guard outcome.chunkCount > 0 else { return }
        figures.writtenPackCount += 1
        figures.writtenBytes += outcome.sizeBytes
        movedCount += outcome.movedCount
    }
}

/// Fills a new pack with what lives in old ones.
private struct PackCopy {
    private static let pageChunks = 64

    let store: StateStore
    let sources: [CompactablePackRow]
    /// Chunks that a dry run has given another place.
    let left: Set<ChunkID>
    let isDryRun: Bool

    func fill(_ draft: CompactionDraft) async throws {
        for source in sources {
            guard let pack = try await draft.open(source.name) else { continue }
            var last: ChunkID?
            while true {
                try Task.checkCancellation()
                let rows = try await store.catalog.livingChunks(inPack: source.id, after: last, limit: Self.pageChunks)
                guard let end = rows.last else { break }
                last = end.location.id
                try await copy(rows.filter { !left.contains($0.location.id) }, from: pack, source, into: draft)
            }
        }
    }

    private func copy(
        _ rows: [CompactableChunkRow], from pack: SourcePack, _ source: CompactablePackRow, into draft: CompactionDraft
    ) async throws {
        let target = draft.pack
        let (copied, corrupted) = try await blocking { () throws -> ([(ChunkID, PackedChunk)], [ChunkID]) in
            var copied: [(ChunkID, PackedChunk)] = []
            var corrupted: [ChunkID] = []
            for row in rows {
                guard !row.isDamaged, let chunk = pack.chunk(at: row.location) else { continue }
                if let target {
                    let payload: [UInt8]
                    do throws(ContentError) {
                        payload = try pack.payload(of: chunk)
                    } catch {
                        guard error.saysThatAPackIsDamaged else { throw error }
                        if error.code == .corrupted { corrupted.append(row.location.id) }
                        continue
                    }
                    try target.append(chunk, payload: payload)
                }
                copied.append((row.location.id, chunk))
            }
            return (copied, corrupted)
        }
        for (id, chunk) in copied {
            draft.note(chunk, ChunkMove(id: id, pack: source.id, offset: chunk.offset, released: nil))
        }
        if copied.count < rows.count { draft.note(damaged: source.name) }
        // So that the next ingest of the same content writes it anew.
        if !corrupted.isEmpty { try await store.catalog.markDamaged(corrupted) }
    }
}

extension ContentError {
    /// The pack is at fault, not the process (which has too many files open, say).
    var saysThatAPackIsDamaged: Bool { [.corrupted, .notFound, .io, .unsupportedVersion].contains(code) }
}
