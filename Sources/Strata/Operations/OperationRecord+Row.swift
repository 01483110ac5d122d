import Catalog

extension OperationRecord {
    /// - Throws: `corrupted` for a row that cannot be a record.
    init(_ row: OperationRow) throws(StrataError) {
        let launcher: LocationRecord? = JSON.decode(row.launcherJSON)
        guard let kind = OperationKind(rawValue: row.kind), let location = launcher?.location else {
            throw StrataError(
                .corrupted, "the record of operation `\(row.operationID)` in the catalog cannot be read; clear it, or run `strata repair`",
                context: ["operationId": row.operationID])
        }
        id = OperationID(unchecked: row.operationID)
        self.kind = kind
        modelID = ModelID(unchecked: row.modelID)
        baseStateID = row.baseState.map(StateID.init(unchecked:))
        baseSnapshotID = row.baseSnapshot.map(SnapshotID.init(unchecked:))
        newStateID = row.newState.map(StateID.init(unchecked:))
        newStateName = row.newStateName
        self.location = location
        startedAtMilliseconds = row.startedAt
        finishedAtMilliseconds = row.finishedAt
        status = Self.status(of: row)
        progress = row.progress.flatMap(Double.init).flatMap { $0.isFinite ? $0 : nil }
        durations = JSON.decode(row.durationsJSON) ?? OperationDurations()
        isCancelRequested = row.isRunning && row.isCancelRequested
        metricCount = row.metricCount
        droppedMetricCount = Int(row.droppedMetrics)
        maker = row.madeBy.flatMap(APIKeyID.init(rawValue:))
    }

    private static func status(of row: OperationRow) -> Status {
        if row.isRunning { return .running(phase: row.phase.flatMap(ExecutionPhase.init)) }
        if row.status == "finished" { return .finished }
        let record: FailureRecord? = row.failureJSON.flatMap { JSON.decode($0) }
        return .failed(record?.failure ?? .unknown(reason: "the record does not say why it failed"))
    }
}
