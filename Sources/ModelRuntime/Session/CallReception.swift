import DecthingsAPI
import Logging
import Strata

/// What a call brings beside its answer, and who gets it.
enum CallContent: Sendable {
    case nothing
    /// The keys of a state.
    case state(any StateReceiver)
    case training(sessionID: String, any TrainingObserver)
    /// An evaluation's outputs, in memory up to a bound.
    case outputs(sizeBytesMax: Int)
}

/// Receives the answer to one call, and what comes before it.
struct CallReception: Sendable {
    let callID: String
    /// The stage that an exception is reported at.
    let phase: ExecutionPhase
    let content: CallContent
    let events: RuntimeEvents
    let server: ItemServer
    let logger: Logger

    /// Largest value of a metric, in bytes.
    static let metricSizeBytesMax = 16 << 20

    /// The message whose blobs and end are awaited.
    private enum Current {
        case none
        /// State data of this call.
        case keys([String], any StateReceiver)
        /// Metrics of this training.
        case metrics([String], any TrainingObserver)
        /// This call's answer.
        case answer(RuntimeResult)
    }

    /// Returns when the code has answered with success and all that came with it was received.
    ///
    /// - Returns: an evaluation's outputs, nothing for other calls.
    /// - Throws: `ExecutionFailure`; `RuntimeConnection.Ended` when the stream ends first; `WireError`; what the receivers
    ///   throw.
    func run() async throws -> [EvaluationOutput] {
        var current = Current.none
        var collected: [UInt8] = []
        var name = ""
        while let event = try await events.next() {
            switch (event, current) {
            case (.message(let json, let blobCount), _): current = try await begin(json, blobCount: blobCount)
            case (.blobStart(let index, let sizeBytes), .keys(let names, let receiver)):
                try await receiver.beginKey(names[index], sizeBytes: Int64(sizeBytes))
            case (.blobBytes(let bytes), .keys(_, let receiver)): try await receiver.write(bytes)
            case (.blobEnd, .keys(_, let receiver)): try await receiver.endKey()
            case (.blobStart(let index, let sizeBytes), .metrics(let names, _)):
                name = names[index]
                try check(metric: name, sizeBytes: Int64(sizeBytes))
                collected = []
            case (.blobBytes(let bytes), .metrics): collected.append(contentsOf: bytes)
            case (.blobEnd, .metrics(_, let observer)): try await observer.metric(name, try metric(name, collected))
            case (.blobStart(_, let sizeBytes), .answer): try check(outputSizeBytes: Int64(sizeBytes))
            case (.blobBytes(let bytes), .answer): collected.append(contentsOf: bytes)
            case (.messageEnd, .answer(let result)): return try finish(result, collected)
            case (.messageEnd, _): current = .none
            case (.dataEvent(let json), _): try server.enqueue(RuntimeDataEvent(decoding: json))
            case (.blobEnd, .answer), (.blobStart, .none), (.blobBytes, .none), (.blobEnd, .none): continue
            }
            if case (.message, .answer) = (event, current) { collected = [] }
        }
        throw RuntimeConnection.Ended()
    }

    private func begin(_ json: [UInt8], blobCount: Int) async throws -> Current {
        let message = try RuntimeMessage(decoding: json)
        if let expected = message.expectedBlobCount, expected != blobCount {
            throw WireError(
                .blobCountMismatch,
                "a message carries \(blobCount) blobs, its names call for \(expected); send one for each")
        }
        switch (message, content) {
        case (.result(callID, let result), _): return .answer(result)
        case (.provideStateData(callID, let names), .state(let receiver)): return .keys(names, receiver)
        case (.trainingMetrics(let id, let names), .training(let sessionID, let observer)) where id == sessionID:
            return .metrics(names, observer)
        case (.trainingProgress(let id, let value), .training(let sessionID, let observer)) where id == sessionID:
            if let value { try await observer.progress(value) }
        default:
            logger.debug("a message that belongs to no open call was ignored", metadata: ["call.phase": "\(phase.rawValue)"])
        }
        return .none
    }

    private func finish(_ result: RuntimeResult, _ blob: [UInt8]) throws -> [EvaluationOutput] {
        switch (result, content) {
        case (.failure(let failure), _):
            throw ExecutionFailure.exception(at: phase, details: ExceptionDetails.text(of: failure))
        case (.success(let outputs), .outputs):
            guard let outputs else {
                throw ExecutionFailure.invalidOutput(.invalid, details: "the answer to evaluate names no outputs")
            }
            return try OutputDecoder(blob: blob).decode(outputs)
        case (.success, _): return []
        }
    }

    private func metric(_ name: String, _ bytes: [UInt8]) throws -> Item {
        do throws(WireError) {
            return try Item(tensor: bytes[...])
        } catch {
            throw ExecutionFailure.exception(at: phase, details: "the metric `\(name)` is no tensor: \(error.message)")
        }
    }

    private func check(metric name: String, sizeBytes: Int64) throws {
        guard sizeBytes <= Self.metricSizeBytesMax else {
            throw ExecutionFailure.exception(
                at: phase,
                details: "the metric `\(name)` has a value of \(sizeBytes) bytes, above the bound of \(Self.metricSizeBytesMax)")
        }
    }

    private func check(outputSizeBytes: Int64) throws {
        guard case .outputs(let sizeBytesMax) = content, outputSizeBytes > sizeBytesMax else { return }
        throw ExecutionFailure.invalidOutput(
            .invalid, details: "the outputs have \(outputSizeBytes) bytes, above the bound of \(sizeBytesMax); return less at a time")
    }
}
