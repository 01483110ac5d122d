/// Rewrites one image, audio or video tensor into the three-byte layout while it streams, in bounded memory.
///
/// The new total length stands before the elements, so a tensor passes twice: first without a plan (throw the output
/// away, keep what `finish()` answers), then with that plan. Accepts both media layouts; lengths must be as specified,
/// since what is stored is canonical already. For tensors in memory use `Tensor.encoded(for:)`.
public struct MediaRewriter: Sendable {
    /// What the first pass has learnt.
    public struct Plan: Sendable, Hashable {
        let bodySizeBytes: Int
        /// Bytes of the whole rewritten tensor.
        public let sizeBytes: Int
    }

    private enum State {
        case head([UInt8])
        case length(VarintCollector)
        /// Gathers the format of an element of `length` bytes.
        case format([UInt8], length: Int)
        case data(remaining: Int)
        case end
    }

    private let sizeBytes: Int
    private let plan: Plan?
    private var state = State.head([])
    private var header: TensorHeader?
    private var remainingCount = 0
    private var consumedBodyBytes = 0
    private var bodySizeBytes = 0

    /// - Parameters:
    ///   - sizeBytes: bytes of the tensor as it is stored.
    ///   - plan: nil for the first pass.
    public init(sizeBytes: Int, plan: Plan? = nil) {
        self.sizeBytes = sizeBytes
        self.plan = plan
    }

    /// Takes the tensor's next bytes and appends the rewritten ones to `out`: at most those of `piece` and a header.
    ///
    /// - Throws: `.truncated`, `.malformedTensor`, or `.trailingBytes`.
    public mutating func rewrite(_ piece: ArraySlice<UInt8>, into out: inout [UInt8]) throws(WireError) {
        var input = piece
        if case .head(var collected) = state {
            state = .end
            let wanted = min(sizeBytes, TensorHeader.sizeBytesMax) - collected.count
            collected.append(contentsOf: input.prefix(wanted))
            input = input.dropFirst(wanted)
            guard collected.count == min(sizeBytes, TensorHeader.sizeBytesMax) else {
                state = .head(collected)
                return
            }
            let header = try begin(collected, &out)
            try rewriteBody(collected.dropFirst(header.bodyOffset), &out)
        }
        try rewriteBody(input, &out)
    }

    /// Call after the last byte.
    ///
    /// - Returns: the plan for the second pass.
    /// - Throws: `.truncated` when the tensor is not complete.
    public func finish() throws(WireError) -> Plan {
        guard let header, case .end = state, consumedBodyBytes == header.bodySizeBytes else {
            throw .truncated(
                "a media tensor", needed: sizeBytes, available: (header?.bodyOffset ?? 0) + consumedBodyBytes, at: 0)
        }
        let headSize = Tensor.encodedHeader(header.type, header.shape).count
        return Plan(
            bodySizeBytes: bodySizeBytes,
            sizeBytes: headSize + Varint.sizeBytes(of: UInt64(bodySizeBytes)) + bodySizeBytes)
    }

    private mutating func begin(_ bytes: [UInt8], _ out: inout [UInt8]) throws(WireError) -> TensorHeader {
        let header = try TensorHeader.peek(bytes, availableSizeBytes: sizeBytes)
        guard header.type.isMedia else {
            throw .tensor("a tensor of type \(header.type.name) has no media elements to rewrite", at: 0)
        }
        guard header.sizeBytes == sizeBytes else {
            throw WireError(
                .trailingBytes, "\(sizeBytes - header.sizeBytes) bytes follow the tensor; send exactly one",
                byteOffset: header.sizeBytes)
        }
        self.header = header
        remainingCount = header.elementCount
        state = remainingCount == 0 ? .end : .length(VarintCollector())
        out.append(contentsOf: Tensor.encodedHeader(header.type, header.shape))
        if let plan { Varint.append(UInt64(plan.bodySizeBytes), to: &out) }
        return header
    }

    private mutating func rewriteBody(_ piece: ArraySlice<UInt8>, _ out: inout [UInt8]) throws(WireError) {
        var input = piece
        while !input.isEmpty {
            let before = input.count
            switch state {
            case .head: return
            case .length(var collector):
                let length = collector.fill(from: &input)
                state = .length(collector)
                if let length { state = .format([], length: try checked(length)) }
            case .format(var format, let length):
                state = .end
                try fillFormat(&format, length, &input, &out)
            case .data(let remaining):
                let part = input.prefix(remaining)
                input = input.dropFirst(part.count)
                out.append(contentsOf: part)
                afterData(remaining: remaining - part.count)
            case .end:
                throw .tensor(
                    "\(input.count) bytes follow the last element; the total length is wrong", at: consumedBodyBytes)
            }
            consumedBodyBytes += before - input.count
        }
    }

    private func checked(_ length: UInt64) throws(WireError) -> Int {
        guard length >= 1, length <= UInt64(sizeBytes) else {
            throw .tensor(
                "a media element of \(length) bytes cannot lie in a tensor of \(sizeBytes)", at: consumedBodyBytes)
        }
        return Int(length)
    }

    /// The first byte tells the layout, and with it how many bytes the format takes.
    private mutating func fillFormat(
        _ format: inout [UInt8], _ length: Int, _ input: inout ArraySlice<UInt8>, _ out: inout [UInt8]
    ) throws(WireError) {
        if format.isEmpty, let first = input.popFirst() { format.append(first) }
        let isNew = format[0] < 0x20 && 1 + Int(format[0]) <= length
        guard isNew || length >= 3 else {
            throw noFormat
        }
        let missing = (isNew ? 1 + Int(format[0]) : 3) - format.count
        format.append(contentsOf: input.prefix(missing))
        input = input.dropFirst(min(missing, input.count))
        guard format.count == (isNew ? 1 + Int(format[0]) : 3) else {
            state = .format(format, length: length)
            return
        }
        guard isNew || format.allSatisfy({ (0x20...0x7e).contains($0) }) else {
            throw noFormat
        }
        let dataSize = length - format.count
        Varint.append(UInt64(3 + dataSize), to: &out)
        out.append(contentsOf: isNew ? MediaElement(format: format.dropFirst(), data: []).threeByteFormat : format)
        bodySizeBytes += Varint.sizeBytes(of: UInt64(3 + dataSize)) + 3 + dataSize
        afterData(remaining: dataSize)
    }

    private var noFormat: WireError {
        .tensor("a media element has neither a length-prefixed nor a three-byte format", at: consumedBodyBytes)
    }

    private mutating func afterData(remaining: Int) {
        if remaining > 0 {
            state = .data(remaining: remaining)
        } else {
            remainingCount -= 1
            state = remainingCount == 0 ? .end : .length(VarintCollector())
        }
    }
}
