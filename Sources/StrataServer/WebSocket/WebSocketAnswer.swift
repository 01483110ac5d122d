import DecthingsAPI
import NIOCore
import NIOWebSocket
import Synchronization

/// A call's answer as one message of a WebSocket: small ones in one frame, large ones in fragments as their bytes come.
final class WebSocketAnswer: AnswerSink {
    private struct Gathering {
        var buffer = ByteBuffer()
        var sizes: ArraySlice<Int> = []
        var remainingOfBlob = 0
        var remaining = 0
        var isBegun = false
        var hasTurn = false
        var isEnded = false

        mutating func openBlobs() {
            while remainingOfBlob == 0, let size = sizes.popFirst() {
                let prefix = ResponseFrame.encodedBlobPrefix(sizeBytes: size)
                buffer.writeBytes(prefix)
                remaining -= prefix.count
                remainingOfBlob = size
            }
        }
    }

    private static let fragmentBytes = 512 << 10

    private let requestID: UInt32
    private let writer: MessageWriter
    private let gathering = Mutex(Gathering())

    init(requestID: UInt32, writer: MessageWriter) {
        self.requestID = requestID
        self.writer = writer
    }

    func begin(_ envelope: Envelope, blobSizesBytes: [Int]) async throws {
        let json = envelope.serialized()
        let isTooLate = gathering.withLock { gathering in
            // What was sent of an answer cannot be taken back.
            if gathering.hasTurn || gathering.isEnded { return true }
            gathering = Gathering()
            gathering.isBegun = true
            gathering.buffer.writeBytes(WebSocketServerFrame.encodedResponsePrefix(requestID: requestID))
            gathering.buffer.writeBytes(ResponseFrame.encodedHead(json: json))
            gathering.remaining = ResponseFrame.sizeBytes(jsonSizeBytes: 0, blobSizesBytes: blobSizesBytes) - 1
            gathering.sizes = blobSizesBytes[...]
            gathering.openBlobs()
            return false
        }
        if isTooLate { throw CallAborted() }
        try await sendWhatIsReady()
    }

    func write(_ bytes: ArraySlice<UInt8>) async throws {
        gathering.withLock { gathering in
            precondition(bytes.count <= gathering.remainingOfBlob, "an answer keeps to the sizes that it announced")
            gathering.buffer.writeBytes(bytes)
            gathering.remaining -= bytes.count
            gathering.remainingOfBlob -= bytes.count
            gathering.openBlobs()
        }
        try await sendWhatIsReady()
    }

    private func sendWhatIsReady() async throws {
        let (buffer, isFirst, isLast) = gathering.withLock { gathering -> (ByteBuffer?, Bool, Bool) in
            let isLast = gathering.remaining == 0
            guard !gathering.isEnded, isLast || gathering.buffer.readableBytes >= Self.fragmentBytes else { return (nil, false, false) }
            let isFirst = !gathering.hasTurn
            let buffer = gathering.buffer
            gathering.buffer = ByteBuffer()
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
