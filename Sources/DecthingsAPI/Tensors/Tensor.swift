/// A tensor: element type, shape, and elements in row-major order.
///
/// A value holds its canonical serialization: shortest varints, booleans 0 or 1, valid UTF-8, media elements with a
/// length-prefixed format. Decoding canonical bytes copies nothing (the value shares the input's storage and keeps it
/// alive); bytes that need repair are rewritten once. Two tensors are equal when their canonical bytes are.
public struct Tensor: Sendable, Hashable {
    public let header: TensorHeader
    /// The canonical serialization, exactly `header.sizeBytes` bytes.
    public let bytes: ArraySlice<UInt8>

    public var type: ElementType { header.type }
    /// Lengths of the dimensions; empty for a scalar.
    public var shape: [Int] { header.shape }
    public var elementCount: Int { header.elementCount }

    /// The elements alone: little-endian numbers back to back, or a varint length before each variable-size element.
    public var elementBytes: ArraySlice<UInt8> { bytes.dropFirst(header.bodyOffset) }

    /// `bytes` must be canonical and `header` theirs.
    init(header: TensorHeader, canonicalBytes bytes: ArraySlice<UInt8>) {
        self.header = header
        self.bytes = bytes
    }

    public static func == (a: Tensor, b: Tensor) -> Bool { a.bytes.elementsEqual(b.bytes) }
    public func hash(into hasher: inout Hasher) { hasher.combine(bytes) }

    /// A tensor of fixed-size elements from their little-endian bytes, copied once. Booleans become 0 or 1.
    ///
    /// - Precondition: `type` has a fixed element size, at most 255 dimensions, none negative, and `elementBytes` holds
    ///   exactly the product of `shape` elements.
    public init(type: ElementType, shape: [Int], elementBytes: some Collection<UInt8>) {
        guard let size = type.elementSizeBytes else { preconditionFailure("\(type) has no fixed element size") }
        let count = Tensor.checkedCount(shape)
        precondition(elementBytes.count == count * size, "element bytes must be the product of the shape")
        var out = Tensor.encodedHeader(type, shape)
        out.reserveCapacity(out.count + elementBytes.count)
        if type == .boolean {
            out.append(contentsOf: elementBytes.lazy.map { $0 == 0 ? 0 : 1 })
        } else {
            out.append(contentsOf: elementBytes)
        }
        self.init(canonical: out)
    }

    /// Adopts bytes that this module wrote.
    init(canonical bytes: [UInt8]) {
        do {
            self.init(header: try TensorHeader.peek(bytes), canonicalBytes: bytes[...])
        } catch {
            preconditionFailure("the module wrote a malformed tensor: \(error)")
        }
    }

    static func checkedCount(_ shape: [Int]) -> Int {
        precondition(shape.count <= 255 && shape.allSatisfy { $0 >= 0 }, "at most 255 dimensions, none negative")
        guard let count = TensorHeader.product(shape) else { preconditionFailure("the shape overflows") }
        return count
    }

    static func encodedHeader(_ type: ElementType, _ shape: [Int]) -> [UInt8] {
        var out = [type.rawValue, UInt8(shape.count)]
        for length in shape { Varint.append(UInt64(length), to: &out) }
        return out
    }
}
