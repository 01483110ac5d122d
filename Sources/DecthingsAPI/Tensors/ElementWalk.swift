/// Walks the elements of a variable-size tensor body by their lengths, in one of the ways that clients write them.
///
/// It never reads at or past `end`; `endedExactly` tells whether the last element ended right there.
struct ElementWalk {
    enum Lengths {
        /// As specified: each length counts bytes.
        case bytes
        /// Each length counts UTF-16 code units of UTF-8 text: the JavaScript client's defect with non-ASCII text.
        case utf16Units
        /// Two lengths before each element, the second the true one: the JavaScript client's defect with audio and video.
        case doubled
    }

    let end: Int
    let lengths: Lengths
    private(set) var position: Int
    private(set) var remainingCount: Int
    /// True while every length read was in its shortest form.
    private(set) var isShortest = true

    init(from start: Int = 0, end: Int, count: Int, lengths: Lengths) {
        position = start
        self.end = end
        self.lengths = lengths
        remainingCount = count
    }

    var endedExactly: Bool { remainingCount == 0 && position == end }

    /// The range of the next element's content, nil after the last one or when it does not fit before `end`.
    mutating func next(_ bytes: borrowing Span<UInt8>) -> Range<Int>? {
        guard remainingCount > 0, var length = nextLength(bytes) else { return nil }
        if lengths == .doubled {
            guard let second = nextLength(bytes) else { return nil }
            length = second
        }
        let start = position
        if lengths == .utf16Units {
            guard skipUTF16Units(length, bytes) else { return nil }
        } else {
            guard length <= UInt64(end - position) else { return nil }
            position += Int(length)
        }
        remainingCount -= 1
        return start..<position
    }

    private mutating func nextLength(_ bytes: borrowing Span<UInt8>) -> UInt64? {
        let start = position
        guard position < end else { return nil }
        guard let length = try? Varint.decode(bytes, at: &position), position <= end else { return nil }
        if position - start != Varint.sizeBytes(of: length) { isShortest = false }
        return length
    }

    private mutating func skipUTF16Units(_ count: UInt64, _ bytes: borrowing Span<UInt8>) -> Bool {
        var left = count
        while left > 0 {
            guard position < end else { return false }
            let size: Int
            switch bytes[position] {
            case 0..<0x80: size = 1
            case 0xc2..<0xe0: size = 2
            case 0xe0..<0xf0: size = 3
            case 0xf0..<0xf5: size = 4
            default: return false
            }
            let units: UInt64 = size == 4 ? 2 : 1
            guard size <= end - position, units <= left else { return false }
            left -= units
            position += size
        }
        return true
    }
}

/// True when `bytes[range]` is valid UTF-8.
func isUTF8(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> Bool {
    (try? UTF8Span(validating: bytes.extracting(range))) != nil
}
