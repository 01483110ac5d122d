public import ContentStore
import Foundation
import GRDB

/// A catalog in the making, beside the store's own: where a repair puts together what it can find.
///
/// Everything happens in one transaction on a file that nobody else has open. Blocks: use it on a worker, from one task.
public final class CatalogRebuild {
    let queue: DatabaseQueue
    public let path: String
    /// What was changed against the catalog that the rebuild began with.
    public internal(set) var changes = 0
    /// What could not be kept, in sentences.
    public internal(set) var remarks: [String] = []

    /// Opens the catalog at `path`, or begins an empty one where there is none, and migrates it.
    /// - Throws: as `Catalog.open`.
    public init(at path: String, storeID: String, on disk: any StoreDisk = LocalDisk()) throws(CatalogError) {
        self.path = path
        let exists = FileManager.default.fileExists(atPath: path)
        try Catalog.open(at: path, mode: exists ? .existing : .create, storeID: storeID, on: disk).close()
        do {
            var configuration = Configuration()
            configuration.label = "strata.catalog.rebuild"
            configuration.foreignKeysEnabled = false
            // One transaction spans many calls.
            configuration.allowsUnsafeTransactions = true
            queue = try DatabaseQueue(path: Catalog.databaseName(path, on: disk), configuration: configuration)
            try queue.writeWithoutTransaction { db in
                // Nothing of it counts before the file is synced as a whole.
                try db.execute(sql: "PRAGMA journal_mode = DELETE")
                try db.execute(sql: "PRAGMA synchronous = OFF")
                try db.execute(sql: "BEGIN IMMEDIATE")
            }
        } catch {
            throw Catalog.inOurWords(error, path: path)
        }
    }

    /// Ends the transaction and closes the file, which is one self-contained database then.
    /// - Throws: `corrupted` when the result is not sound: the repair would have made it worse.
    public func finish() throws(CatalogError) {
        try using { db in try db.execute(sql: "COMMIT") }
        do {
            try queue.close()
        } catch {
            throw Catalog.inOurWords(error, path: path)
        }
        guard case .sound = Catalog.health(at: path, thorough: true) else {
            let problem = Catalog.health(at: path, thorough: true).problem ?? "unknown"
            throw CatalogError(.corrupted, "the rebuilt catalog is not sound: \(problem)", context: ["path": path])
        }
    }

    func using<T>(_ body: (Database) throws -> T) throws(CatalogError) -> T {
        do {
            return try queue.writeWithoutTransaction(body)
        } catch {
            throw Catalog.inOurWords(error, path: path)
        }
    }

    /// Sessions, pins and creations of processes that are gone.
    public func clearSessions() throws(CatalogError) {
        try using { db in
            let sequence = try StoreTable(db: db).nextSequence()
            for id in try db.rows("SELECT id FROM sessions") { try SessionTable(db: db).remove(row: id[0], sequence: sequence) }
            for row in try db.rows("SELECT DISTINCT session_id FROM operations WHERE session_id IS NOT NULL") {
                try OperationTable(db: db).lose(ofSessionRow: row[0], finishedAt: Int64(Date().timeIntervalSince1970 * 1000))
            }
            try db.run("DELETE FROM pins")
            try db.run("DELETE FROM creations")
        }
    }

    /// Ids of everything that users name, by kind: for telling what one catalog has and another lacks.
    public func publicIDs() throws(CatalogError) -> [String: Set<String>] { try using { db in try Self.publicIDs(db) } }

    /// The same of any catalog that nobody writes to.
    public static func publicIDs(at path: String) throws(CatalogError) -> [String: Set<String>] {
        do {
            let queue = try DatabaseQueue(path: path, configuration: Catalog.inspecting)
            defer { try? queue.close() }
            return try queue.read { db in try publicIDs(db) }
        } catch {
            throw Catalog.inOurWords(error, path: path)
        }
    }

    private static func publicIDs(_ db: Database) throws -> [String: Set<String>] {
        try ["models", "states", "snapshots", "datasets"].reduce(into: [:]) { result, table in
            result[table] = Set(try db.rows("SELECT public_id FROM \(table)").map { try $0[0] as String })
        }
    }

    /// A second, compact copy of what has been put together; only after `finish()`.
    public static func copy(_ path: String, to copy: String, on disk: any StoreDisk = LocalDisk()) throws(CatalogError) {
        do {
            let source = try DatabaseQueue(path: Catalog.databaseName(path, on: disk), configuration: Catalog.inspecting)
            try source.writeWithoutTransaction { db in try db.execute(sql: "VACUUM INTO ?", arguments: [copy]) }
            try source.close()
        } catch {
            throw Catalog.inOurWords(error, path: path)
        }
    }

    /// Folds the write-ahead log of a catalog that a process left into its file; does nothing to one that is damaged.
    public static func foldLog(at path: String, on disk: any StoreDisk = LocalDisk()) {
        guard let queue = try? DatabaseQueue(path: Catalog.databaseName(path, on: disk)) else { return }
        try? queue.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
            try db.execute(sql: "PRAGMA journal_mode = DELETE")
        }
        try? queue.close()
    }
}
