import Foundation
import GRDB

/// Changes to a catalog's file that no program of ours makes.
///
/// An input is a list of changes: table, column and row (a byte each, taken modulo what there is), a kind, and the value.
///
/// | kind modulo 8 | value |
/// |---|---|
/// | 0 | null |
/// | 1 | an integer of one byte, with its sign |
/// | 2 | an integer of eight bytes |
/// | 3 | a real number of eight bytes |
/// | 4, 5 | a text, a blob: a byte of length, the bytes |
/// | 6 | the row goes |
/// | 7 | not in a row but in the file: an offset (u32), a byte of length, bytes that are put there |
struct CatalogChanges {
    private struct Table {
        let name: String
        let columns: [String]
        let sql: String
    }

    private let tables: [Table]
    private let sound: Data
    /// The same without `NOT NULL`, so that null can be written where it may not be.
    private let lax: Data

    /// - Parameter path: a catalog that nobody has open.
    init(of path: String) throws {
        sound = try Data(contentsOf: URL(fileURLWithPath: path))
        let copy = path + ".lax"
        try sound.write(to: URL(fileURLWithPath: copy))
        let queue = try Self.open(copy)
        tables = try queue.writeWithoutTransaction { db in
            try Row.fetchAll(db, sql: "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name").map {
                Table(name: $0[0], columns: try db.columns(in: $0[0]).map(\.name), sql: $0[1])
            }
        }
        try queue.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA writable_schema = ON")
            try db.execute(sql: "UPDATE sqlite_schema SET sql = replace(sql, ' NOT NULL', '') WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
            try db.execute(sql: "PRAGMA writable_schema = RESET")
        }
        try queue.close()
        lax = try Data(contentsOf: URL(fileURLWithPath: copy))
        try FileManager.default.removeItem(atPath: copy)
    }

    private static func open(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        // Nothing here outlives the process: what would be lost with the power is lost anyway.
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA journal_mode = MEMORY")
            try db.execute(sql: "PRAGMA synchronous = OFF")
        }
        return try DatabaseQueue(path: path, configuration: configuration)
    }


    /// Writes the changed catalog to `path`.
    func apply(_ reader: inout InputReader, to path: String) throws {
        try lax.write(to: URL(fileURLWithPath: path))
        var places: [(offset: Int, bytes: [UInt8])] = []
        let queue = try Self.open(path)
        try queue.writeWithoutTransaction { db in
            try db.inTransaction {
                for _ in 0..<32 where !reader.isEmpty {
                    if let place = try change(&reader, db) { places.append(place) }
                }
                return .commit
            }
            try db.execute(sql: "PRAGMA writable_schema = ON")
            for table in tables { try db.execute(sql: "UPDATE sqlite_schema SET sql = ? WHERE name = ?", arguments: [table.sql, table.name]) }
            try db.execute(sql: "PRAGMA writable_schema = RESET")
            try db.execute(sql: "PRAGMA journal_mode = WAL")
        }
        try queue.close()
        guard !places.isEmpty else { return }
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        for place in places {
            let start = place.offset % bytes.count
            let count = min(place.bytes.count, bytes.count - start)
            bytes.replaceSubrange(start..<start + count, with: place.bytes.prefix(count))
        }
        try bytes.write(to: URL(fileURLWithPath: path))
    }

    private func change(_ reader: inout InputReader, _ db: Database) throws -> (offset: Int, bytes: [UInt8])? {
        let table = tables[Int(reader.next(UInt8.self)) % tables.count]
        let column = table.columns[Int(reader.next(UInt8.self)) % table.columns.count]
        let row = Int(reader.next(UInt8.self))
        let value: DatabaseValue
        switch reader.next(UInt8.self) % 8 {
        case 0: value = .null
        case 1: value = Int64(reader.next(Int8.self)).databaseValue
        case 2: value = reader.next(Int64.self).databaseValue
        case 3: value = Double(bitPattern: reader.next(UInt64.self)).databaseValue
        case 4: value = String(decoding: reader.bytes(Int(reader.next(UInt8.self))), as: UTF8.self).databaseValue
        case 5: value = Data(reader.bytes(Int(reader.next(UInt8.self)))).databaseValue
        case 6:
            try? db.execute(sql: "DELETE FROM \(table.name) WHERE rowid = \(Self.rowid(table, row))")
            return nil
        default: return (Int(reader.next(UInt32.self)), reader.bytes(Int(reader.next(UInt8.self))))
        }
        // What SQLite refuses, such as a text for a row's number, is no change.
        try? db.execute(
            sql: "UPDATE OR REPLACE \(table.name) SET \(column) = ? WHERE rowid = \(Self.rowid(table, row))", arguments: [value])
        return nil
    }

    private static func rowid(_ table: Table, _ row: Int) -> String {
        "(SELECT rowid FROM \(table.name) ORDER BY rowid LIMIT 1 OFFSET \(row) % max(1, (SELECT count(*) FROM \(table.name))))"
    }
}
