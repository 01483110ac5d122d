import DecthingsAPI
import NIOCore
import NIOWebSocket
import Synchronization

/// A call's answer as one message of a WebSocket: small ones in one frame, large ones in fragments as their bytes come.
final class WebSocketAnswer: AnswerSink {
    private struct Gathering {
        var body = AnswerBody()
        var hasTurn = false
        var isEnded = false
    }

    private let requestID: UInt32
    private let writer: MessageWriter
    private let gathering = Mutex(Gathering())

    init(requestID: UInt32, writer: MessageWriter) {
        self.requestID = requestID
        self.writer = writer
    }

    func begin(_ envelope: Envelope, blobSizesBytes: [Int]) async throws {
        let prefix = WebSocketServerFrame.encodedResponsePrefix(requestID: requestID)
        let body = AnswerBody(envelope, blobSizesBytes: blobSizesBytes, prefix: prefix)
        let isTooLate = gathering.withLock { gathering in
            // What was sent of an answer cannot be taken back.
            if gathering.hasTurn || gathering.isEnded { return true }
            gathering = Gathering(body: body)
            return false
        }
        if isTooLate { throw CallAborted() }
        try await sendWhatIsReady()
    }

    func write(_ bytes: ArraySlice<UInt8>) async throws {
        gathering.withLock { $0.body.append(bytes) }
        try await sendWhatIsReady()
    }

    private func sendWhatIsReady() async throws {
        let (buffer, isFirst, isLast) = gathering.withLock { gathering -> (ByteBuffer?, Bool, Bool) in
            let isLast = gathering.body.isComplete
            guard !gathering.isEnded, isLast || gathering.body.waitingBytes >= AnswerBody.pieceBytes else { return (nil, false, false) }
            let isFirst = !gathering.hasTurn
            let buffer = gathering.body.takeWaiting()
            gathering.hasTurn = true
            gathering.isEnded = isLast
            return (buffer, isFirst, isLast)
        }
        guard let buffer else { return }
        if isFirst { try await writer.take() }
        do {
            try await writer.write(buffer, isFirst: isFirst, isLast: isLast)
        } catch {
            gathering.withLock { $0.isEnded = true }
            writer.release()
            throw error
        }
        if isLast { writer.release() }
    }

    /// The call is over. An answer that was begun and not ended would leave its client waiting: the connection goes.
    func finish() async {
        let isBroken = gathering.withLock { gathering in
            defer { gathering.isEnded = true }
            return gathering.hasTurn && !gathering.isEnded
        }
        guard isBroken else { return }
        writer.abort()
        try? await writer.close(.unexpectedServerError)
        writer.release()
    }
}
