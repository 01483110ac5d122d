public import ContentStore
import Foundation
import GRDB

/// A copy of a catalog as it was at one moment, without what concerns only those who had the store open: sessions, pins,
/// creations, and what nothing referred to any more.
///
/// One self-contained file without a log, for a folder that has the packs it names. Blocks: use it on a worker, from one
/// task at a time.
public final class BackupCatalog: Sendable {
    private let queue: DatabaseQueue
    public let path: String

    /// Copies `source` to a new file at `path`. Not durable before the caller syncs the file.
    ///
    /// - Throws: `corrupted` (a damaged source), `no_space`, `io`; a part may be left.
    /// - Complexity: one pass over the catalog, and what its garbage costs to remove.
    public init(of source: Catalog, at path: String, on disk: any StoreDisk) throws(CatalogError) {
        self.path = path
        try source.copy(to: Catalog.databaseName(path, on: disk), named: path)
        do {
            var configuration = Configuration()
            configuration.label = "strata.catalog.backup"
            configuration.foreignKeysEnabled = true
            configuration.allowsUnsafeTransactions = true
            queue = try DatabaseQueue(path: Catalog.databaseName(path, on: disk), configuration: configuration)
            try queue.writeWithoutTransaction { db in
                // Nothing of it counts before the file is synced as a whole, and what fails is thrown away.
                try db.execute(sql: "PRAGMA synchronous = OFF")
                _ = try String.fetchOne(db, sql: "PRAGMA journal_mode = OFF")
                try db.execute(sql: "BEGIN IMMEDIATE")
                try Self.removeSessions(db)
                try Self.removeGarbage(db)
                try db.execute(sql: "COMMIT")
                // A log or journal would be a second file; this one stands alone.
                _ = try String.fetchOne(db, sql: "PRAGMA journal_mode = DELETE")
            }
        } catch {
            throw Catalog.inOurWords(error, path: path)
        }
    }

    /// Opens one that was made before, for reading.
    /// - Throws: `corrupted`, `io`.
    public init(at path: String) throws(CatalogError) {
        self.path = path
        do {
            queue = try DatabaseQueue(path: path, configuration: Catalog.inspecting)
        } catch {
            throw Catalog.inOurWords(error, path: path)
        }
    }

    private static func removeSessions(_ db: Database) throws {
        let rows = try db.rows("SELECT id FROM sessions")
        guard !rows.isEmpty else { return }
        let sequence = try StoreTable(db: db).nextSequence()
        for row in rows { try SessionTable(db: db).remove(row: row[0], sequence: sequence) }
    }

    /// No session runs on the copy, so that all that is condemned may go at once. Files of removed packs are not copied.
    private static func removeGarbage(_ db: Database) throws {
        let step = CollectionStep(rowsMax: 100_000, duration: .seconds(3600))
        var table: GarbageTable { GarbageTable(db: db, bound: .max, step: step) }
        while try GarbageTable.hasValues(db, bound: .max) || GarbageTable.hasChunks(db, bound: .max) {
            var (values, chunks) = (table, table)
            _ = try values.removeValues()
            _ = try chunks.removeChunks()
        }
        var last: Int64?
        repeat {
            var packs = table
            _ = try packs.removePacks(after: &last)
        } while last != nil
        try db.run("DELETE FROM removed_packs")
    }

    /// The packs whose names begin with this byte, in the order of their names.
    public func packs(in folder: UInt8) throws(CatalogError) -> [PackCheckRow] {
        do {
            return try queue.read { db in
                try db.rows(
                    """
                    SELECT id, name, size_bytes, chunk_count FROM packs WHERE name >= ? AND name <= ? AND name <> ? ORDER BY name
                    """,
                    [Data([folder]), Data([folder] + [UInt8](repeating: 255, count: 32)), Data(Catalog.lostPack.digest.bytes)]
                ).map { row in
                    guard let name = Digest(bytes: try row[1] as Data) else {
                        throw CatalogError(.corrupted, "pack number \(try row[0] as Int64) has a name of the wrong length in the catalog")
                    }
                    return PackCheckRow(id: try row[0], name: PackName(name), sizeBytes: try row[2], chunkCount: try row[3])
                }
            }
        } catch {
            throw Catalog.inOurWords(error, path: path)
        }
    }

    /// Closes the file.
    public func close() throws(CatalogError) {
        do {
            try queue.close()
        } catch {
            throw Catalog.inOurWords(error, path: path)
        }
    }
}
