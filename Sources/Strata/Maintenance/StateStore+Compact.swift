import Catalog
import ContentStore
import Logging

extension StateStore {
    /// Works out what `compact(_:)` would do, and changes nothing. Exact while nothing else happens.
    ///
    /// - Throws: `invalid_parameter`, `cancelled`, `io`.
    /// - Complexity: reads the rows of all packs and of all differences, the indexes of the packs that would be rewritten, and
    ///   the chunks that would be encoded anew. Memory as `compact(_:)`.
    public func planCompaction(_ options: CompactionOptions = .init()) async throws(StrataError) -> CompactionPlan {
        try options.check()
        return try await translating {
            try checkOpen()
            var compactor = try await Compactor(store: self, options: options, isDryRun: true, progress: nil)
            try await compactor.rewrite()
            let slack = try await catalog.slack()
            var figures = compactor.figures
            if options.rebuildsCatalog || (options.shrinksCatalog && slack.isIncremental) { figures.catalogBytes = slack.freeBytes }
            return CompactionPlan(
                figures: figures, waste: try await packWaste(), damagedPacks: compactor.damagedPacks,
                catalogNeedsRebuild: !slack.isIncremental && slack.freePages > 0,
                sessions: try await holdingSessions(try await CollectionBound(of: self)))
        }
    }

    /// Bounds the waste: rewrites packs of which too much is dead, merges small ones, lets bases go that are kept for
    /// differences alone, and shrinks the catalog's file.
    ///
    /// Runs beside readers and writers of any process. Chunks are copied as they are stored, and are durable in their new
    /// pack before the catalog names it; the old file stays while something runs that may have looked a chunk up in it. What
    /// deleted values still hold counts as in use: collect first. A compaction that is cut off leaves the store whole, and
    /// at most a pack that is partly dead; the next one goes on.
    ///
    /// - Parameter progress: called now and then with what was done so far, from any task.
    /// - Throws: `conflict` (another compaction is running), `invalid_parameter`, `read_only`, `no_space`, `io`, `cancelled`.
    ///   Packs that are damaged are left as they are, and named.
    /// - Complexity: reads and writes what lives in the packs that are rewritten; one fdatasync and two fsyncs of folders a new
    ///   pack. Transactions of some milliseconds with pauses between them. Memory: what one pack says of itself, 64 MiB for
    ///   encoding, and some bytes a pack.
    public func compact(
        _ options: CompactionOptions = .init(), progress: (@Sendable (CompactionFigures) -> Void)? = nil
    ) async throws(StrataError) -> CompactionReport {
        try options.check()
        return try await translating {
            _ = try writing()
            let (layout, disk) = (layout, self.options.disk)
            let lock = try await blocking { try CompactionLock(layout, disk) }
            var compactor = try await Compactor(store: self, options: options, isDryRun: false, progress: progress)
            try await compactor.rewrite()
            // The copy should know the new places before the old ones go.
            if compactor.movedCount > 0 { await copier?.refresh(after: compactor.movedCount) }
            var collector = Collector(store: self, progress: nil)
            try await collector.run(withValues: false)
            var figures = compactor.figures
            figures.catalogBytes = try await shrinkCatalog(options)
            let slack = try await catalog.slack()
            logger.debug("compacted", metadata: ["packs": "\(figures.packCount)", "freed": "\(figures.freedBytes)"])
            withExtendedLifetime(lock) {}
            return CompactionReport(
                figures: figures, removed: CollectedGarbage(collector.removed), waste: try await packWaste(),
                damagedPacks: compactor.damagedPacks, catalogNeedsRebuild: !slack.isIncremental && slack.freePages > 0,
                sessions: try await holdingSessions(try await CollectionBound(of: self)))
        }
    }

    /// - Returns: how many bytes the catalog's file gives back.
    private func shrinkCatalog(_ options: CompactionOptions) async throws -> Int64 {
        let slack = try await catalog.slack()
        if options.rebuildsCatalog {
            try await catalog.rebuildFile()
            return max(0, slack.freePages - (try await catalog.slack().freePages)) * slack.pageBytes
        }
        guard options.shrinksCatalog, slack.isIncremental, slack.freePages > 0 else { return 0 }
        let pagesAStep = 256
        var pages: Int64 = 0
        while true {
            try Task.checkCancellation()
            let start = ContinuousClock.now
            let given = try await catalog.giveBackPages(limit: pagesAStep)
            guard given > 0 else { break }
            pages += given
            try await Collector.pause(after: ContinuousClock.now - start)
        }
        try await catalog.foldLog()
        return pages * slack.pageBytes
    }

    func packWaste() async throws -> PackWaste {
        let waste = try await catalog.waste()
        return PackWaste(deadBytes: waste.deadBytes, storedBytes: waste.storedBytes)
    }
}

/// One compaction of a store at a time: two would copy the same chunks. Held as long as this lives.
private final class CompactionLock: Sendable {
    private let file: any DiskFile

    init(_ layout: StoreLayout, _ disk: any StoreDisk) throws {
        file = try disk.open(layout.compactionLock, .readWrite)
        guard try file.tryLock() else {
            throw StrataError(
                .conflict, "another compaction of the store `\(layout.root)` is running; wait until it has ended",
                context: ["path": layout.root])
        }
    }
}
