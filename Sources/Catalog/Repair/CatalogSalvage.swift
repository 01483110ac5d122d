public import ContentStore
import Foundation
import GRDB

/// What could be read of a damaged catalog, in a new one.
public struct CatalogSalvage: Sendable {
    /// Tables of which rows are missing or were unfit.
    public private(set) var damagedTables: Set<String> = []
    public private(set) var rowCount = 0

    /// Every row of every table was read: only indexes or free pages were damaged.
    public var isComplete: Bool { damagedTables.isEmpty }

    /// Copies every row that can be read and whose fields are of the right kind from a damaged catalog into a new one at
    /// `target`. Blocks.
    ///
    /// Rows of the result may refer to missing ones; `CatalogRebuild.tidy()` mends that.
    /// - Returns: nil when nothing can be read.
    public static func salvage(
        from source: String, into target: String, storeID: String, on disk: any StoreDisk = LocalDisk()
    ) throws(CatalogError) -> CatalogSalvage? {
        try Catalog.open(at: target, mode: .create, storeID: storeID, on: disk).close()
        var result = CatalogSalvage()
        do {
            var configuration = Configuration()
            configuration.foreignKeysEnabled = false
            let new = try DatabaseQueue(path: Catalog.databaseName(target, on: disk), configuration: configuration)
            defer { try? new.close() }
            guard let old = try? DatabaseQueue(path: Catalog.immutable(source), configuration: Catalog.inspecting) else { return nil }
            defer { try? old.close() }
            let isReadable = try old.unsafeRead { damaged -> Bool in
                guard let schema = try? CatalogSchema(damaged), !schema.tables.isEmpty else { return false }
                try new.write { db in
                    for table in try CatalogSchema(db).tables { try result.copy(table, schema, from: damaged, to: db) }
                }
                return true
            }
            return isReadable && result.rowCount > 0 ? result : nil
        } catch {
            throw Catalog.inOurWords(error, path: source)
        }
    }

    private mutating func copy(_ table: CatalogSchema.Table, _ found: CatalogSchema, from old: Database, to new: Database) throws {
        guard let known = found.tables.first(where: { $0.name == table.name }) else {
            damagedTables.insert(table.name)
            return
        }
        // A schema of the same version has the same columns, whatever damage has made of their names.
        let isSameVersion = known.columns.count == table.columns.count
        let columns = isSameVersion ? table.columns : table.columns.filter { column in known.columns.contains { $0.name == column.name } }
        let names = columns.map(\.name).joined(separator: ", ")
        let oldNames = isSameVersion ? "*" : names
        let places = columns.map { _ in "?" }.joined(separator: ", ")
        let insertion = "INSERT OR IGNORE INTO \(table.name) (\(names)) VALUES (\(places))"
        let rows = SalvagedRows(db: old, table: table.name, columns: oldNames)
        var references = IndexedReferences(old, table: table.name)
        let isWhole = try rows.forEach { row in
            var values = columns.indices.map { index -> DatabaseValue in
                let value: DatabaseValue = row[index + 1]
                // An id is the row's number; a schema with a damaged type does not know that.
                return value.isNull && columns[index].name == "id" ? row[0] : value
            }
            references.correct(&values, columns: columns.map(\.name), row: row[0])
            for (index, column) in columns.enumerated() where !column.accepts(values[index]) {
                damagedTables.insert(table.name)
                // A caller's key without a word of its row could become valid again, or another's.
                guard table.name != "api_keys", let substitute = column.substitute else { return }
                values[index] = substitute
            }
            rowCount += 1
            if table.name == "store" {
                let sequence = columns.firstIndex { $0.name == "sequence" }.map { values[$0] }
                try new.execute(sql: "UPDATE store SET sequence = ? WHERE id = 1", arguments: [sequence])
            } else {
                try new.execute(sql: insertion, arguments: StatementArguments(values))
                if new.changesCount == 0 { damagedTables.insert(table.name) }
            }
        }
        if !isWhole { damagedTables.insert(table.name) }
    }
}

/// The rows of a table in the order of their numbers, going on behind damaged pages.
private struct SalvagedRows {
    private static let damagesMax = 10_000

    let db: Database
    let table: String
    let columns: String

    /// - Returns: whether all of the table could be read.
    func forEach(_ body: (Row) throws -> Void) throws -> Bool {
        var last = Int64.min
        for damages in 0... {
            do {
                let rows = try Row.fetchCursor(
                    db, sql: "SELECT rowid, \(columns) FROM \(table) NOT INDEXED WHERE rowid > ? ORDER BY rowid", arguments: [last])
                while let row = try next(rows) {
                    last = row[0]
                    try body(row)
                }
                return damages == 0
            } catch let error as Unreadable {
                _ = error
                guard damages < Self.damagesMax, let behind = firstReadable(after: last) else { return false }
                last = behind
            }
        }
        return false
    }

    private struct Unreadable: Error {}

    private func next(_ rows: RowCursor) throws -> Row? {
        do {
            return try rows.next()
        } catch is DatabaseError {
            throw Unreadable()
        }
    }

    /// The lowest number from which rows can be read again, found by doubling steps and then by halving them.
    private func firstReadable(after last: Int64) -> Int64? {
        var (failing, step) = (max(last, 0), Int64(1))
        while true {
            let (candidate, overflow) = failing.addingReportingOverflow(step)
            guard !overflow else { return nil }
            if let isThere = read(after: candidate) {
                guard isThere else { return nil }
                var (low, high) = (failing, candidate)
                while high - low > 1 {
                    let middle = low + (high - low) / 2
                    if read(after: middle) == true { high = middle } else { low = middle }
                }
                return high
            }
            failing = candidate
            step = step > Int64.max / 2 ? step : step * 2
        }
    }

    /// Whether a row can be read there; nil for damage.
    private func read(after row: Int64) -> Bool? {
        do {
            return try Row.fetchOne(
                db, sql: "SELECT rowid, \(columns) FROM \(table) NOT INDEXED WHERE rowid > ? ORDER BY rowid LIMIT 1", arguments: [row]) != nil
        } catch {
            return nil
        }
    }
}
