extension Tensor {
    /// One number, shape `[]`.
    public static func scalar<N: TensorNumber>(_ value: N) -> Tensor { Tensor([value], shape: []) }
    /// One text, shape `[]`.
    public static func scalar(_ value: String) -> Tensor { strings([value], shape: []) }
    /// One boolean, shape `[]`.
    public static func scalar(_ value: Bool) -> Tensor { booleans([value], shape: []) }

    /// Numbers in row-major order; a vector unless `shape` is given.
    ///
    /// - Precondition: the product of `shape` is `values.count`.
    public init<N: TensorNumber>(_ values: [N], shape: [Int]? = nil) {
        let shape = shape ?? [values.count]
        precondition(Tensor.checkedCount(shape) == values.count, "values must be as many as the shape says")
        var out = Tensor.encodedHeader(N.elementType, shape)
        out.reserveCapacity(out.count + values.count * MemoryLayout<N>.size)
        #if _endian(little)
            values.withUnsafeBytes { out.append(contentsOf: $0) }
        #else
            for value in values { withUnsafeBytes(of: value.tensorBits.littleEndian) { out.append(contentsOf: $0) } }
        #endif
        self.init(canonical: out)
    }

    /// Booleans in row-major order; a vector unless `shape` is given, whose product must be `values.count`.
    public static func booleans(_ values: [Bool], shape: [Int]? = nil) -> Tensor {
        Tensor(type: .boolean, shape: shape ?? [values.count], elementBytes: values.map { $0 ? 1 : 0 })
    }

    /// Texts in row-major order; a vector unless `shape` is given, whose product must be `values.count`.
    public static func strings(_ values: [String], shape: [Int]? = nil) -> Tensor {
        variable(.string, values.map { Array($0.utf8)[...] }, shape: shape)
    }

    /// Byte strings in row-major order; a vector unless `shape` is given, whose product must be `values.count`.
    public static func binary(_ values: [[UInt8]], shape: [Int]? = nil) -> Tensor {
        variable(.binary, values.map { $0[...] }, shape: shape)
    }

    /// Media elements in row-major order; a vector unless `shape` is given, whose product must be `values.count`.
    ///
    /// - Precondition: `type` is `image`, `audio` or `video`.
    public static func media(_ type: ElementType, _ values: [MediaElement], shape: [Int]? = nil) -> Tensor {
        precondition(type.isMedia, "\(type) is no media type")
        return variable(type, values.map { [UInt8($0.format.count)] + $0.format + $0.data }, shape: shape)
    }

    private static func variable(_ type: ElementType, _ elements: [ArraySlice<UInt8>], shape: [Int]?) -> Tensor {
        let shape = shape ?? [elements.count]
        precondition(checkedCount(shape) == elements.count, "values must be as many as the shape says")
        let total = elements.reduce(0) { $0 + Varint.sizeBytes(of: UInt64($1.count)) + $1.count }
        var out = encodedHeader(type, shape)
        out.reserveCapacity(out.count + Varint.sizeBytesMax + total)
        Varint.append(UInt64(total), to: &out)
        for element in elements {
            Varint.append(UInt64(element.count), to: &out)
            out.append(contentsOf: element)
        }
        return Tensor(canonical: out)
    }

    /// The numbers in row-major order, nil when the tensor has another element type. Copies once.
    public func numbers<N: TensorNumber>(as type: N.Type = N.self) -> [N]? {
        guard self.type == N.elementType else { return nil }
        return elementBytes.withUnsafeBytes { raw in
            (0..<elementCount).map { index in
                N(tensorBits: .init(littleEndian: raw.loadUnaligned(fromByteOffset: index * MemoryLayout<N.Bits>.size, as: N.Bits.self)))
            }
        }
    }

    /// The booleans in row-major order, nil when the tensor has another element type.
    public var booleans: [Bool]? { type == .boolean ? elementBytes.map { $0 != 0 } : nil }

    /// The texts in row-major order, nil when the tensor has another element type.
    public var strings: [String]? {
        type == .string ? variableElements?.map { String(decoding: $0, as: UTF8.self) } : nil
    }

    /// The media elements in row-major order, nil when the tensor has no media type. Data is shared, not copied.
    public var media: [MediaElement]? {
        guard type.isMedia else { return nil }
        return variableElements?.map { element in
            let body = element.dropFirst()
            let formatSize = Int(element.first ?? 0)
            return MediaElement(format: body.prefix(formatSize), data: body.dropFirst(formatSize))
        }
    }

    /// The raw elements of a variable-size type in row-major order, nil for fixed-size types. Slices of `bytes`.
    public var variableElements: [ArraySlice<UInt8>]? {
        guard type.elementSizeBytes == nil else { return nil }
        let start = elementBytes.startIndex
        var elements: [ArraySlice<UInt8>] = []
        elements.reserveCapacity(elementCount)
        var walk = ElementWalk(end: elementBytes.count, count: elementCount, lengths: .bytes)
        let span = elementBytes.span
        while let range = walk.next(span) {
            elements.append(bytes[start + range.lowerBound..<start + range.upperBound])
        }
        return elements
    }
}
