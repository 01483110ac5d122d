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
        var buffer = ByteBuffer()
        /// Blobs whose prefix is still to be written, and what remains of the current one.
        var sizes: ArraySlice<Int> = []
        var remainingOfBlob = 0
        /// Bytes of the body that have not come yet.
        var remaining = 0
        var isBegun = false
        var isStreaming = false
        var isWholeSent = false

        /// Writes prefixes up to the next blob that has bytes.
        mutating func openBlobs() {
            while remainingOfBlob == 0, let size = sizes.popFirst() {
                let prefix = ResponseFrame.encodedBlobPrefix(sizeBytes: size)
                buffer.writeBytes(prefix)
                remaining -= prefix.count
                remainingOfBlob = size
            }
        }
    }

    static let wholeBytesMax = 256 << 10
    static let pieceBytes = 512 << 10

    private let parts = Handover<Part>()
    private let gathering = Mutex(Gathering())

    func begin(_ envelope: Envelope, blobSizesBytes: [Int]) async throws {
        let json = envelope.serialized()
        let size = ResponseFrame.sizeBytes(jsonSizeBytes: json.count, blobSizesBytes: blobSizesBytes)
        let isStreaming = size > Self.wholeBytesMax
        let isBroken = gathering.withLock { gathering in
            if gathering.isStreaming || gathering.isWholeSent { return true }
            gathering = Gathering()
            gathering.isBegun = true
            gathering.isStreaming = isStreaming
            gathering.buffer.reserveCapacity(min(size, Self.pieceBytes))
            let head = Varint.encoded(UInt64(json.count))
            gathering.buffer.writeBytes(head)
            gathering.buffer.writeBytes(json)
            gathering.remaining = size - head.count - json.count
            gathering.sizes = blobSizesBytes[...]
            gathering.openBlobs()
            return false
        }
        if isBroken {
            parts.finish(throwing: Incomplete())
            throw CallAborted()
        }
        if isStreaming { try await parts.send(.begins(sizeBytes: size)) }
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
        let part = gathering.withLock { gathering -> Part? in
            let isComplete = gathering.remaining == 0
            guard isComplete || (gathering.isStreaming && gathering.buffer.readableBytes >= Self.pieceBytes) else { return nil }
            let buffer = gathering.buffer
            guard buffer.readableBytes > 0 else { return nil }
            gathering.buffer = ByteBuffer()
            if gathering.isStreaming { return .piece(buffer) }
            gathering.isWholeSent = true
            return .whole(buffer)
        }
        if let part { try await parts.send(part) }
    }

    /// The call is over.
    func finish() {
        let isComplete = gathering.withLock { !$0.isBegun || $0.remaining == 0 }
        parts.finish(throwing: isComplete ? nil : Incomplete())
    }

    /// The connection's side: the next part, nil at the end and when there is no answer.
    func next() async throws -> Part? { try await parts.next() }

    /// The connection is gone: the call learns of it when it goes on answering.
    func abort() { parts.abort() }
}
