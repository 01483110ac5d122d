import CatalogMigrations
public import ContentStore
import Foundation
import GRDB

extension Catalog {
    /// The schema version that this program writes.
    public static let formatVersion = Migration.all.last!.version

    /// Opens the catalog of the store with this id. Blocks: call it on a worker.
    ///
    /// - Throws: `unsupported_format` (a newer catalog, another program's file, or another store's), `needs_migration` (an
    ///   older catalog, opened for reading only), `locked`, `no_space`, `io`.
    /// - Complexity: a handful of pages, whatever the catalog's size; a migration costs what its SQL costs.
    ///
    /// - Parameter busyTimeoutSeconds: how long this call, and each call later, waits for a lock that somebody else holds.
    public static func open(
        at path: String, mode: OpenMode, storeID: String, on disk: any StoreDisk = LocalDisk(),
        busyTimeoutSeconds: Double = defaultBusyTimeoutSeconds
    ) throws(CatalogError) -> Catalog {
        do {
            let exists = try disk.status(path) != nil
            if mode != .create, !exists {
                throw CatalogError(
                    .corrupted, "the store's catalog `\(path)` is missing; its packs may still hold the states",
                    context: ["path": path])
            }
            let foundLog = try disk.status(path + "-wal")?.sizeBytes ?? 0 > 0
            let catalog = try openPool(at: path, mode: mode, storeID: storeID, on: disk, busyTimeoutSeconds, foundLog: foundLog)
            do {
                if mode != .readOnly { try catalog.prepareForWriting(storeID: storeID) }
                try catalog.check(storeID: storeID)
            } catch {
                try? catalog.pool.close()
                throw error
            }
            return catalog
        } catch let error as CatalogError {
            throw error
        } catch let error as ContentError {
            throw CatalogError(error.code == .noSpace ? .noSpace : .io, error.message, context: ["path": path])
        } catch {
            throw mapped(error, path: path, waited: busyTimeoutSeconds) as? CatalogError ?? CatalogError(.io, "\(error)")
        }
    }

    /// Has SQLite, GRDB and Swift's runtime set up what a first connection needs. Blocks; touches no file.
    public static func prepareOpening() {
        guard let queue = try? DatabaseQueue() else { return }
        _ = try? queue.read { db in
            let version = try Self.version(db)
            let text = try String.fetchOne(db, sql: "SELECT name FROM sqlite_schema WHERE rowid = ?", arguments: [version])
            return try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").count + (text?.count ?? 0)
        }
    }

    /// What SQLite is told to open: the path, or a URI where the path alone does not say how.
    static func databaseName(_ path: String, on disk: any StoreDisk, isImmutable: Bool = false) -> String {
        var parameters: [String] = []
        if let fileSystem = disk.databaseFileSystem { parameters.append("vfs=\(fileSystem)") }
        if isImmutable { parameters.append("immutable=1") }
        guard !parameters.isEmpty else { return path }
        // SQLite decodes percent signs in a URI, and ends its path at a question mark or a number sign.
        let encoded = path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? path
        return "file:\(encoded)?\(parameters.joined(separator: "&"))"
    }

    private static func openPool(
        at path: String, mode: OpenMode, storeID: String, on disk: any StoreDisk, _ busyTimeoutSeconds: Double, foundLog: Bool
    ) throws -> Catalog {
        var configuration = Configuration()
        configuration.label = "strata.catalog"
        configuration.readonly = mode == .readOnly
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .callback { waitForLock($0, busyTimeoutSeconds) }
        configuration.maximumReaderCount = 8
        if mode == .create {
            // Takes effect in an empty file only: free pages can then be given back a few at a time.
            configuration.prepareDatabase { db in
                if !db.configuration.readonly { try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL") }
            }
        }
        // Before GRDB writes: it sets WAL mode, and a table comes and goes.
        configuration.prepareDatabase { db in
            if !db.configuration.readonly { try refuseStrangers(db, path: path, storeID: storeID) }
        }
        return Catalog(
            pool: try openRetrying(path, configuration, on: disk, busyTimeoutSeconds), path: path, isReadOnly: configuration.readonly,
            busyTimeoutSeconds: busyTimeoutSeconds, foundLog: foundLog)
    }

    /// Waits for a lock that another connection holds; false when it took too long.
    ///
    /// SQLite's own waiting sleeps up to 100 ms at a time: it would pass by the moments that a busy writer or a collector
    /// leaves to others.
    private static func waitForLock(_ tries: Int, _ busyTimeoutSeconds: Double) -> Bool {
        let (shortTries, microseconds) = (20, 2000)
        guard Double(tries - shortTries) < busyTimeoutSeconds * 1_000_000 / Double(microseconds) else { return false }
        Thread.sleep(forTimeInterval: (tries < shortTries ? 500 : Double(microseconds)) / 1_000_000)
        return true
    }

    /// Two processes that open a new catalog at once can meet in the switch to WAL mode, where SQLite does not wait.
    private static func openRetrying(
        _ path: String, _ configuration: Configuration, on disk: any StoreDisk, _ busyTimeoutSeconds: Double
    ) throws -> DatabasePool {
        try retryingWhileBusy(busyTimeoutSeconds) {
            do {
                return try DatabasePool(path: databaseName(path, on: disk), configuration: configuration)
            } catch let error as DatabaseError where configuration.readonly && canBeImmutable(path, error) {
                // On a read-only medium SQLite cannot make its shared memory; nobody can write there either.
                return try DatabasePool(path: databaseName(path, on: disk, isImmutable: true), configuration: configuration)
            }
        }
    }

    private static func retryingWhileBusy<T>(_ seconds: Double, _ body: () throws -> T) throws -> T {
        // Some refusals come at once, others after SQLite has waited: the time is what counts, not the attempts.
        let end = ContinuousClock.now + .seconds(seconds)
        while true {
            do {
                return try body()
            } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY && ContinuousClock.now < end {
                Thread.sleep(forTimeInterval: 0.01)
            }
        }
    }

    private static func canBeImmutable(_ path: String, _ error: DatabaseError) -> Bool {
        guard error.resultCode == .SQLITE_CANTOPEN || error.resultCode == .SQLITE_READONLY else { return false }
        let folder = (path as NSString).deletingLastPathComponent
        return !FileManager.default.fileExists(atPath: path + "-wal") && !FileManager.default.isWritableFile(atPath: folder)
    }

    private func prepareForWriting(storeID: String) throws {
        try pool.writeWithoutTransaction { db in
            // GRDB chooses NORMAL for WAL, which can lose the last commits with the power; an acknowledged state may not.
            try db.execute(sql: "PRAGMA synchronous = FULL")
            guard try Int.fetchOne(db, sql: "PRAGMA synchronous") == 2 else {
                throw CatalogError(.io, "SQLite did not take synchronous = FULL for `\(path)`")
            }
            if try Self.version(db) < Self.formatVersion { try migrate(db, storeID: storeID) }
        }
    }

    private static func version(_ db: Database) throws -> Int { try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0 }

    private static func refuseStrangers(_ db: Database, path: String, storeID: String) throws {
        let found = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let isEmpty = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") == 0
        guard found == applicationID || (found == 0 && isEmpty) else {
            throw CatalogError(
                .unsupportedFormat, "`\(path)` is another program's database, not a store's catalog", context: ["path": path])
        }
        let version = try version(db)
        guard version <= formatVersion else {
            throw CatalogError(
                .unsupportedFormat,
                "the catalog `\(path)` has format version \(version), this program reads up to \(formatVersion); use a newer program",
                context: ["path": path])
        }
        // A catalog in the making has no tables yet.
        guard version > 0 else { return }
        let owner = try String.fetchOne(db, sql: "SELECT store_id FROM store WHERE id = 1") ?? "none"
        guard owner == storeID else {
            throw CatalogError(
                .unsupportedFormat,
                "the catalog `\(path)` belongs to store \(owner), the folder to store \(storeID); put back the folder's own catalog",
                context: ["path": path])
        }
    }

    /// Runs the migrations that are missing, all in one transaction: a crash leaves the catalog as it was.
    private func migrate(_ db: Database, storeID: String) throws {
        try db.inTransaction(.immediate) {
            // Read again inside: another process may have migrated meanwhile.
            let from = try Self.version(db)
            for migration in Migration.all where migration.version > from {
                try db.execute(sql: migration.sql)
                try db.execute(sql: "PRAGMA user_version = \(migration.version)")
            }
            if from == 0 {
                try db.execute(sql: "PRAGMA application_id = \(Self.applicationID)")
                let now = Int64(Date().timeIntervalSince1970 * 1000)
                try db.execute(
                    sql: "INSERT INTO store (id, store_id, created_at, sequence) VALUES (1, ?, ?, 0)",
                    arguments: [storeID, now])
            }
            let broken = try Row.fetchAll(db, sql: "PRAGMA foreign_key_check")
            guard broken.isEmpty else {
                throw CatalogError(.corrupted, "\(broken.count) rows of the catalog `\(path)` refer to missing ones after migration")
            }
            return .commit
        }
    }

    private func check(storeID: String) throws {
        try pool.read { db in
            try Self.refuseStrangers(db, path: path, storeID: storeID)
            let version = try Self.version(db)
            guard version == Self.formatVersion else {
                throw CatalogError(
                    .needsMigration,
                    "the catalog `\(path)` has format version \(version), this program reads \(Self.formatVersion); open the store for writing once to migrate it",
                    context: ["path": path])
            }
        }
    }
}
