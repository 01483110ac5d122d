import GRDB

/// A model with everything that belongs to it, as lists of models show it.
public struct ModelDetailsRow: Sendable {
    public let model: ModelRow
    /// In the order of creation, as all lists here.
    public let states: [StateRow]
    public let snapshots: [SnapshotRow]
    public let runningTrainings: [String]
    public let endedTrainings: [String]
    /// Room for the files of the model's code; nil when it runs a snapshot's that is gone.
    public let codeSizeMebibytes: Int?
}

extension Catalog {
    /// Models with their states, snapshots and trainings, at one moment.
    ///
    /// - Complexity: one transaction of a dozen statements, whatever the number of models; a row for each thing that is listed.
    public func modelDetails(_ query: ListQuery) async throws -> RowPage<ModelDetailsRow> {
        try await read { db in
            let page = try ModelTable(db: db).models(query, counting: false)
            let rows = page.rows.map(\.row)
            let states = try StateTable(db: db).states(ofModelRows: rows)
            let snapshots = try SnapshotTable(db: db).snapshots(ofModelRows: rows)
            let running = try OperationTable(db: db).trainings(ofModelRows: rows, isRunning: true)
            let ended = try OperationTable(db: db).trainings(ofModelRows: rows, isRunning: false)
            let based = page.rows.filter { $0.filesystemSizeMebibytes == nil }.map(\.row)
            let sizes = try ModelTable(db: db).sizesOfBasedOnFiles(ofModelRows: based)
            let details = page.rows.map { model in
                ModelDetailsRow(
                    model: model, states: states[model.row] ?? [], snapshots: snapshots[model.row] ?? [],
                    runningTrainings: running[model.row] ?? [], endedTrainings: ended[model.row] ?? [],
                    codeSizeMebibytes: model.filesystemSizeMebibytes ?? sizes[model.row])
            }
            return RowPage(rows: details, total: page.total)
        }
    }
}
