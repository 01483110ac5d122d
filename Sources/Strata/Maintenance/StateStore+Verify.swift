import Catalog
import ContentStore
import Logging

extension StateStore {
    /// Holds what the store keeps against itself and against its digests.
    ///
    /// Runs beside readers, writers and other maintenance, and changes no data, but marks damaged chunks, so that they heal
    /// when their content is stored again; what is committed meanwhile may be left out,
    /// and what is deleted or moved meanwhile is no damage. A damaged chunk is reported wherever a state, snapshot, file or
    /// dataset uses it. A run that is cancelled or killed leaves no trace: the next partial one begins where it began.
    ///
    /// - Parameter scope: all of it, the structure only, or a part; a partial run keeps where it stopped in the store's
    ///   folder. In a store that is open for reading only it runs from the kept place too, but cannot keep a new one.
    /// - Parameter progress: called now and then, from any thread.
    /// - Throws: `invalid_parameter` (a share or budget that is none), `cancelled`, `io` for what says nothing about the
    ///   bytes, such as too many open files.
    /// - Complexity: one read, decode and hash a chunk, on all cores; one read transaction over the catalog for the
    ///   structure. Memory of some 64 MiB, the directory of a pack, and an entry for each damage, at most 100,000 of them.
    ///   Writes: with a part, one small file and one fsync.
    public func verify(
        _ scope: VerificationScope = .full, progress: (@Sendable (VerificationProgress) -> Void)? = nil
    ) async throws(StrataError) -> VerificationReport {
        try scope.check()
        return try await translating {
            try await holdingHorizon { _ in
                var run = VerificationRun(scope: scope, store: self, progress: progress)
                return try await run.report()
            }
        }
    }
}

/// One verification, and what it has found so far.
private struct VerificationRun {
    /// Damage that is kept in memory; more says only that the store needs repair.
    static let damagesMax = 100_000

    let scope: VerificationScope
    let store: StateStore
    let progress: (@Sendable (VerificationProgress) -> Void)?
    private var damages: [Damage] = []
    private var packCount = 0
    private var chunks = ChunkVerification.Found()
    private var values = ValueVerification.Found()

    init(scope: VerificationScope, store: StateStore, progress: (@Sendable (VerificationProgress) -> Void)?) {
        self.scope = scope
        self.store = store
        self.progress = progress
    }

    /// Marks what is damaged, so that content which comes in again is written anew and heals it, and takes the marks of what
    /// a full run found sound back. Who may only read cannot mark; a failure is logged and hides nothing of the report.
    private func mark(_ chunks: ChunkVerification.Found) async {
        guard !store.isReadOnly else { return }
        do {
            try await store.catalog.markDamaged(Array(chunks.damaged.keys))
            guard scope == .full, !chunks.isCutShort else { return }
            try await store.catalog.markSound(try await store.catalog.damagedChunks().filter { chunks.damaged[$0] == nil })
        } catch {
            store.logger.warning("damaged chunks were not marked", metadata: ["error": "\(error)"])
        }
    }

    mutating func report() async throws -> VerificationReport {
        let (disk, path) = (store.options.disk, store.layout.verificationCursor)
        var cursor = VerificationCursor()
        if scope.isPartial {
            cursor = try await WorkerExecutor.run { () throws(ContentError) in try VerificationCursor.load(from: path, on: disk) }
        } else {
            try await checkStructure()
        }
        guard scope != .quick else { return report(keptPlace: false) }

        do {
            try await checkContents(from: cursor)
        } catch let error as CatalogError where error.code == .corrupted {
            // Nothing past this row can be looked up; what was found until then is told.
            damages.append(Damage(message: error.message))
            chunks.isCutShort = true
            return report(keptPlace: false)
        }

        guard scope.isPartial, !store.isReadOnly else { return report(keptPlace: false) }
        let reached = VerificationCursor(chunk: chunks.reached, value: values.reached)
        do {
            try await WorkerExecutor.run { () throws(ContentError) in try reached.save(to: path, on: disk) }
        } catch {
            // What was found counts more than where to go on: a full disk, or another run that ends at this moment.
            store.logger.warning("the place of a verification was not kept", metadata: ["error": "\(error)"])
            return report(keptPlace: false)
        }
        return report(keptPlace: true)
    }

    private mutating func checkContents(from cursor: VerificationCursor) async throws {
        let total = try await store.catalog.chunkBytes()
        let budget = scope.budget(ofBytes: total, values: try await store.catalog.valueCount())
        chunks = try await ChunkVerification(
            catalog: store.catalog, reader: store.reader, damagesMax: Self.damagesMax, totalBytes: total, progress: progress
        ).run(from: cursor.chunk, budgetBytes: budget?.bytes)
        await mark(chunks)
        let verification = ValueVerification(
            catalog: store.catalog, damaged: chunks.damaged, damagesMax: Self.damagesMax - damages.count)
        // A damaged chunk can stand in any value, not only in those whose turn it is.
        values = try await verification.run(from: cursor.value, budget: chunks.damaged.isEmpty ? budget?.values : nil)
        damages += values.damages
    }

    private mutating func checkStructure() async throws {
        damages += try await store.catalog.structuralProblems().map { Damage(message: $0) }
        do {
            let packs = try await PackVerification(
                catalog: store.catalog, layout: store.layout, disk: store.options.disk, damagesMax: Self.damagesMax
            ).run()
            damages += packs.damages
            packCount = packs.count
        } catch let error as CatalogError where error.code == .corrupted {
            damages.append(Damage(message: error.message))
        }
    }

    private func report(keptPlace: Bool) -> VerificationReport {
        VerificationReport(
            scope: scope, checkedPacks: packCount, checkedChunks: chunks.count, checkedValues: values.count,
            checkedBytes: chunks.bytes, damagedChunks: chunks.damaged.count, damages: damages,
            isCutShort: chunks.isCutShort || damages.count >= Self.damagesMax, keptPlace: keptPlace)
    }
}
