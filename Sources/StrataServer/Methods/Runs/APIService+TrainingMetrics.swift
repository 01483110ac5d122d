import DecthingsAPI
import Strata

extension APIService {
    /// Most bytes of tensors in one answer; ranges may overlap, so that the store's own bounds do not bound them.
    static let metricsSizeBytesMax = 64 << 20
    static let metricRangesMax = 1000

    func getTrainingMetrics(_ call: Call, _ sink: any AnswerSink) async throws {
        let params = try call.params(as: GetTrainingMetricsParams.self)
        let (model, session) = try await training(params.modelId, params.trainingSessionId, call)
        guard params.metrics.count <= Self.metricRangesMax else {
            throw APIError.invalidParameter(
                "metrics", "\(params.metrics.count) ranges were asked for; at most \(Self.metricRangesMax) are allowed, ask in parts")
        }
        if params.metrics.isEmpty { _ = try await store.trainingStatus(session, of: model) }
        var metrics: [TrainingMetricsResult.Metric] = []
        var blobs: [ArraySlice<UInt8>] = []
        var total = 0
        for range in params.metrics {
            // The store gives one entry at least.
            let limit = max(1, min(Int(range.amount), 100_000))
            let entries = try await store.trainingMetric(
                range.name, from: Int(range.startIndex), limit: limit, in: session, of: model
            ).prefix(Int(range.amount))
            for entry in entries {
                let tensor = Self.tensor(entry.tensor, for: call.client)
                total += tensor.count
                guard total <= Self.metricsSizeBytesMax else {
                    throw APIError.invalidParameter(
                        "metrics", "the entries asked for have more than \(Self.metricsSizeBytesMax) bytes; ask in parts")
                }
                blobs.append(tensor)
            }
            metrics.append(
                .init(
                    name: range.name, startIndex: Int(range.startIndex),
                    entries: entries.map { .init(timestamp: $0.timestampMilliseconds) }))
        }
        try await sink.begin(try Envelope(result: TrainingMetricsResult(metrics: metrics)), blobSizesBytes: blobs.map(\.count))
        for blob in blobs where !blob.isEmpty { try await sink.write(blob) }
    }

    /// A tensor as code gave it, for a client; what is none goes as it is.
    private static func tensor(_ bytes: [UInt8], for client: ClientKind) -> ArraySlice<UInt8> {
        guard let tensor = try? Tensor.decode(bytes) else { return bytes[...] }
        return tensor.encoded(for: client.mediaLayout)
    }
}
