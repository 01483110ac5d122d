import DecthingsAPI
import NIOCore
import Synchronization

/// A call's answer on its way to an HTTP connection: small ones whole, large ones in pieces that wait for the client.
final class HTTPAnswer: AnswerSink {
    enum Part: Sendable {
        /// The whole body.
        case whole(ByteBuffer)
        /// A body of `sizeBytes` begins; its pieces follow.
        case begins(sizeBytes: Int)
        case piece(ByteBuffer)
    }

    /// The answer ended before the bytes that it announced: the connection must not look complete.
    struct Incomplete: Error {}

    private struct Gathering {
        var body = AnswerBody()
        var isBegun = false
        var isStreaming = false
        var isWholeSent = false
    }

    static let wholeBytesMax = 256 << 10

    private let parts = Handover<Part>()
    private let gathering = Mutex(Gathering())

    func begin(_ envelope: Envelope, blobSizesBytes: [Int]) async throws {
        let body = AnswerBody(envelope, blobSizesBytes: blobSizesBytes)
        let isStreaming = body.sizeBytes > Self.wholeBytesMax
        let isBroken = gathering.withLock { gathering in
            if gathering.isStreaming || gathering.isWholeSent { return true }
            gathering = Gathering(body: body, isBegun: true, isStreaming: isStreaming)
            return false
        }
        if isBroken {
            parts.finish(throwing: Incomplete())
            throw CallAborted()
        }
        if isStreaming { try await parts.send(.begins(sizeBytes: body.sizeBytes)) }
        try await sendWhatIsReady()
    }

    func write(_ bytes: ArraySlice<UInt8>) async throws {
        gathering.withLock { $0.body.append(bytes) }
        try await sendWhatIsReady()
    }

    private func sendWhatIsReady() async throws {
        let part = gathering.withLock { gathering -> Part? in
            let isPiece = gathering.isStreaming && gathering.body.waitingBytes >= AnswerBody.pieceBytes
            guard gathering.body.waitingBytes > 0, gathering.body.isComplete || isPiece else { return nil }
            let buffer = gathering.body.takeWaiting()
            if gathering.isStreaming { return .piece(buffer) }
            gathering.isWholeSent = true
            return .whole(buffer)
        }
        if let part { try await parts.send(part) }
    }

    /// The call is over.
    func finish() {
        let isComplete = gathering.withLock { !$0.isBegun || $0.body.isComplete }
        parts.finish(throwing: isComplete ? nil : Incomplete())
    }

    /// The connection's side: the next part, nil at the end and when there is no answer.
    func next() async throws -> Part? { try await parts.next() }

    /// The connection is gone: the call learns of it when it goes on answering.
    func abort() { parts.abort() }
}
