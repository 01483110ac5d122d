import Catalog
import ContentStore

/// A new pack in the making and what it is to change in the catalog; in a dry run only its size. One task uses it.
final class CompactionDraft {
    /// A chunk that leaves its pack.
    struct Leaving: Hashable, Sendable {
        let id: ChunkID
        /// The number of the pack's row.
        let pack: Int64
        let bytes: Int64
    }

    /// What came of a draft.
    struct Outcome: Sendable {
        var chunkCount = 0
        var chunkBytes: Int64 = 0
        /// The new pack's size.
        var sizeBytes: Int64 = 0
        /// Chunks that come from the new pack now.
        var movedCount = 0
        var damaged: Set<PackName> = []
        var released: [Leaving] = []
        var replaced: [Leaving] = []
    }

    /// What became of the pack's file.
    private enum Fate { case written, committed, unknown }

    /// A deletion meanwhile makes a pack useless; then all is read anew, and more often it is not tried.
    private static let attemptsMax = 3

    private let store: StateStore
    /// Nil in a dry run.
    let pack: CompactedPack?
    private var forecast = PackForecast()
    private var moves: [ChunkMove] = []
    private var records = CarriedRecords()
    private var outcome = Outcome()
    private var fate = Fate.written

    private init(store: StateStore, isDryRun: Bool) async throws {
        self.store = store
        guard !isDryRun else {
            pack = nil
            return
        }
        let (staging, packs) = (try store.writing(), store.layout.packs)
        pack = try await blocking { try CompactedPack(staging: staging, packsFolder: packs) }
    }

    /// Has `fill` fill a pack, makes it durable and lets its chunks come from it.
    ///
    /// Nothing that was there when it began is collected before it ends.
    /// - Returns: nil when states were deleted over and over meanwhile; then nothing was changed.
    static func completed(
        for store: StateStore, isDryRun: Bool, fill: (CompactionDraft) async throws -> Void
    ) async throws -> Outcome? {
        for _ in 0..<attemptsMax {
            do {
                return try await store.holdingHorizon { _ in
                    let draft = try await CompactionDraft(store: store, isDryRun: isDryRun)
                    do {
                        try await fill(draft)
                        return try await draft.complete()
                    } catch {
                        await draft.discard()
                        throw error
                    }
                }
            } catch let error as StrataError {
                guard error.code == .conflict else { throw error }
            }
        }
        return nil
    }

    // MARK: filling

    /// Opens a pack that chunks are copied from; its commit records go along.
    /// - Returns: nil when it cannot be read, which is noted, or was removed.
    func open(_ name: PackName) async throws -> SourcePack? {
        let (packs, disk) = (store.layout.packs, store.options.disk)
        do {
            let source = try await blocking { try SourcePack(name, packsFolder: packs, disk: disk) }
            records.add(source.commitRecords, storeID: store.id)
            return source
        } catch let error as ContentError {
            guard error.saysThatAPackIsDamaged else { throw error }
            if try await store.catalog.hasPack(name) { outcome.damaged.insert(name) }
            return nil
        }
    }

    /// Notes a chunk that was appended.
    func note(_ chunk: PackedChunk, _ move: ChunkMove) {
        forecast.append(chunk)
        moves.append(move)
        outcome.chunkCount += 1
        outcome.chunkBytes += Int64(chunk.storedBytes)
    }

    func note(damaged name: PackName) { outcome.damaged.insert(name) }
    func note(released base: Leaving) { outcome.released.append(base) }
    func note(replaced difference: Leaving) { outcome.replaced.append(difference) }

    // MARK: completing

    private func complete() async throws -> Outcome {
        guard !moves.isEmpty else {
            await discard()
            return outcome
        }
        let states = try await store.catalog.existing(states: records.states)
        let carried = records.records(of: states)
        for record in carried { forecast.append(record) }
        outcome.sizeBytes = forecast.sizeBytes
        guard let pack else {
            outcome.movedCount = moves.count
            return outcome
        }
        let sealed = try await blocking { try pack.seal(commitRecords: carried) }
        outcome.sizeBytes = sealed.sizeBytes
        try await move(into: sealed, pack, states: states)
        return outcome
    }

    private func move(into sealed: SealedPack, _ pack: CompactedPack, states: Set<String>) async throws {
        var next = 0
        while next < moves.count {
            try Task.checkCancellation()
            let start = ContinuousClock.now
            let step: MovedRows
            do {
                step = try await store.catalog.move(moves, into: sealed, from: next, states: states)
            } catch let error as CatalogError {
                if fate == .committed, error.code == .conflict { return }
                // After an error of the disk nobody knows whether the catalog names the pack.
                if fate == .written, [.io, .noSpace, .corrupted, .locked].contains(error.code) { fate = .unknown }
                throw error
            }
            if fate == .written {
                fate = .committed
                await WorkerExecutor.run { pack.committed() }
            }
            next += step.seen
            outcome.movedCount += step.moved
            try await Collector.pause(after: ContinuousClock.now - start)
        }
    }

    private func discard() async {
        guard let pack, fate == .written else { return }
        await WorkerExecutor.run { pack.discard() }
    }
}

/// Commit records that go along with chunks: those of states that there still are, each once.
private struct CarriedRecords {
    private var ofStates: [(id: String, record: CommitRecord)] = []
    /// Of what this version does not know.
    private var others: [CommitRecord] = []
    private(set) var states: Set<String> = []

    mutating func add(_ records: [CommitRecord], storeID: String) {
        for record in records {
            guard let told: CommitDescription = JSON.decode(String(decoding: record.metadata, as: UTF8.self)), told.type == "state" else {
                others.append(record)
                continue
            }
            // Another store's tell nothing here.
            guard told.storeID == nil || told.storeID == storeID, states.insert(told.stateID).inserted else { continue }
            ofStates.append((told.stateID, record))
        }
    }

    func records(of states: Set<String>) -> [CommitRecord] {
        ofStates.filter { states.contains($0.id) }.map(\.record) + others
    }
}
