import Catalog
import ContentStore
import Logging
import Synchronization

/// Keeps the catalog's copy fresh: what only the catalog holds (small values, settings) then exists twice.
///
/// A copy is due after so many changes that its cost stays below 64 KiB of copying a change, whatever the catalog's size,
/// and when a store is closed in which something changed that no pack tells of. It runs on a worker behind the commit that
/// made it due, which does not wait, on a connection of its own, so that no reader or writer waits either. A failure is
/// logged, told by `failure`, and never anybody's error.
final class CatalogCopier: Sendable {
    /// Changes between two copies of a small catalog. A process that is killed loses no more than its last so many
    /// changes from the copy, and nothing from the catalog.
    static let changesLeast = 256
    /// Bytes of catalog that one change pays for.
    static let bytesPerChange: Int64 = 64 << 10
    /// A catalog up to this size is copied whenever a store is closed whose changes it alone holds; a larger one only when a
    /// copy is due.
    static let bytesOnClose: Int64 = 4 << 20

    private struct State {
        var changes = 0
        /// Those among them that only the catalog holds.
        var untold = 0
        var needed = CatalogCopier.changesLeast
        var isClosed = false
        var running: Task<Void, Never>?
        /// How far the copy was when the first session began.
        var early: Task<Int64?, Never>?
        var failure: StrataError?
    }

    private let state = Mutex(State())
    private let catalog: Catalog
    private let layout: StoreLayout
    private let disk: any StoreDisk
    private let storeID: String
    private let logger: Logger

    init(catalog: Catalog, layout: StoreLayout, disk: any StoreDisk, storeID: String, logger: Logger) {
        self.catalog = catalog
        self.layout = layout
        self.disk = disk
        self.storeID = storeID
        self.logger = logger
        // Whoever left the log may have died with changes that no copy has.
        if catalog.foundLog { state.withLock { $0.untold = 1 } }
    }

    /// What became of the last copy that failed; nil when the last one succeeded.
    var failure: StrataError? { state.withLock { $0.failure } }

    /// Begins to read how far the copy is, which closing asks for: while a session takes its first bytes in, a core is idle.
    func prepare() {
        state.withLock { state in
            guard state.early == nil, !state.isClosed else { return }
            state.early = Task { try? await blockingResult { self.copyProgress() }.get() }
        }
    }

    private func copyProgress() -> Int64? {
        Catalog.health(at: layout.catalogCopy, thorough: false, onlyIdentity: true).identity?.progress
    }

    /// Counts a change; begins a copy when one is due.
    func note(_ change: CatalogChange) {
        state.withLock { state in
            state.changes += 1
            if change == .onlyInCatalog { state.untold += 1 }
            guard state.changes >= state.needed, state.running == nil, !state.isClosed else { return }
            state.running = Task { await self.copyIfDue() }
        }
    }

    private func copyIfDue() async {
        let due = await blockingResult { try self.changesNeeded() }
        let isDue = state.withLock { state -> Bool in
            if case .success(let needed) = due { state.needed = needed }
            if state.changes >= state.needed { return true }
            state.running = nil
            return false
        }
        guard isDue else { return }
        await copy()
        state.withLock { $0.running = nil }
    }

    /// Ends copying: waits for a copy that runs, and makes a last one when something has changed since.
    func close() async {
        let running = state.withLock { state in
            state.isClosed = true
            return state.running
        }
        await running?.value
        let early = await state.withLock({ $0.early })?.value
        guard state.withLock({ $0.changes }) > 0 else { return }
        if await isDueOnClose(early: early) { await copy() }
    }

    /// Counts changes that one operation made, and makes a copy at once when that makes one due, or the catalog is small.
    ///
    /// Never throws: as with every copy a failure is logged.
    func refresh(after changes: Int) async {
        let running = state.withLock { state in
            state.changes += changes
            state.untold += changes
            return state.running
        }
        await running?.value
        let isDue = await blockingResult { () throws -> Bool in
            guard let size = try self.disk.status(self.layout.catalog)?.sizeBytes, size > Self.bytesOnClose else { return true }
            let needed = try self.changesNeeded()
            return self.state.withLock { $0.changes >= needed }
        }
        if (try? isDue.get()) ?? false { await copy() }
    }

    /// - Parameter early: how far the copy was some time ago; where that makes none due, none is.
    private func isDueOnClose(early: Int64?) async -> Bool {
        let isUntold = await blockingResult { () throws -> Bool in
            guard try self.disk.status(self.layout.catalogCopy) != nil else { return true }
            let isSmall = try self.disk.status(self.layout.catalog)?.sizeBytes ?? 0 <= Self.bytesOnClose
            return isSmall && self.state.withLock { $0.untold > 0 }
        }
        guard case .success(false) = isUntold else { return true }
        // Many short processes make a copy due together: what counts is how far the copy is behind, not who is.
        let now = (try? await catalog.progress()) ?? .max
        func isDue(since progress: Int64?) async -> Bool {
            guard let progress, case .success(let needed) = await blockingResult({ try self.changesNeeded() }) else { return true }
            let (bound, overflows) = progress.addingReportingOverflow(Int64(needed))
            return overflows || now >= bound
        }
        if let early, await !isDue(since: early) { return false }
        return await isDue(since: try? await blockingResult { self.copyProgress() }.get())
    }

    private func changesNeeded() throws -> Int {
        let size = try disk.status(layout.catalog)?.sizeBytes ?? 0
        return max(Self.changesLeast, Int(clamping: size / Self.bytesPerChange))
    }

    private func copy() async {
        let counted = state.withLock { (changes: $0.changes, untold: $0.untold) }
        let outcome = await blockingResult { try self.makeCopy() }
        state.withLock { state in
            switch outcome {
            case .success:
                state.changes -= counted.changes
                state.untold -= counted.untold
                state.failure = nil
            case .failure(let error):
                // The next try comes after as many changes again.
                state.needed = state.changes + state.needed
                state.failure = StrataError.wrapping(error)
            }
        }
        if case .failure(let error) = outcome {
            logger.warning("the catalog's copy was not refreshed", metadata: ["error": "\(StrataError.wrapping(error))"])
        }
    }

    /// Writes a new copy under a temporary name, checks it, and lets it take the old one's place.
    ///
    /// Cost: one pass over the catalog to write and one to check it, one fdatasync, one fsync of the folder.
    private func makeCopy() throws {
        // One process at a time; whoever copies now copies what we would.
        let lock = try disk.open(layout.formatFile, .read)
        guard try lock.tryLock() else { return }
        try removeLeftover()
        do {
            try catalog.copy(to: layout.newCatalogCopy)
            let health = Catalog.health(at: layout.newCatalogCopy, thorough: false)
            guard health.identity?.storeID == storeID else {
                throw StrataError(
                    .corrupted,
                    "a copy of the catalog `\(layout.catalog)` is not sound (\(health.problem ?? "it is another store's")); run `strata verify`")
            }
            let file = try disk.open(layout.newCatalogCopy, .readWrite)
            try file.sync()
            try disk.rename(layout.newCatalogCopy, to: layout.catalogCopy)
            try disk.syncDirectory(layout.root)
        } catch {
            try? removeLeftover()
            throw error
        }
    }

    /// Removes what a process that died left of its copy. Callers hold the lock.
    private func removeLeftover() throws {
        for ending in ["", "-journal", "-wal", "-shm"] where try disk.status(layout.newCatalogCopy + ending) != nil {
            try disk.remove(layout.newCatalogCopy + ending)
        }
    }

    /// For a store that is being opened: a dead process's part of a copy goes.
    func clearLeftover() throws {
        guard try disk.status(layout.newCatalogCopy) != nil else { return }
        let lock = try disk.open(layout.formatFile, .read)
        if try lock.tryLock() { try removeLeftover() }
    }
}

private func blockingResult<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async -> Result<T, any Error> {
    await WorkerExecutor.run { Result { try body() } }
}

extension StateStore {
    /// Why the catalog's copy could not be refreshed the last time; nil when it could.
    ///
    /// The copy is what a lost catalog is rebuilt from. Its failure never fails a commit.
    public var catalogCopyFailure: StrataError? { copier?.failure }
}
