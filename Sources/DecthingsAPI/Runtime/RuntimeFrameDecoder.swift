/// Decodes what a model process sends, while it arrives, in memory bounded by the JSON limit.
///
/// A value without I/O: call `next(from:)` with each slice read from the socket until it answers nil, then give it the
/// next slice. Messages follow each other without end; at end of stream call `finish()`. After an error every further
/// call throws the same error: the stream has lost its frame, so end the process.
public struct RuntimeFrameDecoder: Sendable {
    public enum Event: Sendable, Hashable {
        /// Head of a result or event: its JSON text and the number of blobs that follow.
        case message(json: [UInt8], blobCount: Int)
        /// Blob `index` of the current message begins; exactly `sizeBytes` bytes of it follow.
        case blobStart(index: Int, sizeBytes: Int)
        /// A piece of the current blob, never empty; a slice of the input.
        case blobBytes(ArraySlice<UInt8>)
        case blobEnd(index: Int)
        /// The current message is complete, its trailing byte (whatever its value) consumed.
        case messageEnd
        /// A whole data event (`requestData` or `shuffle`): its JSON text. No `messageEnd` follows.
        case dataEvent(json: [UInt8])
    }

    private enum State {
        case kind
        case head(ByteCollector)
        case dataHead(ByteCollector)
        case json(ByteCollector, blobCount: Int)
        case dataJSON(ByteCollector)
        case blobLength(ByteCollector, index: Int, count: Int)
        case blobBody(index: Int, remaining: Int, count: Int)
        case trailingByte
        case failed(WireError)
    }

    private let limits: FrameLimits
    private var state = State.kind
    private var totalBlobSize = 0
    private var offset = 0

    /// - Parameter limits: JSON 16 MiB, blobs per message 255, bytes per blob 2^30 unless told.
    public init(limits: FrameLimits = FrameLimits()) { self.limits = limits }

    /// True between messages: the only place where the stream may end.
    public var isAtMessageBoundary: Bool {
        if case .kind = state { true } else { false }
    }

    /// The next event, nil when `input` is used up and more is needed.
    ///
    /// - Throws: `.limitExceeded`, or `.invalidValue` for a first byte other than 0 and 1.
    public mutating func next(from input: inout ArraySlice<UInt8>) throws(WireError) -> Event? {
        let before = input.count
        defer { offset += before - input.count }
        do throws(WireError) {
            return try advance(&input, endOffset: offset + before)
        } catch {
            state = .failed(error)
            throw error
        }
    }

    /// Call at end of stream.
    ///
    /// - Throws: `.truncated` when the stream ends inside a message.
    public func finish() throws(WireError) {
        if case .failed(let error) = state { throw error }
        guard isAtMessageBoundary else {
            throw WireError(.truncated, "the process closed its socket inside a message", byteOffset: offset)
        }
    }

    private mutating func advance(_ input: inout ArraySlice<UInt8>, endOffset: Int) throws(WireError) -> Event? {
        while true {
            let here = endOffset - input.count
            switch state {
            case .kind:
                guard let byte = input.popFirst() else { return nil }
                state = try Self.stateAfterKind(byte, at: here)
            case .head(var collector):
                let complete = collector.fill(from: &input)
                state = .head(collector)
                guard complete else { return nil }
                let count = try limits.checkedBlobCount(collector.number(0..<4), at: here)
                let size = try limits.checkedJSONSize(collector.number(4..<12), at: here)
                state = .json(ByteCollector(size), blobCount: count)
            case .dataHead(var collector):
                let complete = collector.fill(from: &input)
                state = .dataHead(collector)
                guard complete else { return nil }
                state = .dataJSON(ByteCollector(try limits.checkedJSONSize(collector.number(0..<8), at: here)))
            case .json(var collector, let count):
                state = .kind  // releases the stored copy, so that filling is in place
                let complete = collector.fill(from: &input)
                state = complete ? Self.stateBeforeBlob(0, of: count) : .json(collector, blobCount: count)
                guard complete else { return nil }
                totalBlobSize = 0
                return .message(json: collector.bytes, blobCount: count)
            case .dataJSON(var collector):
                state = .kind
                let complete = collector.fill(from: &input)
                if complete { return .dataEvent(json: collector.bytes) }
                state = .dataJSON(collector)
                return nil
            case .blobLength(var collector, let index, let count):
                let complete = collector.fill(from: &input)
                state = .blobLength(collector, index: index, count: count)
                guard complete else { return nil }
                let size = try limits.checkedBlobSize(
                    collector.number(0..<8), index: index, total: &totalBlobSize, at: here)
                state = .blobBody(index: index, remaining: size, count: count)
                return .blobStart(index: index, sizeBytes: size)
            case .blobBody(let index, 0, let count):
                state = Self.stateBeforeBlob(index + 1, of: count)
                return .blobEnd(index: index)
            case .blobBody(let index, let remaining, let count):
                guard !input.isEmpty else { return nil }
                let piece = input.prefix(remaining)
                input = input.dropFirst(piece.count)
                state = .blobBody(index: index, remaining: remaining - piece.count, count: count)
                return .blobBytes(piece)
            case .trailingByte:
                guard input.popFirst() != nil else { return nil }
                state = .kind
                return .messageEnd
            case .failed(let error): throw error
            }
        }
    }

    private static func stateAfterKind(_ byte: UInt8, at offset: Int) throws(WireError) -> State {
        switch byte {
        case 0: return .head(ByteCollector(12))
        case 1: return .dataHead(ByteCollector(8))
        default:
            throw WireError(
                .invalidValue, "a message of the model process begins with \(byte), not 0 or 1; its stream is lost",
                byteOffset: offset)
        }
    }

    private static func stateBeforeBlob(_ index: Int, of count: Int) -> State {
        index < count ? .blobLength(ByteCollector(8), index: index, count: count) : .trailingByte
    }
}
