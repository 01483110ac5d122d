import DecthingsAPI
import Strata
import StrataServer

struct OperationView: JSONDocument {
    struct MetricView: Encodable {
        let name: String
        let amount: Int
        let last: JSONValue?
    }

    let id: String
    let kind: String
    let modelId: String
    let modelName: String
    let status: String
    let phase: String?
    let cancelRequested: Bool
    let baseStateId: String?
    let baseSnapshotId: String?
    let newStateId: String?
    let newStateName: String?
    let startedAt: String
    let finishedAt: String?
    let progress: Double?
    let durations: DurationsView
    let error: RunFailure?
    let metricCount: Int
    let droppedMetricCount: Int
    let metrics: [MetricView]?

    init(_ record: OperationRecord, of model: Strata.Model, metrics: [MetricView]? = nil) {
        (id, kind, modelId, modelName) = (record.id.rawValue, record.kind.rawValue, model.id.rawValue, model.name)
        switch record.status {
        case .running(let phase): (status, self.phase, error) = ("running", phase?.rawValue, nil)
        case .finished: (status, phase, error) = ("finished", nil, nil)
        case .failed(let failure): (status, phase, error) = ("failed", nil, RunFailure(of: failure))
        }
        cancelRequested = record.isCancelRequested
        (baseStateId, baseSnapshotId) = (record.baseStateID?.rawValue, record.baseSnapshotID?.rawValue)
        (newStateId, newStateName) = (record.newStateID?.rawValue, record.newStateName)
        startedAt = Text.exactDate(record.startedAtMilliseconds)
        finishedAt = record.finishedAtMilliseconds.map(Text.exactDate)
        progress = record.progress
        durations = DurationsView(record.durations)
        (metricCount, droppedMetricCount, self.metrics) = (record.metricCount, record.droppedMetricCount, metrics)
    }

    private static let ownFields: [JSONField] = [
        .init("id", "the operation's id; a creation has that of its state"), .init("kind", "createState, train or evaluate"),
        .init("modelId", "the model's id"), .init("modelName", "its name"), .init("status", "running, finished or failed"),
        .init("phase", "of a training that runs, once its code does: train or getState"),
        .init("cancelRequested", "true when it is to end and has not ended yet"),
        .init("baseStateId", "the state that was loaded"), .init("baseSnapshotId", "the snapshot that was evaluated"),
        .init("newStateId", "the id that the new state has, or would have had"), .init("newStateName", "its name"),
        .init("startedAt", "ISO 8601 in UTC with milliseconds"), .init("finishedAt", "the same; absent while it runs"),
        .init("progress", "the number that training reported last"),
        .init("metricCount", "entries of all metrics"), .init("droppedMetricCount", "entries beyond what is kept"),
        .init("metrics[].name", "with `show`: a metric"), .init("metrics[].amount", "its number of entries"),
        .init("metrics[].last", "its last value, where that is a scalar"),
    ]

    static let fields: [JSONField] = .all(ownFields, DurationsView.fields, FailureFields.fields)

    /// `running (train)`, `failed: exception`.
    var statusText: String {
        let ending = cancelRequested ? ", to be cancelled" : ""
        if let error { return "\(status): \(error.code.rawValue)" }
        return status + (phase.map { " (\($0))" } ?? "") + ending
    }

    var pairs: [(String, String)] {
        let own = [
            ("id", id), ("kind", kind), ("model", "\(modelName) (\(modelId))"), ("status", statusText), ("state loaded", baseStateId ?? ""),
            ("snapshot loaded", baseSnapshotId ?? ""), ("new state", newStateName.map { "\($0) (\(newStateId ?? "?"))" } ?? ""),
            ("started", startedAt), ("finished", finishedAt ?? ""), ("took", Text.duration(milliseconds: durations.total)),
            ("phases", durations.text), ("progress", progress.map { "\($0)" } ?? ""), ("failed at", error?.at?.rawValue ?? ""),
            ("not kept", droppedMetricCount > 0 ? Text.count(droppedMetricCount, "metric value") : ""),
        ]
        let values = (metrics ?? []).map { metric -> (String, String) in
            let last = metric.last.map { ", last \(String(decoding: $0.serialized(), as: UTF8.self))" } ?? ""
            return ("metric \(metric.name)", Text.count(metric.amount, "value") + last)
        }
        return own + values
    }
}

extension StateStore {
    /// An operation by its id, the beginning of its id, or the name of the state that it makes, the newest one of it.
    func findOperation(_ reference: String, of model: Strata.Model) async throws -> OperationRecord {
        if let id = OperationID(reference) { return try await operation(id, of: model.id) }
        let all = try await PageOptions.all { try await self.operations(of: model.id, offset: $0, limit: $1) }.items
        if let named = all.first(where: { $0.newStateName == reference }) { return named }
        let found = reference.count >= Reference.prefixCharactersMin ? all.filter { $0.id.rawValue.hasPrefix(reference) } : []
        guard let first = found.first else {
            throw StrataError(
                .operationNotFound, "model `\(model.name)` has no operation `\(reference)`; `strata operations list` shows them",
                context: ["modelId": model.id.rawValue])
        }
        guard found.count == 1 else {
            throw StrataError(.ambiguousReference, "\(found.count) operations fit `\(reference)`; give a whole id")
        }
        return first
    }
}
