import GRDB

/// The few forms in which tables run their statements. Statements are prepared once a connection.
extension Database {
    func run(_ sql: String, _ arguments: StatementArguments = []) throws {
        try cachedStatement(sql: sql).execute(arguments: arguments)
    }

    /// - Returns: the new row's id.
    func insert(_ sql: String, _ arguments: StatementArguments) throws -> Int64 {
        try run(sql, arguments)
        return lastInsertedRowID
    }

    /// - Returns: how many rows the statement changed.
    func change(_ sql: String, _ arguments: StatementArguments) throws -> Int {
        try run(sql, arguments)
        return changesCount
    }

    func number(_ sql: String, _ arguments: StatementArguments = []) throws -> Int64? {
        try Int64.fetchOne(cachedStatement(sql: sql), arguments: arguments)
    }

    func text(_ sql: String, _ arguments: StatementArguments = []) throws -> String? {
        try String.fetchOne(cachedStatement(sql: sql), arguments: arguments)
    }

    func row(_ sql: String, _ arguments: StatementArguments = []) throws -> CheckedRow? {
        try Row.fetchOne(cachedStatement(sql: sql), arguments: arguments).map(CheckedRow.init)
    }

    func rows(_ sql: String, _ arguments: StatementArguments = []) throws -> [CheckedRow] {
        try Row.fetchAll(cachedStatement(sql: sql), arguments: arguments).map(CheckedRow.init)
    }

    /// Rows that are read one at a time, while other statements run; not the same one.
    func eachRow(_ sql: String, _ arguments: StatementArguments = []) throws -> CheckedRows {
        CheckedRows(cursor: try Row.fetchCursor(cachedStatement(sql: sql), arguments: arguments))
    }

    func exists(_ sql: String, _ arguments: StatementArguments) throws -> Bool {
        try number(sql, arguments) != nil
    }

    /// Runs `query` over `values` in groups; the statements have a few fixed lengths, so that they stay prepared.
    ///
    /// - Parameters:
    ///   - arguments: bound after the group's values.
    ///   - sql: gets the list of placeholders for `IN (…)`. Values may be repeated to fill a group.
    func inGroups<Value: DatabaseValueConvertible>(
        of values: [Value], _ arguments: StatementArguments = [], _ sql: (_ placeholders: String) -> String,
        _ body: (CheckedRow) throws -> Void
    ) throws {
        var start = 0
        while start < values.count {
            let rest = values.count - start
            let width = [1, 8, 32, 128].first { $0 >= rest } ?? 128
            let group = values[start..<min(start + width, values.count)]
            // Boxed, since GRDB goes through a key path for each value of any other sequence.
            let padded = (Array(group) + Array(repeating: group.last!, count: width - group.count)).map { $0 as (any DatabaseValueConvertible)? }
            let placeholders = Array(repeating: "?", count: width).joined(separator: ", ")
            let statement = try cachedStatement(sql: sql(placeholders))
            let rows = CheckedRows(cursor: try Row.fetchCursor(statement, arguments: StatementArguments(padded) + arguments))
            while let row = try rows.next() { try body(row) }
            start += group.count
        }
    }
}
