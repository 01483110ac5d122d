import DecthingsAPI
import HummingbirdCore
import NIOCore
import Synchronization

/// Reads a request frame from an HTTP body as it arrives: first lengths and JSON, later the blobs.
///
/// Unchecked: one task at a time uses it. The connection's task reads the head, then lends it to the call's task, and does not
/// touch it again while `isLent`, also when it is cancelled: it asks before each use, and the call gives it back as its last act.
final class FrameReader: RequestBlobs, @unchecked Sendable {
    private let lent = Atomic<Bool>(false)
    private var iterator: RequestBody.AsyncIterator
    private var decoder: RequestFrameDecoder
    private var input: ArraySlice<UInt8> = []
    private var receivedBytes = 0
    private let contentLength: Int?
    private let bytesMax: Int
    private(set) var sizesBytes: [Int] = []
    /// Whether the whole body has been read.
    private(set) var isAtEnd = false
    /// What is wrong with the frame, where that showed only while its blobs were read.
    private(set) var fault: WireError?

    /// - Parameter bytesMax: of the whole body, however its length is told.
    init(_ body: RequestBody, contentLength: Int?, limits: FrameLimits, bytesMax: Int) {
        self.bytesMax = bytesMax
        iterator = body.makeAsyncIterator()
        self.contentLength = contentLength
        decoder = RequestFrameDecoder(limits: limits)
    }

    /// Whether the call may still read.
    var isLent: Bool { lent.load(ordering: .acquiring) }

    func lend() { lent.store(true, ordering: .releasing) }

    func giveBack() { lent.store(false, ordering: .releasing) }

    /// The JSON; afterwards `sizesBytes` is known. A frame without blobs is read to its end.
    ///
    /// - Throws: `WireError` for a broken frame; what the connection throws.
    func readHead() async throws -> [UInt8] {
        while true {
            switch try await nextEvent() {
            case .lengths(let jsonSize, let sizes): try checkLength(after: jsonSize, sizes)
            case .json(let json):
                if sizesBytes.isEmpty { try await readEnd() }
                return json
            default: break
            }
        }
    }

    /// A body whose `Content-Length` does not fit its own lengths is refused before its blobs are read.
    private func checkLength(after jsonSize: Int, _ sizes: [Int]) throws(WireError) {
        sizesBytes = sizes
        let total = sizes.reduce(receivedBytes - input.count + jsonSize, +)
        guard total <= bytesMax else {
            throw WireError(.limitExceeded, "the request body announces \(total) bytes; at most \(bytesMax) are taken")
        }
        guard let contentLength else { return }
        if contentLength != total {
            throw WireError(
                contentLength < total ? .truncated : .trailingBytes,
                "the request body has \(contentLength) bytes but its lengths announce \(total); send exactly what they announce")
        }
    }

    func read(_ index: Int, _ consume: (ArraySlice<UInt8>) async throws -> Void) async throws {
        var isWanted = false
        while true {
            switch try await nextBlobEvent() {
            case .blobStart(index, _): isWanted = true
            case .blobBytes(let bytes): if isWanted { try await consume(bytes) }
            case .blobEnd(index):
                if index == sizesBytes.count - 1 { try await readEndOfBlobs() }
                return
            default: break
            }
        }
    }

    private func nextBlobEvent() async throws -> RequestFrameDecoder.Event {
        do {
            return try await nextEvent()
        } catch let error as WireError {
            fault = error
            throw CallAborted()
        } catch {
            throw CallAborted()
        }
    }

    private func readEndOfBlobs() async throws {
        do {
            try await readEnd()
        } catch {
            fault = error as? WireError
            throw CallAborted()
        }
    }

    private func readEnd() async throws {
        while !isAtEnd {
            if let event = try decoder.next(from: &input) {
                precondition(event == .end, "only the end can follow")
            } else {
                try await fetch()
            }
        }
        try decoder.finish()
    }

    private func nextEvent() async throws -> RequestFrameDecoder.Event {
        while true {
            if let event = try decoder.next(from: &input) { return event }
            if isAtEnd {
                try decoder.finish()
                throw CallAborted()
            }
            try await fetch()
        }
    }

    private func fetch() async throws {
        guard let buffer = try await iterator.next() else {
            isAtEnd = true
            return
        }
        receivedBytes += buffer.readableBytes
        input = Array(buffer.readableBytesView)[...]
    }

    /// Reads on to the end of the body and throws it away, so that a client which sends first and reads then sees its answer.
    ///
    /// - Returns: false when more than `bytesMax` were left.
    func drain(bytesMax: Int) async throws -> Bool {
        var left = bytesMax
        input = []
        while !isAtEnd {
            guard let buffer = try await iterator.next() else {
                isAtEnd = true
                break
            }
            left -= buffer.readableBytes
            if left < 0 { return false }
        }
        return true
    }
}
