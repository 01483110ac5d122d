import ContentStore
import GRDB
import Synchronization

/// The SQLite database that says what exists: models, states, snapshots, datasets, and where every chunk lies.
///
/// One object an open store. Reads run on connections of their own and never wait for a writer; writes are serialised by
/// SQLite, across processes too. Nothing here runs on Swift's cooperative pool: GRDB has threads of its own, and workers read
/// on theirs.
/// All SQL of the project is in this module and in `migrations/`.
public final class Catalog: Sendable {
    public enum OpenMode: Sendable {
        /// Makes the catalog when the file is missing, and migrates an older one.
        case create
        /// Migrates an older catalog; a missing one is an error.
        case existing
        /// Changes nothing.
        case readOnly
    }

    /// How long a call waits for a lock that somebody else holds, unless told.
    public static let defaultBusyTimeoutSeconds = 60.0
    /// `STRA`, big-endian: lets `file` and us recognise a catalog.
    static let applicationID: Int32 = 0x5354_5241

    let pool: DatabasePool
    public let path: String
    public let isReadOnly: Bool
    let busyTimeoutSeconds: Double
    /// The write or sync that failed: what of the log is durable is unknown since, and nothing more is written.
    private let failedWrite = Mutex<CatalogError?>(nil)
    /// A connection that only looks whether others have changed something; made when it is first needed.
    let watch = Mutex<DatabaseQueue?>(nil)
    let changeReading = SharedReading<Int64>()
    private let afterChange = Mutex<(@Sendable (CatalogChange) -> Void)?>(nil)
    /// There was a write-ahead log when this was opened: somebody has the catalog open too, or has died with it.
    public let foundLog: Bool

    init(pool: DatabasePool, path: String, isReadOnly: Bool, busyTimeoutSeconds: Double, foundLog: Bool) {
        self.pool = pool
        self.path = path
        self.isReadOnly = isReadOnly
        self.busyTimeoutSeconds = busyTimeoutSeconds
        self.foundLog = foundLog
    }

    /// Closes all connections; the last of all processes folds the write-ahead log into the file.
    public func close() throws(CatalogError) {
        do {
            try watch.withLock { watch in
                try watch?.close()
                watch = nil
            }
            // SQLite folds the log in when the last connection closes, and a reading one cannot: GRDB closes the readers last.
            if !isReadOnly { pool.invalidateReadOnlyConnections() }
            try pool.close()
        } catch {
            throw Self.mapped(error, path: path, waited: busyTimeoutSeconds) as? CatalogError ?? CatalogError(.io, "\(error)")
        }
    }

    /// Has `body` called after each transaction that changed what users see. It must be short: the transaction's caller
    /// waits for it.
    public func onChange(_ body: (@Sendable (CatalogChange) -> Void)?) { afterChange.withLock { $0 = body } }

    /// Runs `body` on one consistent view of the catalog.
    func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        do {
            // A worker needs no other thread: going to one and coming back costs more than a small query.
            if WorkerExecutor.isCurrent {
                try Task.checkCancellation()
                return try readHere(body)
            }
            return try await pool.read(body)
        } catch {
            throw Self.mapped(error, path: path, waited: busyTimeoutSeconds)
        }
    }

    /// Blocks. Not `async`, so that the compiler takes GRDB's blocking form.
    private func readHere<T>(_ body: (Database) throws -> T) throws -> T { try pool.read(body) }

    /// Runs `body` in one immediate transaction: all of it or nothing, durable when this returns.
    ///
    /// After a write or sync that the disk refused, for another reason than want of space, every later call throws `io`: a
    /// sync that succeeds after one that failed says nothing of what that one should have kept.
    ///
    /// Once begun it ends whatever becomes of the calling task, so that a caller who gets an error knows that the
    /// transaction was not committed; cancellation counts up to the beginning only.
    ///
    /// - Parameters:
    ///   - evenIfCancelled: for giving back what was taken: also begins in a task that was cancelled.
    ///   - change: what it leaves; nil for what only concerns sessions.
    func write<T: Sendable>(
        evenIfCancelled: Bool = false, change: CatalogChange? = .onlyInCatalog, _ body: @escaping @Sendable (Database) throws -> T
    ) async throws -> T {
        if !evenIfCancelled { try Task.checkCancellation() }
        try refuseAfterFailedWrite()
        do {
            // Task-local values do not reach the queue that transactions run on by themselves.
            let maker = Maker.keyID
            let result = try await Task { [pool] in
                try await pool.write { db in try Maker.$keyID.withValue(maker) { try body(db) } }
            }.value
            if let change { afterChange.withLock { $0 }?(change) }
            return result
        } catch {
            if let error = error as? DatabaseError { noteFailedWrite(error) }
            throw Self.mapped(error, path: path, waited: busyTimeoutSeconds)
        }
    }

    func refuseAfterFailedWrite() throws {
        if let failure = failedWrite.withLock({ $0 }) { throw failure }
    }

    private func noteFailedWrite(_ error: DatabaseError) {
        let refused: [ResultCode] = [.SQLITE_IOERR_WRITE, .SQLITE_IOERR_FSYNC, .SQLITE_IOERR_DIR_FSYNC, .SQLITE_IOERR_TRUNCATE]
        guard refused.contains(error.extendedResultCode) else { return }
        failedWrite.withLock { failure in
            failure = failure ?? CatalogError(
                .io,
                "the catalog `\(path)` could not be written before (\(error.message ?? "SQLite error \(error.extendedResultCode.rawValue)")); "
                    + "this handle writes nothing more: check the disk, close the store and open it again",
                context: ["path": path, "sqlite": "\(error.extendedResultCode.rawValue)"])
        }
    }

    static func mapped(_ error: any Error, path: String, waited: Double = defaultBusyTimeoutSeconds) -> any Error {
        if error is RowDecodingError {
            return CatalogError(
                .corrupted, "a row of the catalog `\(path)` holds a value of the wrong kind; run `strata repair`", context: ["path": path])
        }
        guard let error = error as? DatabaseError else { return error }
        // GRDB reports a cancelled task's statement as interrupted or aborted.
        if error.resultCode == .SQLITE_INTERRUPT || error.resultCode == .SQLITE_ABORT { return CancellationError() }
        return CatalogError(error, path: path, waited: waited)
    }

    /// The store's counter of condemning transactions.
    public func currentSequence() async throws -> Int64 {
        try await read { db in try StoreTable(db: db).sequence() }
    }
}
