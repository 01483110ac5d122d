import DecthingsAPI
import NIOCore

/// The body of an answer while it comes: what was announced, and what of it waits to be sent.
struct AnswerBody {
    /// So many bytes are worth a write of their own.
    static let pieceBytes = 512 << 10

    /// Bytes that wait.
    private var waiting = ByteBuffer()
    /// Blobs whose prefix is still to be written, and what remains of the current one.
    private var sizes: ArraySlice<Int> = []
    private var remainingOfBlob = 0
    /// Bytes of the whole, any prefix of the transport's apart.
    private(set) var sizeBytes = 0
    /// Bytes that have not come yet.
    private(set) var remainingBytes = 0

    var waitingBytes: Int { waiting.readableBytes }
    var isComplete: Bool { remainingBytes == 0 }

    /// Nothing was announced.
    init() {}

    /// - Parameter prefix: what the transport puts before the answer.
    init(_ envelope: Envelope, blobSizesBytes: [Int], prefix: [UInt8] = []) {
        let json = envelope.serialized()
        let head = ResponseFrame.encodedHead(json: json)
        sizeBytes = ResponseFrame.sizeBytes(jsonSizeBytes: json.count, blobSizesBytes: blobSizesBytes)
        waiting.reserveCapacity(prefix.count + head.count)
        waiting.writeBytes(prefix)
        waiting.writeBytes(head)
        remainingBytes = sizeBytes - head.count
        sizes = blobSizesBytes[...]
        openBlobs()
    }

    /// - Precondition: `bytes` do not cross the end of a blob.
    mutating func append(_ bytes: ArraySlice<UInt8>) {
        precondition(bytes.count <= remainingOfBlob, "an answer keeps to the sizes that it announced")
        if waiting.capacity == 0 { waiting.reserveCapacity(min(remainingBytes, Self.pieceBytes + bytes.count)) }
        waiting.writeBytes(bytes)
        remainingBytes -= bytes.count
        remainingOfBlob -= bytes.count
        openBlobs()
    }

    /// Hands out what waits.
    mutating func takeWaiting() -> ByteBuffer {
        defer { waiting = ByteBuffer() }
        return waiting
    }

    /// Writes prefixes up to the next blob that has bytes.
    private mutating func openBlobs() {
        while remainingOfBlob == 0, let size = sizes.popFirst() {
            let prefix = ResponseFrame.encodedBlobPrefix(sizeBytes: size)
            waiting.writeBytes(prefix)
            remainingBytes -= prefix.count
            remainingOfBlob = size
        }
    }
}
