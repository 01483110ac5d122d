extension Tensor {
    /// The serialization for a receiver that reads `layout`. Copies only media tensors for the old layout.
    public func encoded(for layout: MediaLayout) -> ArraySlice<UInt8> {
        guard type.isMedia, layout == .threeByteFormat, let elements = media else { return bytes }
        var out = Tensor.encodedHeader(type, shape)
        let bodySize = Self.threeByteBodySize(elements)
        out.reserveCapacity(out.count + Varint.sizeBytesMax + bodySize)
        Varint.append(UInt64(bodySize), to: &out)
        for element in elements {
            Varint.append(UInt64(3 + element.data.count), to: &out)
            out.append(contentsOf: element.threeByteFormat)
            out.append(contentsOf: element.data)
        }
        return out[...]
    }

    /// Bytes of `encoded(for:)`, without encoding.
    public func encodedSizeBytes(for layout: MediaLayout) -> Int {
        guard type.isMedia, layout == .threeByteFormat, let elements = media else { return bytes.count }
        let bodySize = Self.threeByteBodySize(elements)
        return Tensor.encodedHeader(type, shape).count + Varint.sizeBytes(of: UInt64(bodySize)) + bodySize
    }

    private static func threeByteBodySize(_ elements: [MediaElement]) -> Int {
        elements.reduce(0) { $0 + Varint.sizeBytes(of: UInt64(3 + $1.data.count)) + 3 + $1.data.count }
    }

    /// Tensors one after the other, as a blob carries them.
    public static func concatenated(_ tensors: [Tensor], for layout: MediaLayout = .lengthPrefixedFormat) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(tensors.reduce(0) { $0 + $1.encodedSizeBytes(for: layout) })
        for tensor in tensors { out.append(contentsOf: tensor.encoded(for: layout)) }
        return out
    }
}
