import Foundation
import GRDB

/// SQL of `operations`.
struct OperationTable {
    /// What is said of an operation whose process has died.
    static let lostJSON = #"{"code":"launcher_terminated"}"#

    let db: Database

    private static let columns = """
        SELECT o.id, o.public_id, o.kind, m.public_id, o.session_id IS NOT NULL, o.base_state, o.base_snapshot, o.new_state,
            o.new_state_name, o.launcher, o.started_at, o.finished_at, o.status, o.phase, o.cancel_requested <> 0, o.progress,
            o.durations, o.failure, o.metric_count, o.dropped_metrics, o.made_by
        FROM operations o JOIN models m ON m.id = o.model_id
        """

    func operation(_ id: String, model: String) throws -> OperationRow? {
        try db.row("\(Self.columns) WHERE o.public_id = ? AND m.public_id = ?", [id, model]).map(row)
    }

    /// Newest first. Pages before this one cost an index entry an operation, never its row, unless a kind is asked for.
    func operations(ofModelRow model: Int64, kind: String?, isRunning: Bool?, offset: Int, limit: Int) throws -> [OperationRow] {
        let (filter, arguments) = Self.filter(model, kind: kind, isRunning: isRunning)
        return try db.rows(
            """
            \(Self.columns) WHERE o.id IN (SELECT id FROM operations WHERE \(filter) ORDER BY id DESC LIMIT ? OFFSET ?) ORDER BY o.id DESC
            """, arguments + [limit, offset]
        ).map(row)
    }

    /// The trainings of many models by the model's row, oldest first.
    func trainings(ofModelRows models: [Int64], isRunning: Bool) throws -> [Int64: [String]] {
        var trainings: [Int64: [String]] = [:]
        try db.inGroups(of: models) {
            """
            SELECT model_id, public_id FROM operations
            WHERE session_id IS \(isRunning ? "NOT NULL" : "NULL") AND kind = 'train' AND model_id IN (\($0)) ORDER BY id
            """
        } _: { row in
            trainings[try row[0], default: []].append(try row[1])
        }
        return trainings
    }

    func count(ofModelRow model: Int64, kind: String?, isRunning: Bool?) throws -> Int {
        let (filter, arguments) = Self.filter(model, kind: kind, isRunning: isRunning)
        return Int(try db.number("SELECT count(*) FROM operations WHERE \(filter)", arguments) ?? 0)
    }

    private static func filter(_ model: Int64, kind: String?, isRunning: Bool?) -> (sql: String, StatementArguments) {
        var (sql, arguments): (String, StatementArguments) = ("model_id = ?", [model])
        if let kind {
            sql += " AND kind = ?"
            arguments += [kind]
        }
        if let isRunning { sql += isRunning ? " AND session_id IS NOT NULL" : " AND session_id IS NULL" }
        return (sql, arguments)
    }

    /// Enters an operation that begins; the record of an earlier one of this id that has ended gives way.
    ///
    /// - Throws: `conflict` when an operation with this id runs.
    func insert(
        _ operation: OperationInsertion, model: Int64, session: Int64, load: LoadedState?, settingsJSON: String
    ) throws {
        if let earlier = try db.row("SELECT id, session_id IS NOT NULL FROM operations WHERE public_id = ?", [operation.operationID]) {
            guard try !earlier[1] else {
                throw CatalogError(
                    .conflict, "an operation `\(operation.operationID)` runs already; give each an id of its own",
                    context: ["operationId": operation.operationID])
            }
            try remove(row: earlier[0])
        }
        try db.run(
            """
            INSERT INTO operations (public_id, kind, model_id, session_id, base_state, base_snapshot, new_state, new_state_name, launcher,
                started_at, status, durations, made_by)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'running', '{}', ?)
            """,
            [
                operation.operationID, operation.kind, model, session, load?.stateID, load?.snapshotID, operation.newStateID,
                operation.newStateName, try operation.launcherJSON(settingsJSON), operation.startedAt, Maker.keyID,
            ])
    }

    /// Part of the commit of the state that an operation makes: it is finished with it.
    ///
    /// - Throws: `cancelled` when somebody wants it to end, or its record is gone.
    func commit(_ id: String, finishedAt: Int64) throws {
        let changed = try db.change(
            """
            UPDATE operations SET status = 'finished', finished_at = ?, session_id = NULL, phase = NULL
            WHERE public_id = ? AND session_id IS NOT NULL AND cancel_requested = 0
            """, [finishedAt, id])
        guard changed == 1 else {
            throw CatalogError(.cancelled, "the operation `\(id)` was cancelled", context: ["operationId": id])
        }
    }

    /// Writes how an operation ended. One whose commit has gone through stays finished, whatever came after.
    func end(_ ending: OperationEnding) throws {
        guard let found = try db.row("SELECT id, model_id, kind FROM operations WHERE public_id = ?", [ending.operationID]) else { return }
        let (row, model, kind): (Int64, Int64, String) = try (found[0], found[1], found[2])
        try update(row: row, ending.note)
        try OperationMetricTable(db: db).add(ending.note, toRow: row)
        try db.run(
            """
            UPDATE operations SET status = ?, failure = ?, finished_at = ?, session_id = NULL, phase = NULL
            WHERE id = ? AND session_id IS NOT NULL
            """, [ending.failureJSON == nil ? "finished" : "failed", ending.failureJSON, ending.finishedAt, row])
        try db.run(
            "UPDATE operations SET durations = ?, standard_output = ?, standard_error = ? WHERE id = ?",
            [ending.durationsJSON, ending.standardOutput.map { Data($0) }, ending.standardError.map { Data($0) }, row])
        try thin(ofModelRow: model, kind: kind, keeping: ending.recordsMax)
    }

    /// Removes the oldest ended operations of a kind beyond a number, a hundred at most.
    func thin(ofModelRow model: Int64, kind: String, keeping recordsMax: Int) throws {
        let old = try db.rows(
            """
            SELECT id FROM operations WHERE model_id = ? AND kind = ? AND session_id IS NULL ORDER BY id DESC LIMIT 100 OFFSET ?
            """, [model, kind, recordsMax])
        for row in old { try remove(row: row[0]) }
    }

    /// What is left of operations of a session that has gone: their process died, or closed without waiting for them.
    func lose(ofSessionRow session: Int64, finishedAt: Int64) throws {
        try db.run(
            """
            UPDATE operations SET status = 'failed', failure = ?, finished_at = ?, session_id = NULL, phase = NULL WHERE session_id = ?
            """, [Self.lostJSON, finishedAt, session])
    }

    /// The number of an operation that runs; nil when there is none.
    func runningRow(of id: String) throws -> Int64? {
        try db.number("SELECT id FROM operations WHERE public_id = ? AND session_id IS NOT NULL", [id])
    }

    /// Whether an operation may go on: it has a record, it runs, and nobody has asked for its end.
    func mayGoOn(_ id: String) throws -> Bool {
        try db.exists("SELECT 1 FROM operations WHERE public_id = ? AND session_id IS NOT NULL AND cancel_requested = 0", [id])
    }

    func requestCancel(row: Int64) throws { try db.run("UPDATE operations SET cancel_requested = 1 WHERE id = ?", [row]) }

    func update(row: Int64, _ note: OperationNote) throws {
        if let phase = note.phase { try db.run("UPDATE operations SET phase = ? WHERE id = ? AND session_id IS NOT NULL", [phase, row]) }
        if let progress = note.progress { try db.run("UPDATE operations SET progress = ? WHERE id = ?", [progress, row]) }
        if let durations = note.durationsJSON { try db.run("UPDATE operations SET durations = ? WHERE id = ?", [durations, row]) }
    }

    func output(row: Int64) throws -> (standardOutput: [UInt8]?, standardError: [UInt8]?) {
        guard let found = try db.row("SELECT standard_output, standard_error FROM operations WHERE id = ?", [row]) else { return (nil, nil) }
        let (output, errors): (Data?, Data?) = try (found[0], found[1])
        return (output.map { Array($0) }, errors.map { Array($0) })
    }

    func remove(row: Int64) throws {
        for table in ["operation_metrics", "operation_metric_names", "operation_usage"] {
            try db.run("DELETE FROM \(table) WHERE operation_id = ?", [row])
        }
        try db.run("DELETE FROM operations WHERE id = ?", [row])
    }

    func removeAll(ofModelRow model: Int64) throws {
        for row in try db.rows("SELECT id FROM operations WHERE model_id = ?", [model]) { try remove(row: row[0]) }
    }

    private func row(_ row: CheckedRow) throws -> OperationRow {
        try OperationRow(
            row: row[0], operationID: row[1], kind: row[2], modelID: row[3], isRunning: row[4], baseState: row[5], baseSnapshot: row[6],
            newState: row[7], newStateName: row[8], launcherJSON: row[9], startedAt: row[10], finishedAt: row[11], status: row[12],
            phase: row[13], isCancelRequested: row[14], progress: row[15], durationsJSON: row[16], failureJSON: row[17],
            metricCount: row.amount(18), droppedMetrics: row.amount(19), madeBy: row[20])
    }
}
