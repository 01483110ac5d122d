/// A cursor over bytes from outside. Every read is checked against what remains; slices share storage with the input.
struct ByteReader {
    let bytes: ArraySlice<UInt8>
    /// Offset of the next byte from the start of `bytes`.
    private(set) var offset = 0

    init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    var remaining: Int { bytes.count - offset }

    mutating func byte(_ what: String) throws(WireError) -> UInt8 {
        try take(1, what).first!
    }

    mutating func bigEndian<I: FixedWidthInteger & UnsignedInteger>(_ what: String) throws(WireError) -> I {
        try take(I.bitWidth / 8, what).reduce(0) { $0 << 8 | I($1) }
    }

    mutating func varint() throws(WireError) -> UInt64 {
        var position = offset
        let value = try Varint.decode(bytes.span, at: &position)
        offset = position
        return value
    }

    mutating func take(_ count: Int, _ what: String) throws(WireError) -> ArraySlice<UInt8> {
        guard count <= remaining else { throw .truncated(what, needed: count, available: remaining, at: offset) }
        let start = bytes.startIndex + offset
        offset += count
        return bytes[start..<start + count]
    }
}
