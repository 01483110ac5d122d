import Catalog

/// A model with everything that belongs to it, as lists of models show it.
public struct ModelDetails: Hashable, Sendable {
    /// Its counts are those of the lists below.
    public let model: Model
    /// In the order of creation, as all lists here.
    public let states: [State]
    public let snapshots: [Snapshot]
    public let runningTrainings: [OperationID]
    /// Those that have ended and were not cleared.
    public let endedTrainings: [OperationID]
    /// Room for the files of the model's code, its own or a snapshot's; nil when that snapshot is gone.
    public let codeSizeMebibytes: Int?
}

extension StateStore {
    /// The models that fit `filter`, each with its states, snapshots and trainings, all as of one moment.
    ///
    /// - Parameter limit: 1 to 1000.
    /// - Throws: `invalid_parameter`; `corrupted` for settings that cannot be read.
    /// - Complexity: one transaction of a dozen statements; a row for each thing that is listed, all of them in memory.
    public func modelDetails(
        _ filter: ListFilter = ListFilter(), offset: Int = 0, limit: Int = 100
    ) async throws(StrataError) -> Page<ModelDetails> {
        try await translating {
            try checkOpen()
            try Page<ModelDetails>.check(offset: offset, limit: limit)
            try ModelRules.check(filter)
            let page = try await catalog.modelDetails(ListQuery(filter, offset: offset, limit: limit))
            return Page(items: try page.rows.map { try ModelDetails($0) }, total: page.total, offset: offset, limit: limit)
        }
    }
}

extension ModelDetails {
    init(_ row: ModelDetailsRow) throws(StrataError) {
        var snapshots: [Snapshot] = []
        for snapshot in row.snapshots { snapshots.append(try Snapshot(snapshot)) }
        self.init(
            model: try Model(row.model, stateCount: row.states.count, snapshotCount: row.snapshots.count),
            states: row.states.map(State.init), snapshots: snapshots,
            runningTrainings: row.runningTrainings.map(OperationID.init(unchecked:)),
            endedTrainings: row.endedTrainings.map(OperationID.init(unchecked:)), codeSizeMebibytes: row.codeSizeMebibytes)
    }
}
