import Catalog
import ContentStore
import Logging

extension StateStore {
    /// Works out what `collect()` would do, and changes nothing. Exact while nothing else happens.
    ///
    /// - Complexity: one read of the catalog that follows the garbage; bounded memory.
    public func planCollection() async throws(StrataError) -> CollectionPlan {
        try await translating {
            try checkOpen()
            let bound = try await CollectionBound(of: self)
            let forecast = try await catalog.forecastGarbage(bound: bound.sequence, isQuiet: bound.isQuiet)
            return CollectionPlan(
                removable: CollectedGarbage(forecast.removable), waiting: CollectedGarbage(forecast.waiting),
                compactableBytes: forecast.compactableBytes, sessions: try await holdingSessions(bound))
        }
    }

    /// Removes what nothing refers to any more: values, their chunks, and packs of which no chunk is left.
    ///
    /// Runs beside readers and writers of any process and keeps what they use: whatever was deleted after the oldest
    /// running operation began stays until a later collection. Two collections at once are no harm. What is cut off is
    /// finished by the next one.
    ///
    /// - Parameter progress: called after each step with what was removed so far, from any task.
    /// - Throws: `read_only`, `no_space`, `io`, `corrupted` (a damaged chunk list), `cancelled`; what was removed by then
    ///   is consistent.
    /// - Complexity: follows the garbage. Transactions of some milliseconds with pauses between them; memory of some MiB.
    public func collect(
        progress: (@Sendable (CollectedGarbage) -> Void)? = nil
    ) async throws(StrataError) -> CollectionReport {
        try await translating {
            _ = try writing()
            var collector = Collector(store: self, progress: progress)
            try await collector.run()
            let bound = try await CollectionBound(of: self)
            logger.debug("collected", metadata: ["packs": "\(collector.removed.packs)", "bytes": "\(collector.removed.packBytes)"])
            return CollectionReport(
                removed: CollectedGarbage(collector.removed), compactableBytes: try await catalog.deadPackBytes(),
                sessions: try await holdingSessions(bound))
        }
    }

    func holdingSessions(_ bound: CollectionBound) async throws -> [HoldingSession] {
        let processes = try await catalog.processIDs(ofSessions: bound.holders)
        let sessions = bound.holders.sorted().map { token in
            HoldingSession(token: token, processID: processes[token].map(Int.init), isOwn: token == staging?.token)
        }
        return sessions + (bound.hasReaders ? [HoldingSession(token: nil, processID: nil, isOwn: false)] : [])
    }
}

/// Up to which sequence what was condemned may go: nothing that runs can know of it.
struct CollectionBound {
    let sequence: Int64
    /// Sessions in which something runs.
    let holders: [String]
    /// Something runs in a handle that is open for reading only.
    let hasReaders: Bool

    var isQuiet: Bool { holders.isEmpty && !hasReaders }

    /// The catalog's sequence is read first and the sessions' horizons after it: whoever is not seen there tells its
    /// horizon later, reads the sequence after that, and takes for unknown what was condemned by now.
    init(of store: StateStore) async throws {
        let now = try await store.catalog.currentSequence()
        let folder = StagingFolder(path: store.layout.staging, disk: store.options.disk)
        let (disk, formatFile) = (store.options.disk, store.layout.formatFile)
        let (live, mark) = try await WorkerExecutor.run { () throws(ContentError) in
            (try folder.liveSessions(), try disk.open(formatFile, .read).lowestMark())
        }
        sequence = live.reduce(min(now, mark ?? now)) { min($0, $1.horizon) }
        hasReaders = mark != nil
        holders = live.filter { $0.horizon != .max }.map(\.token)
    }
}

/// One run of collection.
struct Collector {
    /// Files whose removal is made durable together.
    private static let filesMax = 256

    let store: StateStore
    let progress: (@Sendable (CollectedGarbage) -> Void)?
    private(set) var removed = CollectedRows()

    init(store: StateStore, progress: (@Sendable (CollectedGarbage) -> Void)?) {
        self.store = store
        self.progress = progress
    }

    /// Values first; their chunks are condemned by that, and chunks condemn their bases: each round takes what the one
    /// before has let go, under a bound of its own.
    ///
    /// - Parameter withValues: false takes only chunks that nothing refers to already, and what they let go.
    mutating func run(withValues: Bool = true) async throws {
        var before: CollectedRows
        repeat {
            before = removed
            let bound = try await CollectionBound(of: store).sequence
            if withValues { try await repeating { [store] in try await store.catalog.removeValues(bound: bound) } }
            try await repeating { [store] in try await store.catalog.removeChunks(bound: bound) }
        } while removed != before
        try await removePackRows()
        try await removeFiles()
    }

    private mutating func repeating(_ step: @Sendable () async throws -> CollectedRows?) async throws {
        while true {
            try Task.checkCancellation()
            let start = ContinuousClock.now
            guard let rows = try await step() else { return }
            removed = removed + rows
            progress?(CollectedGarbage(removed))
            try await Self.pause(after: ContinuousClock.now - start)
        }
    }

    private mutating func removePackRows() async throws {
        var last: Int64?
        repeat {
            try Task.checkCancellation()
            let start = ContinuousClock.now
            last = try await store.catalog.removeEmptyPacks(after: last).last
            if last != nil { try await Self.pause(after: ContinuousClock.now - start) }
        } while last != nil
    }

    /// Lets others write: as long as the step took, so that a writer who looks now and then finds the catalog free.
    static func pause(after step: Duration) async throws {
        try await Task.sleep(for: max(.milliseconds(4), min(step, .milliseconds(100))))
    }

    /// Removes the files of packs whose rows are durably gone, whoever removed those. A crash in between leaves the row
    /// by which the next collection finds the file.
    private mutating func removeFiles() async throws {
        while true {
            try Task.checkCancellation()
            let bound = try await CollectionBound(of: store).sequence
            let packs = try await store.catalog.removedPacks(bound: bound, limit: Self.filesMax)
            guard !packs.isEmpty else { return }
            let folder = PackRemover(packsFolder: store.layout.packs, disk: store.options.disk)
            let names = packs.map(\.name)
            store.reader.releasePacks()
            try await WorkerExecutor.run { () throws(ContentError) in try folder.remove(names) }
            try await store.catalog.forgetRemovedPacks(names)
            removed.packs += packs.count
            removed.packBytes &+= packs.reduce(0) { $0 &+ $1.sizeBytes }
            progress?(CollectedGarbage(removed))
        }
    }
}
