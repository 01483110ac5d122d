extension Tensor {
    /// Decodes the tensor that fills `bytes`.
    ///
    /// Repairs what known clients get wrong (text lengths in UTF-16 units, doubled audio and video lengths), accepts both
    /// media layouts, and makes the result canonical. Everything is validated before anything is allocated.
    ///
    /// - Throws: `.truncated`, `.malformedTensor`, or `.trailingBytes`.
    /// - Complexity: fixed-size types O(dimensions), but for booleans; others one pass over the elements, and one
    ///   copy when the bytes are not canonical.
    public static func decode(_ bytes: ArraySlice<UInt8>) throws(WireError) -> Tensor {
        var rest = bytes
        let tensor = try decodeFirst(from: &rest)
        guard rest.isEmpty else {
            throw WireError(
                .trailingBytes, "\(rest.count) bytes follow the tensor; send exactly one", byteOffset: bytes.count - rest.count)
        }
        return tensor
    }

    public static func decode(_ bytes: [UInt8]) throws(WireError) -> Tensor { try decode(bytes[...]) }

    /// Decodes a blob of zero or more tensors without separators.
    ///
    /// - Parameter countMax: most tensors to accept; each costs about 100 bytes beside the blob.
    /// - Throws: as `decode`, and `.limitExceeded`.
    public static func decodeAll(
        _ blob: ArraySlice<UInt8>, countMax: Int = 1 << 20
    ) throws(WireError) -> [Tensor] {
        var tensors: [Tensor] = []
        var rest = blob
        while !rest.isEmpty {
            guard tensors.count < countMax else {
                throw .limit("the number of tensors in a blob", tensors.count + 1, max: countMax, at: blob.count - rest.count)
            }
            do throws(WireError) {
                tensors.append(try decodeFirst(from: &rest))
            } catch {
                var error = error
                error.byteOffset = error.byteOffset.map { $0 + blob.count - rest.count }
                throw error
            }
        }
        return tensors
    }

    /// Decodes the tensor at the start of `bytes` and removes it from there.
    public static func decodeFirst(from bytes: inout ArraySlice<UInt8>) throws(WireError) -> Tensor {
        let header = try TensorHeader.peek(bytes)
        let own = bytes.prefix(header.sizeBytes)
        let tensor =
            if header.type.elementSizeBytes != nil {
                fixedSize(header, own)
            } else {
                try variableSize(header, own)
            }
        bytes = bytes.dropFirst(header.sizeBytes)
        return tensor
    }

    private static func fixedSize(_ header: TensorHeader, _ own: ArraySlice<UInt8>) -> Tensor {
        let hasShortestHeader = encodedHeaderSize(header) == header.bodyOffset
        let body = own.dropFirst(header.bodyOffset)
        if hasShortestHeader && !(header.type == .boolean && body.contains { $0 > 1 }) {
            return Tensor(header: header, canonicalBytes: own)
        }
        return Tensor(type: header.type, shape: header.shape, elementBytes: body)
    }

    private static func encodedHeaderSize(_ header: TensorHeader) -> Int {
        header.shape.reduce(2) { $0 + Varint.sizeBytes(of: UInt64($1)) }
    }

    private static func variableSize(_ header: TensorHeader, _ own: ArraySlice<UInt8>) throws(WireError) -> Tensor {
        let span = own.span
        for lengths in readings(of: header.type) {
            var survey = ElementSurvey(header, lengths)
            guard try survey.accepts(span) else { continue }
            let canonicalSize = encodedHeaderSize(header) + Varint.sizeBytes(of: UInt64(header.bodySizeBytes))
            if survey.isCanonical && canonicalSize == header.bodyOffset {
                return Tensor(header: header, canonicalBytes: own)
            }
            return rewritten(header, own, lengths, bodySize: survey.canonicalBodySize)
        }
        let problem =
            header.type == .string
            ? "its element lengths and total length disagree, or its text is not UTF-8"
            : "its element lengths and total length disagree"
        throw .tensor("a \(header.type.name) tensor of shape \(header.shape) is malformed: \(problem)", at: header.bodyOffset)
    }

    /// The ways to read element lengths, in the order in which they are tried.
    private static func readings(of type: ElementType) -> [ElementWalk.Lengths] {
        switch type {
        case .string: [.bytes, .utf16Units]
        case .audio, .video: [.bytes, .doubled]
        default: [.bytes]
        }
    }

    private static func rewritten(
        _ header: TensorHeader, _ own: ArraySlice<UInt8>, _ lengths: ElementWalk.Lengths, bodySize: Int
    ) -> Tensor {
        var out = encodedHeader(header.type, header.shape)
        out.reserveCapacity(out.count + Varint.sizeBytesMax + bodySize)
        Varint.append(UInt64(bodySize), to: &out)
        let span = own.span
        var walk = ElementWalk(
            from: header.bodyOffset, end: header.sizeBytes, count: header.elementCount, lengths: lengths)
        while let range = walk.next(span) {
            let content = own[own.startIndex + range.lowerBound..<own.startIndex + range.upperBound]
            if header.type.isMedia, case .old? = MediaShape(span, range) {
                Varint.append(UInt64(content.count + 1), to: &out)
                out.append(3)
            } else {
                Varint.append(UInt64(content.count), to: &out)
            }
            out.append(contentsOf: content)
        }
        return Tensor(canonical: out)
    }
}

/// Which layout a media element has; nil when it has neither.
enum MediaShape {
    case old
    case new

    init?(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) {
        guard let start = range.first else { return nil }
        let first = bytes[start]
        if first < 0x20 && 1 + Int(first) <= range.count {
            self = .new
        } else if range.count >= 3 && (start..<start + 3).allSatisfyPrintable(bytes) {
            self = .old
        } else {
            return nil
        }
    }
}

extension Range<Int> {
    fileprivate func allSatisfyPrintable(_ bytes: borrowing Span<UInt8>) -> Bool {
        for index in self where !(0x20...0x7e).contains(bytes[index]) { return false }
        return true
    }
}

/// One pass over the elements: do they fit this reading, are they canonical, and how long is their canonical form?
private struct ElementSurvey {
    private let type: ElementType
    private var walk: ElementWalk
    private(set) var canonicalBodySize = 0
    private(set) var isCanonical = true

    init(_ header: TensorHeader, _ lengths: ElementWalk.Lengths) {
        type = header.type
        walk = ElementWalk(
            from: header.bodyOffset, end: header.sizeBytes, count: header.elementCount, lengths: lengths)
    }

    /// - Throws: `.malformedTensor` for a media element in neither layout, once the lengths have proved right.
    mutating func accepts(_ bytes: borrowing Span<UInt8>) throws(WireError) -> Bool {
        var badMediaOffset: Int?
        while let range = walk.next(bytes) {
            if type == .string && !isUTF8(bytes, range) { return false }
            var size = range.count
            if type.isMedia {
                switch MediaShape(bytes, range) {
                case .new: break
                case .old:
                    size += 1
                    isCanonical = false
                case nil: badMediaOffset = badMediaOffset ?? range.lowerBound
                }
            }
            canonicalBodySize += Varint.sizeBytes(of: UInt64(size)) + size
        }
        guard walk.endedExactly else { return false }
        if let badMediaOffset {
            throw .tensor(
                "a \(type.name) element has neither a length-prefixed nor a three-byte format", at: badMediaOffset)
        }
        isCanonical = isCanonical && walk.isShortest && walk.lengths == .bytes
        return true
    }
}
