import Foundation
import GRDB

extension Catalog {
    /// Writes the catalog, as it is at one moment, to a new file at `path`: one self-contained database without a log.
    ///
    /// Blocks: call it on a worker. Readers and writers go on meanwhile; the write-ahead log grows by what they write. Not
    /// durable before the caller syncs the file.
    ///
    /// `VACUUM INTO`, because it reads one snapshot through the catalog's own VFS, walks every table (damage stops it
    /// instead of being copied), and leaves out free pages.
    /// - Throws: `corrupted`, `no_space`, `locked`, `io`; `path` may then hold a part.
    /// - Complexity: one pass over the catalog, on a connection of its own; memory of one page cache.
    public func copy(to path: String) throws(CatalogError) { try copy(to: path, named: path) }

    /// - Parameter name: what SQLite is told to write to; `path` is for people.
    func copy(to name: String, named path: String) throws(CatalogError) {
        var configuration = pool.configuration
        configuration.label = "strata.catalog.copy"
        configuration.readonly = true
        do {
            let source = try DatabaseQueue(path: pool.path, configuration: configuration)
            do {
                try source.writeWithoutTransaction { db in try db.execute(sql: "VACUUM INTO ?", arguments: [name]) }
            } catch let error as DatabaseError where error.resultCode == .SQLITE_FULL {
                throw try Self.damage(of: source, path: self.path) ?? CatalogError(error, path: path, waited: 0)
            }
            try source.close()
        } catch {
            throw Self.inOurWords(error, path: self.path)
        }
    }

    /// A damaged page number past SQLite's largest one is told as "full" too: what the source says of itself decides.
    private static func damage(of source: DatabaseQueue, path: String) throws -> CatalogError? {
        let found = try source.read { db in try String.fetchOne(db, sql: "PRAGMA quick_check(1)") }
        guard let found, found != "ok" else { return nil }
        return CatalogError(.corrupted, "the catalog `\(path)` is damaged: \(found)", context: ["path": path])
    }

    /// A number that grows with what was entered and deleted, cheap to read: tells which of two copies of one catalog is
    /// the newer.
    ///
    /// Renaming and changes of settings do not count.
    public func progress() async throws -> Int64 { try await read { db in try Self.progress(db) } }

    static func progress(_ db: Database) throws -> Int64 {
        try db.number(
            """
            SELECT (SELECT coalesce(max(sequence), 0) FROM store) + (SELECT coalesce(max(id), 0) FROM stored_values)
                + (SELECT coalesce(max(id), 0) FROM states) + (SELECT coalesce(max(id), 0) FROM packs)
                + (SELECT coalesce(max(id), 0) FROM snapshots) + (SELECT coalesce(max(id), 0) FROM models)
            """) ?? 0
    }

    static func inOurWords(_ error: any Error, path: String) -> CatalogError {
        error as? CatalogError ?? mapped(error, path: path) as? CatalogError ?? CatalogError(.io, "\(error)", context: ["path": path])
    }
}
