import Catalog
public import ContentStore
import Foundation
public import Logging
import Synchronization

/// A store of models' states in one folder: the way in for everything.
///
/// Opening takes milliseconds at any size. A store may be open in several processes at once; readers never wait for
/// writers. All methods may be called from any task; they throw `StrataError`.
///
/// ```swift
/// let store = try await StateStore.open(at: "models.strata")
/// let model = try await store.createModel(named: "minilm")
/// let state = try await store.commitState(of: model.id, named: "v1") { writer in
///     try await writer.write("weights", fileAt: "model.safetensors")
/// }
/// let bytes = try await store.bytes(of: "weights", in: state.id, of: model.id)
/// ```
public final class StateStore: Sendable {
    public enum OpenMode: Sendable {
        /// Opens the store for reading and writing; makes it when the folder is missing or empty.
        case createIfMissing
        /// Opens for reading and writing a store that exists.
        case readWrite
        /// Changes nothing on disk: no migration, no session, no clearing up.
        case readOnly
    }

    /// How the store behaves; every value has a default that fits.
    public struct Options: Sendable {
        /// Who owns the models that are made through this handle.
        public var owner = "local"
        /// How values are cut and when they lie in the catalog itself.
        public var ingest = IngestSettings()
        /// Where the store tells of what it does (info and below). Errors are thrown, never logged instead.
        public var logger = Logger(label: "strata")
        /// Bytes of decoded and checked chunks that are kept in memory for reads to come; 0 keeps none. For servers that hand
        /// out the same states again and again.
        public var checkedBytesMax = 0
        /// Through what the store reaches its files; for tests that inject faults.
        public var disk: any StoreDisk = LocalDisk()
        /// How long an operation waits for another program that has the catalog locked, before it fails with `io`. Writers of
        /// this library hold it for milliseconds.
        public var catalogTimeoutSeconds: Double = 60
        /// How many records of ended operations a model keeps of each kind: creations, trainings, evaluations.
        public var operationRecordsMax = 1000
        /// How often a running operation writes what was reported, measures what it uses, and looks whether another process
        /// wants it to end.
        public var operationPulseSeconds: Double = 1
        /// How long the outputs of an evaluation can be asked for again, in the process that ran it.
        public var evaluationResultSeconds: Double = 300
        /// Bytes of such outputs that are kept at once; the oldest go first.
        public var evaluationResultBytesMax = 64 << 20

        public init() {}
    }

    /// The store's id, made with it.
    public let id: String
    /// The store's folder.
    public let path: String
    public let isReadOnly: Bool
    let options: Options
    let layout: StoreLayout
    let catalog: Catalog
    let reader: ChunkReader
    let ingestMemory: IngestMemory
    let operations = RunningOperations()
    let keptEvaluations: KeptEvaluations
    let keyCache = KeyCache()
    let fileTurns = FileTurns()
    /// This open store's lock and staging folder; nil when it is open for reading only.
    let staging: StagingSession?
    /// Keeps the catalog's copy; nil when the store is open for reading only.
    let copier: CatalogCopier?
    private let isClosed = Atomic<Bool>(false)
    private let isRegistered = Mutex(false)

    var logger: Logger { options.logger }

    private init(
        id: String, layout: StoreLayout, catalog: Catalog, staging: StagingSession?, options: Options, ingestMemory: IngestMemory
    ) {
        self.id = id
        path = layout.root
        isReadOnly = staging == nil
        self.options = options
        keptEvaluations = KeptEvaluations(
            lifetimeSeconds: options.evaluationResultSeconds, bytesMax: options.evaluationResultBytesMax)
        self.layout = layout
        self.catalog = catalog
        self.staging = staging
        self.ingestMemory = ingestMemory
        reader = ChunkReader(
            packsFolder: layout.packs, disk: options.disk, index: catalog, checkedBytesMax: max(0, options.checkedBytesMax))
        copier = staging.map { _ in
            CatalogCopier(catalog: catalog, layout: layout, disk: options.disk, storeID: id, logger: options.logger)
        }
        catalog.onChange { [weak copier] in copier?.note($0) }
    }

    /// Opens a store, and makes it first if `mode` allows.
    ///
    /// - Parameter path: the store's folder; by habit it ends in `.strata`.
    /// - Throws: `invalid_parameter` (a path of more than 480 bytes), `store_not_found`, `unsupported_format` (a newer store, or none), `needs_migration` (an older store opened
    ///   for reading only), `read_only` (a backup), `io`, `no_space`.
    /// - Complexity: a few file operations and one read of the catalog's header, whatever the store's size. Folders of
    ///   sessions whose process has died are cleared away.
    public static func open(
        at path: String, _ mode: OpenMode = .createIfMissing, options: Options = Options()
    ) async throws(StrataError) -> StateStore {
        try await translating {
            let memory = IngestMemory(chunkSizes: options.ingest.chunkSizes)
            memory.prepare(forBytes: options.ingest.expectedBytes)
            let store = try await WorkerExecutor.run { () throws(StrataError) in
                do {
                    return try openBlocking(at: path, mode, options: options, memory)
                } catch {
                    throw StrataError.wrapping(error)
                }
            }
            guard !store.isReadOnly else { return store }
            do {
                try await store.refuseWhileRepairing()
                try await store.clearDeadSessions()
            } catch {
                // A task of its own: a cancelled one could not give back the session.
                try? await Task { try await store.close() }.value
                throw error
            }
            return store
        }
    }

    /// Loads what opening a store needs, for a program that has something else to do first. Optional, and never fails.
    ///
    /// - Complexity: some milliseconds on a worker, in memory only; nothing where there is one processor.
    public static func prepareOpening() async {
        guard WorkerExecutor.width > 1 else { return }
        await WorkerExecutor.run { Catalog.prepareOpening() }
    }

    /// Has the process keep what it frees for what it needs next, up to 8 MiB in each of malloc's heaps: half the page faults of
    /// reading a large value. Optional, for programs whose main work is the store; it holds for everything else in them too, so a
    /// library should not call it. Nothing happens where malloc is not glibc's.
    ///
    /// - Complexity: two calls of `mallopt`; before other threads are started it affects all that they allocate.
    public static func keepFreedMemory() { FreedMemory.keep() }

    /// Runs `body` on the store's workers, where the store does its work at once that takes another thread elsewhere. For programs that do
    /// one thing at a time, such as commands: the workers are few, and `body` must not wait for anything but the store.
    public static func onWorkers<T>(_ body: () async throws -> T) async throws -> T {
        try await withTaskExecutorPreference(WorkerExecutor.shared) { try await body() }
    }

    private static func openBlocking(
        at path: String, _ mode: OpenMode, options: Options, _ memory: IngestMemory
    ) throws -> StateStore {
        let root = URL(fileURLWithPath: path).standardizedFileURL.path
        let layout = StoreLayout(root: root)
        guard root.utf8.count <= StoreLayout.rootBytesMax else {
            throw StrataError.invalidParameter(
                "path", "the path of the store has \(root.utf8.count) bytes, at most \(StoreLayout.rootBytesMax) are allowed; choose a shorter one")
        }
        if mode != .readOnly, try options.disk.status(layout.backupMarker) != nil {
            throw StrataError(
                .readOnly, "`\(root)` is a backup; open it for reading only, or restore it with `strata restore`", context: ["path": root])
        }
        var storeID = try layout.storeID(on: options.disk)
        if storeID == nil {
            guard mode == .createIfMissing else {
                throw StrataError(
                    .storeNotFound, "there is no store at `\(root)`; make one with `strata init`", context: ["path": root])
            }
            storeID = try create(layout, options: options)
        }
        if mode != .readOnly {
            // Many ways of copying a store leave empty folders out.
            for folder in [layout.packs, layout.staging] { try options.disk.createDirectory(folder) }
        }
        // A store that exists had a catalog: making an empty one would hide its states.
        let catalog = try Catalog.open(
            at: layout.catalog, mode: mode == .readOnly ? .readOnly : .existing, storeID: storeID!, on: options.disk,
            busyTimeoutSeconds: options.catalogTimeoutSeconds)
        let staging =
            mode == .readOnly ? nil : try StagingSession(stagingFolder: layout.staging, disk: options.disk)
        return StateStore(id: storeID!, layout: layout, catalog: catalog, staging: staging, options: options, ingestMemory: memory)
    }

    private static func create(_ layout: StoreLayout, options: Options) throws -> String {
        if try options.disk.status(layout.root) != nil {
            let names = try options.disk.list(layout.root)
            let strangers = names.filter { !StoreLayout.isUnfinished($0, among: names) }
            guard strangers.isEmpty else {
                // Somebody has finished the store since its `format` was looked for.
                if let storeID = try layout.storeID(on: options.disk) { return storeID }
                throw StrataError(
                    .unsupportedFormat,
                    "`\(layout.root)` is not empty and no store (it has `\(strangers[0])`); name a new or empty folder",
                    context: ["path": layout.root])
            }
        }
        let storeID = try layout.begin(on: options.disk, proposedID: UUID().uuidString.lowercased())
        if try layout.storeID(on: options.disk) == nil {
            try Catalog.open(
                at: layout.catalog, mode: .create, storeID: storeID, on: options.disk,
                busyTimeoutSeconds: options.catalogTimeoutSeconds
            ).close()
        }
        try layout.finish(on: options.disk)
        return storeID
    }

    /// Ends this handle: cancels its running operations, waits for them, and gives back its session and its connections.
    ///
    /// A handle that is dropped without `close()` leaves a folder that the next open clears away.
    /// - Throws: `io` and the like, the first of what went wrong; all the rest is given back even so.
    public func close() async throws(StrataError) {
        guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        for task in operations.cancelAll() { _ = await task.result }
        keptEvaluations.removeAll()
        var failure: (any Error)?
        do { try await giveBackSession() } catch { failure = error }
        await copier?.close()
        catalog.onChange(nil)
        do { try await blocking { [catalog] in try catalog.close() } } catch { failure = failure ?? error }
        if let failure { throw .wrapping(failure) }
    }

    private func giveBackSession() async throws {
        guard let staging else { return }
        if isRegistered.withLock({ $0 }) { try await catalog.removeSessions(tokens: [staging.token]) }
        try await WorkerExecutor.run { () throws(ContentError) in try staging.close() }
    }

    /// This handle's session, for an operation that writes.
    /// - Throws: `read_only`, `store_closed`.
    func writing() throws(StrataError) -> StagingSession {
        try checkOpen()
        guard let staging else {
            throw StrataError(.readOnly, "the store `\(path)` is open for reading only; open it for writing")
        }
        return staging
    }

    func checkOpen() throws(StrataError) {
        if isClosed.load(ordering: .acquiring) {
            throw StrataError(.storeClosed, "this handle of the store `\(path)` was closed; open the store again")
        }
    }

    /// The session's row in the catalog, for pins and creations; made when it is first needed.
    func registeredSession() async throws -> String {
        let staging = try writing()
        if !isRegistered.withLock({ $0 }) {
            try await catalog.registerSession(token: staging.token, processID: Int64(ProcessInfo.processInfo.processIdentifier))
            isRegistered.withLock { $0 = true }
        }
        return staging.token
    }

    /// Runs `body` while collection leaves alone whatever existed when it began.
    ///
    /// The session's horizon is told first and the sequence that `body` gets is read after: what a collector condemned up
    /// to then is unknown to `body`, and what is condemned later stays until `body` returns.
    func holdingHorizon<T>(_ body: (_ horizon: Int64) async throws -> T) async throws -> T {
        try await holding { try await body(try await catalog.currentSequence()) }
    }

    /// The same for a body that needs no sequence, or reads it in a transaction of its own: whatever `body` finds in use when
    /// it looks it up stays until `body` returns.
    func holding<T>(_ body: () async throws -> T) async throws -> T {
        try checkOpen()
        do {
            guard let staging else { return try await holdingMark(body) }
            let sequence = try await catalog.currentSequence()
            try await WorkerExecutor.run { () throws(ContentError) in try staging.begin(sequence: sequence) }
            defer { staging.end(sequence: sequence) }
            return try await body()
        } catch {
            throw Self.inOurWords(error)
        }
    }

    /// The same for a handle that is open for reading only and may write nothing: the sequence is marked on the `format`
    /// file, by a lock that goes with the open file.
    ///
    /// Where files cannot be locked nothing is held: what others delete and collect meanwhile then fails to be read.
    private func holdingMark<T>(_ body: () async throws -> T) async throws -> T {
        let sequence = try await catalog.currentSequence()
        let (disk, path, logger) = (options.disk, layout.formatFile, logger)
        let file = await WorkerExecutor.run { () -> (any DiskFile)? in
            do throws(ContentError) {
                let file = try disk.open(path, .read)
                try file.mark(sequence)
                return file
            } catch {
                logger.warning("what is read may be collected meanwhile", metadata: ["error": "\(error)"])
                return nil
            }
        }
        let result = try await body()
        withExtendedLifetime(file) {}
        return result
    }
}

/// How values are cut and stored. The defaults were measured; other values are for tests and experiments.
public struct IngestSettings: Hashable, Sendable {
    /// Values up to this size lie in the catalog itself.
    public var inlineBytesMax = 32 << 10
    /// The average chunk, a power of two; the least is half of it, the largest twice.
    public var averageChunkBytes = 256 << 10
    /// Bytes that are about to be written, if known: the memory for it is made ready while the store is opened.
    public var expectedBytes: Int64 = 0

    public init() {}
}
