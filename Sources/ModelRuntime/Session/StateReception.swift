import DecthingsAPI
import Logging
import Strata

/// Receives the answer to one call of `createModelState`, and the state that comes before it.
struct StateReception: Sendable {
    let callID: String
    let events: RuntimeEvents
    let server: ItemServer
    let receiver: any StateReceiver
    let logger: Logger

    /// The message whose blobs and end are awaited.
    private enum Current {
        case none
        /// State data of this call.
        case keys([String])
        /// This call's answer.
        case answer(RuntimeResult)
    }

    /// Returns when the code has answered with success and all that it provided was received.
    ///
    /// - Throws: `ExecutionFailure.exception`; `RuntimeConnection.Ended` when the stream ends first; `WireError`; what
    ///   the receiver throws.
    func run() async throws {
        var current = Current.none
        while let event = try await events.next() {
            switch event {
            case .message(let json, let blobCount): current = try begin(json, blobCount: blobCount)
            case .blobStart(let index, let sizeBytes):
                guard case .keys(let names) = current else { continue }
                try await receiver.beginKey(names[index], sizeBytes: Int64(sizeBytes))
            case .blobBytes(let bytes):
                guard case .keys = current else { continue }
                try await receiver.write(bytes)
            case .blobEnd:
                guard case .keys = current else { continue }
                try await receiver.endKey()
            case .messageEnd:
                if case .answer(let result) = current { return try finish(result) }
                current = .none
            case .dataEvent(let json): try server.enqueue(RuntimeDataEvent(decoding: json))
            }
        }
        throw RuntimeConnection.Ended()
    }

    private func begin(_ json: [UInt8], blobCount: Int) throws(WireError) -> Current {
        let message = try RuntimeMessage(decoding: json)
        if let expected = message.expectedBlobCount, expected != blobCount {
            throw WireError(
                .blobCountMismatch,
                "a message carries \(blobCount) blobs, its names call for \(expected); send one for each")
        }
        switch message {
        case .provideStateData(callID, let names): return .keys(names)
        case .result(callID, let result): return .answer(result)
        case .provideStateData(let id, _):
            logger.debug("state data for a call that is not open was ignored", metadata: ["call.id": "\(id)"])
        case .result(let id, _):
            logger.debug("an answer to a call that is not open was ignored", metadata: ["call.id": "\(id)"])
        case .modelSessionInitialized, .trainingProgress, .trainingMetrics, .unknownEvent:
            logger.debug("an event that does not belong to createModelState was ignored")
        }
        return .none
    }

    private func finish(_ result: RuntimeResult) throws {
        guard case .failure(let failure) = result else { return }
        throw ExecutionFailure.exception(at: .createState, details: failure.details ?? failure.code)
    }
}
