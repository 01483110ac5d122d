/// The variable-length integer of the Decthings wire: one byte up to 252, else a tag byte and 2, 4 or 8 big-endian bytes.
///
/// Decoding is lenient (a non-shortest form is valid for every client); encoding is always the shortest form.
public enum Varint {
    /// Longest encoding in bytes.
    public static let sizeBytesMax = 9

    /// Bytes of the shortest encoding of `value`: 1, 3, 5 or 9.
    public static func sizeBytes(of value: UInt64) -> Int {
        switch value {
        case 0...252: 1
        case 253...0xffff: 3
        case 0x10000...0xffff_ffff: 5
        default: 9
        }
    }

    /// Appends the shortest encoding of `value`.
    public static func append(_ value: UInt64, to out: inout [UInt8]) {
        switch value {
        case 0...252:
            out.append(UInt8(value))
        case 253...0xffff:
            out.append(0xfd)
            out.appendBigEndian(UInt16(value))
        case 0x10000...0xffff_ffff:
            out.append(0xfe)
            out.appendBigEndian(UInt32(value))
        default:
            out.append(0xff)
            out.appendBigEndian(value)
        }
    }

    public static func encoded(_ value: UInt64) -> [UInt8] {
        var out: [UInt8] = []
        append(value, to: &out)
        return out
    }

    /// How many bytes follow a first byte: 0, 2, 4 or 8.
    static func extraByteCount(after first: UInt8) -> Int {
        switch first {
        case 0xfd: 2
        case 0xfe: 4
        case 0xff: 8
        default: 0
        }
    }

    /// Decodes at `position`, which moves past the varint only on success.
    ///
    /// - Throws: `.truncated`.
    public static func decode(_ bytes: borrowing Span<UInt8>, at position: inout Int) throws(WireError) -> UInt64 {
        guard position < bytes.count else {
            throw .truncated("a varint", needed: 1, available: 0, at: position)
        }
        let first = bytes[position]
        let extra = extraByteCount(after: first)
        if extra == 0 {
            position += 1
            return UInt64(first)
        }
        guard bytes.count - position - 1 >= extra else {
            throw .truncated("a varint", needed: extra + 1, available: bytes.count - position, at: position)
        }
        var value: UInt64 = 0
        for index in position + 1...position + extra { value = value << 8 | UInt64(bytes[index]) }
        position += extra + 1
        return value
    }
}

extension [UInt8] {
    mutating func appendBigEndian(_ value: some FixedWidthInteger & UnsignedInteger) {
        for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}
