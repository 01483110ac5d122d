/// Type, shape and extent of a serialized tensor, learnt from its first bytes alone.
public struct TensorHeader: Sendable, Hashable {
    public let type: ElementType
    /// Lengths of the dimensions; empty for a scalar.
    public let shape: [Int]
    /// Product of the shape: 1 for a scalar, 0 when any dimension is 0.
    public let elementCount: Int
    /// Offset at which the elements begin: after the total length for variable-size types.
    public let bodyOffset: Int
    /// Bytes of the elements.
    public let bodySizeBytes: Int
    /// Bytes of the whole tensor as it lies there.
    public var sizeBytes: Int { bodyOffset + bodySizeBytes }
    /// Type and shape in their shortest encoding; for fixed-size types the elements follow.
    public var canonicalStart: [UInt8] { Tensor.encodedHeader(type, shape) }

    /// Longest header in bytes: type, 255 dimensions and a total length. This much of a tensor is enough for `peek`.
    public static let sizeBytesMax = 2 + 256 * Varint.sizeBytesMax

    /// Reads the header at the start of `bytes` without copying or looking at elements.
    ///
    /// The dimensions are multiplied with overflow checks and the extent is checked against what is there, so
    /// `bytes.prefix(header.sizeBytes)` is in bounds. The elements of variable-size types are not validated;
    /// `Tensor.decode` does that.
    ///
    /// - Parameter availableSizeBytes: how much of the tensor exists when `bytes` is only a prefix of it (a reader of
    ///   stored data needs to fetch `sizeBytesMax` bytes only); `bytes.count` when nil.
    /// - Throws: `.truncated` or `.malformedTensor`.
    /// - Complexity: O(dimensions).
    public static func peek(
        _ bytes: ArraySlice<UInt8>, availableSizeBytes: Int? = nil
    ) throws(WireError) -> TensorHeader {
        var position = 0
        return try TensorHeader(bytes.span, at: &position, availableSizeBytes: availableSizeBytes ?? bytes.count)
    }

    public static func peek(_ bytes: [UInt8], availableSizeBytes: Int? = nil) throws(WireError) -> TensorHeader {
        try peek(bytes[...], availableSizeBytes: availableSizeBytes)
    }

    init(
        _ bytes: borrowing Span<UInt8>, at position: inout Int, availableSizeBytes: Int
    ) throws(WireError) {
        guard bytes.count >= 2 else {
            throw .truncated("a tensor header", needed: 2, available: bytes.count, at: 0)
        }
        guard let type = ElementType(rawValue: bytes[0]) else {
            throw .tensor("the element type must be 1 to 16, not \(bytes[0])", at: 0)
        }
        let dimensionCount = Int(bytes[1])
        position = 2
        var shape: [Int] = []
        shape.reserveCapacity(dimensionCount)
        for index in 0..<dimensionCount {
            let offset = position
            let length = try Varint.decode(bytes, at: &position)
            guard let length = Int(exactly: length) else {
                throw .tensor("dimension \(index) is \(length), above the bound of \(Int.max)", at: offset)
            }
            shape.append(length)
        }
        guard let count = Self.product(shape) else {
            throw .tensor("the product of the shape \(shape) overflows 64 bits; send fewer elements", at: 2)
        }
        self.type = type
        self.shape = shape
        elementCount = count
        bodySizeBytes = try Self.bodySize(of: type, count: count, bytes, at: &position, available: availableSizeBytes)
        bodyOffset = position
    }

    private static func bodySize(
        of type: ElementType, count: Int, _ bytes: borrowing Span<UInt8>, at position: inout Int, available: Int
    ) throws(WireError) -> Int {
        if let elementSize = type.elementSizeBytes {
            let (size, overflow) = count.multipliedReportingOverflow(by: elementSize)
            guard !overflow, size <= available - position else {
                throw .truncated(
                    "a tensor of \(count) elements of \(elementSize) bytes", needed: UInt64(count) &* UInt64(elementSize),
                    available: available - position, at: position)
            }
            return size
        }
        let offset = position
        let total = try Varint.decode(bytes, at: &position)
        guard total <= UInt64(max(0, available - position)) else {
            throw .truncated("the elements of a \(type.name) tensor", needed: total, available: available - position, at: offset)
        }
        guard count <= Int(total) else {
            throw .tensor("\(count) elements do not fit in \(total) bytes: each has a length of its own", at: offset)
        }
        return Int(total)
    }

    /// Nil on overflow; a dimension of 0 makes 0 whatever the others are.
    static func product(_ shape: [Int]) -> Int? {
        if shape.contains(0) { return 0 }
        var product = 1
        for length in shape {
            let (next, overflow) = product.multipliedReportingOverflow(by: length)
            if overflow { return nil }
            product = next
        }
        return product
    }
}
