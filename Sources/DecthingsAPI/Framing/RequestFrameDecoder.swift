/// Decodes a request body while it arrives, in memory bounded by the JSON limit whatever the size of the blobs.
///
/// Call `next(from:)` with each slice until it answers nil, then give it the next slice; at the end of the body call
/// `finish()`. After an error every further call throws the same error.
public struct RequestFrameDecoder: Sendable {
    public enum Event: Sendable, Hashable {
        /// All lengths are known. Comes first, once.
        case lengths(jsonSizeBytes: Int, blobSizesBytes: [Int])
        /// The whole JSON text. Comes second, once.
        case json([UInt8])
        /// Blob `index` begins; exactly `sizeBytes` bytes of it follow.
        case blobStart(index: Int, sizeBytes: Int)
        /// A piece of the current blob, never empty; a slice of the input.
        case blobBytes(ArraySlice<UInt8>)
        case blobEnd(index: Int)
        /// The frame is complete. Comes last, once; any further byte is an error.
        case end
    }

    private enum State {
        case blobCount
        case jsonLength(VarintCollector, blobCount: Int)
        case blobLength(VarintCollector, blobCount: Int)
        case json(ByteCollector)
        case blobStart(Int)
        case blobBody(Int, remaining: Int)
        case ended
        case failed(WireError)
    }

    private let limits: FrameLimits
    private var state = State.blobCount
    private var jsonSize = 0
    private var blobSizes: [Int] = []
    private var totalBlobSize = 0
    private var offset = 0

    public init(limits: FrameLimits = FrameLimits()) { self.limits = limits }

    /// The next event, nil when `input` is used up and more is needed.
    ///
    /// - Throws: `.limitExceeded`, `.trailingBytes`.
    public mutating func next(from input: inout ArraySlice<UInt8>) throws(WireError) -> Event? {
        let before = input.count
        defer { offset += before - input.count }
        do throws(WireError) {
            return try advance(&input, startOffset: offset + before)
        } catch {
            state = .failed(error)
            throw error
        }
    }

    /// Call at the end of the body.
    ///
    /// - Throws: `.truncated` when the frame is not complete.
    public func finish() throws(WireError) {
        switch state {
        case .ended: return
        case .failed(let error): throw error
        default:
            throw WireError(
                .truncated, "the request body ends early; send all bytes that its lengths announce", byteOffset: offset)
        }
    }

    private mutating func advance(
        _ input: inout ArraySlice<UInt8>, startOffset: Int
    ) throws(WireError) -> Event? {
        while true {
            let here = startOffset - input.count
            switch state {
            case .blobCount:
                guard let byte = input.popFirst() else { return nil }
                let count = try limits.checkedBlobCount(UInt64(byte), at: here)
                state = .jsonLength(VarintCollector(), blobCount: count)
            case .jsonLength(var collector, let count):
                let length = collector.fill(from: &input)
                state = .jsonLength(collector, blobCount: count)
                guard let length else { return nil }
                jsonSize = try limits.checkedJSONSize(length, at: here)
                state = .blobLength(VarintCollector(), blobCount: count)
            case .blobLength(var collector, let count):
                if blobSizes.count == count {
                    state = .json(ByteCollector(jsonSize))
                    return .lengths(jsonSizeBytes: jsonSize, blobSizesBytes: blobSizes)
                }
                let length = collector.fill(from: &input)
                state = .blobLength(collector, blobCount: count)
                guard let length else { return nil }
                blobSizes.append(
                    try limits.checkedBlobSize(length, index: blobSizes.count, total: &totalBlobSize, at: here))
                state = .blobLength(VarintCollector(), blobCount: count)
            case .json(var collector):
                state = .ended  // releases the stored copy, so that filling is in place
                let complete = collector.fill(from: &input)
                state = complete ? .blobStart(0) : .json(collector)
                return complete ? .json(collector.bytes) : nil
            case .blobStart(let index):
                guard index < blobSizes.count else {
                    state = .ended
                    return .end
                }
                state = .blobBody(index, remaining: blobSizes[index])
                return .blobStart(index: index, sizeBytes: blobSizes[index])
            case .blobBody(let index, 0):
                state = .blobStart(index + 1)
                return .blobEnd(index: index)
            case .blobBody(let index, let remaining):
                guard !input.isEmpty else { return nil }
                let piece = input.prefix(remaining)
                input = input.dropFirst(piece.count)
                state = .blobBody(index, remaining: remaining - piece.count)
                return .blobBytes(piece)
            case .ended:
                guard input.isEmpty else { throw .trailingRequestBytes(at: here) }
                return nil
            case .failed(let error): throw error
            }
        }
    }
}
