import GRDB

extension Catalog {
    /// The record of an operation of a model; nil when there is none.
    public func operation(id: String, model: String) async throws -> OperationRow? {
        try await read { db in try OperationTable(db: db).operation(id, model: model) }
    }

    /// A model's operations, newest first; nil when there is no such model.
    ///
    /// - Parameters:
    ///   - kind: lists only these; nil lists all.
    ///   - isRunning: only those that run, or only those that have ended; nil lists both.
    /// - Complexity: an index entry or a row for each operation before and in the page; the total costs one for all.
    public func operations(
        model: String, kind: String?, isRunning: Bool?, offset: Int, limit: Int
    ) async throws -> RowPage<OperationRow>? {
        try await read { db in
            guard let row = try ModelTable(db: db).row(of: model) else { return nil }
            let table = OperationTable(db: db)
            return RowPage(
                rows: try table.operations(ofModelRow: row, kind: kind, isRunning: isRunning, offset: offset, limit: limit),
                total: try table.count(ofModelRow: row, kind: kind, isRunning: isRunning))
        }
    }

    /// The metrics of an operation, in the order in which they first came.
    public func metricNames(of operation: OperationRow) async throws -> [MetricNameRow] {
        try await read { db in try OperationMetricTable(db: db).names(ofRow: operation.row) }
    }

    /// At most `limit` entries of a metric from `start` on.
    public func metricEntries(of operation: OperationRow, name: String, from start: Int, limit: Int) async throws -> [MetricEntryRow] {
        try await read { db in try OperationMetricTable(db: db).entries(ofRow: operation.row, name: name, from: start, limit: limit) }
    }

    /// What an operation's processes used, later than `timestamp`.
    public func usage(of operation: OperationRow, after timestamp: Int64) async throws -> [UsageRow] {
        try await read { db in try OperationMetricTable(db: db).usage(ofRow: operation.row, after: timestamp) }
    }

    /// What an operation's processes wrote; nil where nothing was captured.
    public func output(of operation: OperationRow) async throws -> (standardOutput: [UInt8]?, standardError: [UInt8]?) {
        try await read { db in try OperationTable(db: db).output(row: operation.row) }
    }

    /// Writes what a running operation has reported; of one that has ended nothing is written.
    ///
    /// - Complexity: one transaction, for nothing to write none.
    public func note(_ note: OperationNote, of operation: String) async throws {
        guard !note.isEmpty else { return }
        try await write(change: nil) { db in
            guard let row = try OperationTable(db: db).runningRow(of: operation) else { return }
            try OperationTable(db: db).update(row: row, note)
            try OperationMetricTable(db: db).add(note, toRow: row)
        }
    }

    /// Whether an operation may go on: nobody has asked for its end, its model is still there.
    public func mayGoOn(_ operation: String) async throws -> Bool {
        try await read { db in try OperationTable(db: db).mayGoOn(operation) }
    }

    /// Asks for the end of an operation that may run in any process.
    ///
    /// - Returns: `done`, `notFound` or `hasEnded`.
    public func requestCancel(of operation: String, model: String) async throws -> OperationAnswer {
        try await write { db in
            guard let found = try OperationTable(db: db).operation(operation, model: model) else { return .notFound }
            guard found.isRunning else { return .hasEnded }
            try OperationTable(db: db).requestCancel(row: found.row)
            _ = try CreationTable(db: db).remove(operation)
            return .done
        }
    }

    /// Forgets an operation that has ended.
    ///
    /// - Returns: `done`, `notFound` or `isRunning`.
    /// - Complexity: one transaction; a row for each metric entry and measurement of the operation.
    public func clearOperation(_ operation: String, model: String) async throws -> OperationAnswer {
        try await write { db in
            guard let found = try OperationTable(db: db).operation(operation, model: model) else { return .notFound }
            guard !found.isRunning else { return .isRunning }
            try OperationTable(db: db).remove(row: found.row)
            return .done
        }
    }
}
