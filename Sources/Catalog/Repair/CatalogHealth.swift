import CatalogMigrations
import ContentStore
import Foundation
import GRDB

/// What a file that should be a catalog turned out to be.
public enum CatalogHealth: Sendable, Equatable {
    /// A catalog that SQLite and our own checks find no fault with.
    case sound(CatalogIdentity)
    /// A catalog with faults; some of its rows may still be read.
    case malformed(String)
    /// Nothing to be read: missing, empty, no database, another program's.
    case unreadable(String)
    /// Written by a newer version of the program.
    case newer(version: Int)

    public var identity: CatalogIdentity? { if case .sound(let identity) = self { identity } else { nil } }

    /// Why the file is not sound; nil when it is.
    public var problem: String? {
        switch self {
        case .sound: nil
        case .malformed(let reason), .unreadable(let reason): reason
        case .newer(let version): "it has format version \(version)"
        }
    }
}

/// Whose catalog a file is, and how far it has come.
public struct CatalogIdentity: Sendable, Equatable {
    public let storeID: String
    public let version: Int
    /// See `Catalog.progress()`.
    public let progress: Int64
}

extension Catalog {
    /// Looks at a catalog that may be damaged, without changing anything. Blocks: call it on a worker.
    ///
    /// - Parameters:
    ///   - thorough: also checks indexes against their tables, foreign keys and the type of every field.
    ///   - onlyIdentity: checks nothing but whose catalog it is.
    /// - Complexity: one pass over the file; with `thorough` several; a few pages with `onlyIdentity`.
    public static func health(at path: String, thorough: Bool, onlyIdentity: Bool = false) -> CatalogHealth {
        guard let size = (try? LocalDisk().status(path))?.sizeBytes else { return .unreadable("it is missing or may not be read") }
        guard size > 0 else { return .unreadable("it is empty") }
        do {
            let queue = try DatabaseQueue(path: immutable(path), configuration: inspecting)
            defer { try? queue.close() }
            return try queue.read { db in try health(db, thorough: thorough, onlyIdentity: onlyIdentity) }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_NOTADB {
            return .unreadable("it is no SQLite database")
        } catch {
            return .malformed("\((error as? DatabaseError)?.message ?? "\(error)")")
        }
    }

    /// Opens what may be damaged: read-only, without a log or locks, so that the file stays as it was found.
    static var inspecting: Configuration {
        var configuration = Configuration()
        configuration.label = "strata.catalog.inspect"
        configuration.readonly = true
        configuration.foreignKeysEnabled = false
        return configuration
    }

    static func immutable(_ path: String) -> String {
        let escaped = path.replacing("%", with: "%25").replacing("?", with: "%3f").replacing("#", with: "%23")
        return "file:\(escaped)?immutable=1"
    }

    private static func health(_ db: Database, thorough: Bool, onlyIdentity: Bool) throws -> CatalogHealth {
        guard try Int32.fetchOne(db, sql: "PRAGMA application_id") == applicationID else {
            return .unreadable("it is another program's database")
        }
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        guard version <= formatVersion else { return .newer(version: version) }
        if !onlyIdentity {
            let faults = try String.fetchAll(db, sql: thorough ? "PRAGMA integrity_check(3)" : "PRAGMA quick_check(3)")
            guard faults == ["ok"] else { return .malformed(faults.joined(separator: "; ")) }
        }
        if thorough {
            if let row = try Row.fetchOne(db, sql: "PRAGMA foreign_key_check") {
                return .malformed("a row of \(row["table"] ?? "a table") refers to a missing one")
            }
            guard try CatalogSchema.text(db) == CatalogSchema.text(ofVersion: version) else { return .malformed("its schema is not that of a catalog") }
            if let fault = try CatalogSchema(db).wrongType() ?? FieldBounds.fault(db, version: version) { return .malformed(fault) }
        }
        guard let row = try Row.fetchOne(db, sql: "SELECT store_id FROM store WHERE id = 1"),
            let id = String.fromDatabaseValue(row[0])
        else { return .malformed("it does not say whose it is") }
        return .sound(CatalogIdentity(storeID: id, version: version, progress: try progress(db)))
    }
}

/// The tables of a catalog and what their columns may hold, as the database itself declares them.
struct CatalogSchema {
    struct Column {
        let name: String
        let type: String
        let isNullable: Bool
        let isPartOfKey: Bool

        /// SQL that is true for a field which cannot be right.
        var wrong: String {
            let kind = type == "TEXT" ? "text" : type == "BLOB" ? "blob" : "integer"
            return isNullable ? "typeof(\(name)) NOT IN ('\(kind)', 'null')" : "typeof(\(name)) <> '\(kind)'"
        }

        /// What may stand in the field of a row whose own value is lost: nothing, no bytes, zero; nil where the row is nothing
        /// without it.
        var substitute: DatabaseValue? {
            if isNullable { return .null }
            if isPartOfKey || name.hasSuffix("_id") { return nil }
            return type == "TEXT" ? "".databaseValue : type == "BLOB" ? Data().databaseValue : 0.databaseValue
        }

        func accepts(_ value: DatabaseValue) -> Bool {
            switch value.storage {
            case .null: isNullable
            case .int64: type != "TEXT" && type != "BLOB"
            case .string: type == "TEXT"
            case .blob: type == "BLOB"
            case .double: false
            }
        }
    }

    struct Table {
        let name: String
        let columns: [Column]
    }

    let db: Database
    let tables: [Table]

    init(_ db: Database) throws {
        self.db = db
        let names = try String.fetchAll(
            db, sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY rootpage")
        tables = try names.map { name in
            let columns = try Row.fetchAll(db, sql: "PRAGMA table_info(\(name))").map { row in
                Column(
                    name: row["name"], type: row["type"], isNullable: (row["notnull"] as Int) == 0 && (row["pk"] as Int) == 0,
                    isPartOfKey: (row["pk"] as Int) != 0)
            }
            return Table(name: name, columns: columns)
        }
    }

    /// What the database says of its own tables and indexes, as one text.
    static func text(_ db: Database) throws -> [String] {
        try String.fetchAll(
            db, sql: "SELECT type || ' ' || name || ' ' || tbl_name || ' ' || coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%' ORDER BY 1")
    }

    /// The same of a catalog that nothing has happened to.
    static func text(ofVersion version: Int) throws -> [String] {
        let fresh = try DatabaseQueue()
        return try fresh.write { db in
            for migration in Migration.all where migration.version <= version { try db.execute(sql: migration.sql) }
            return try text(db)
        }
    }

    /// The first field whose kind of value contradicts its declaration, in words.
    func wrongType() throws -> String? {
        for table in tables {
            let wrong = table.columns.map(\.wrong).joined(separator: " OR ")
            if try Int.fetchOne(db, sql: "SELECT 1 FROM \(table.name) WHERE \(wrong) LIMIT 1") != nil {
                return "a row of \(table.name) holds a value of the wrong kind"
            }
        }
        return nil
    }
}
