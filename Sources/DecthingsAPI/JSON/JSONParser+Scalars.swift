extension JSONParser {
    mutating func parseNumber() throws(WireError) -> JSONValue {
        let start = position
        if peek == UInt8(ascii: "-") { position += 1 }
        if leniency.contains(.nonFiniteNumbers), peek == UInt8(ascii: "I") {
            guard bytes[position...].starts(with: "Infinity".utf8) else { throw malformed("an unknown word") }
            position += 8
            return .number(-.infinity)
        }
        let leadingZero = peek == UInt8(ascii: "0")
        let integerDigits = skipDigits()
        guard integerDigits > 0 else { throw malformed("a digit must follow the minus sign") }
        guard !leadingZero || integerDigits == 1 else { throw malformed("a number has a leading zero") }
        var isInteger = true
        if peek == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            guard skipDigits() > 0 else { throw malformed("a digit must follow the decimal point") }
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            isInteger = false
            position += 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { position += 1 }
            guard skipDigits() > 0 else { throw malformed("a digit must follow the exponent sign") }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let value = Int64(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else { throw malformed("a number is too large for 64 bits") }
        return .number(value)
    }

    private mutating func skipDigits() -> Int {
        let start = position
        while let byte = peek, (0x30...0x39).contains(byte) { position += 1 }
        return position - start
    }

    /// Parses the string whose opening quote is at `position`.
    mutating func parseString() throws(WireError) -> String {
        position += 1
        let start = position
        while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
        if peek == UInt8(ascii: "\"") {
            defer { position += 1 }
            return try text(of: bytes[start..<position])
        }
        var unescaped = Array(bytes[start..<position])
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return try text(of: unescaped[...])
            case UInt8(ascii: "\\"): try appendEscape(to: &unescaped)
            case 0..<0x20: throw malformed("a control character stands unescaped in a string")
            default:
                unescaped.append(byte)
                position += 1
            }
        }
        throw malformed("the text ends inside a string")
    }

    private func text(of slice: ArraySlice<UInt8>) throws(WireError) -> String {
        guard let text = String(validating: slice, as: UTF8.self) else { throw malformed("a string is not UTF-8") }
        return text
    }

    private mutating func appendEscape(to out: inout [UInt8]) throws(WireError) {
        position += 1
        guard let kind = peek else { throw malformed("the text ends inside an escape") }
        position += 1
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(kind)
        case UInt8(ascii: "b"): out.append(0x08)
        case UInt8(ascii: "f"): out.append(0x0c)
        case UInt8(ascii: "n"): out.append(0x0a)
        case UInt8(ascii: "r"): out.append(0x0d)
        case UInt8(ascii: "t"): out.append(0x09)
        case UInt8(ascii: "u"): out.append(contentsOf: String(Character(try unicodeEscape())).utf8)
        default: throw malformed("an unknown escape in a string")
        }
    }

    private mutating func unicodeEscape() throws(WireError) -> Unicode.Scalar {
        let high = try fourHexDigits()
        if let scalar = Unicode.Scalar(high) { return scalar }
        let afterHigh = position
        if (0xd800..<0xdc00).contains(high), peek == UInt8(ascii: "\\"),
            position + 1 < bytes.endIndex, bytes[position + 1] == UInt8(ascii: "u")
        {
            position += 2
            let low = try fourHexDigits()
            if (0xdc00..<0xe000).contains(low),
                let scalar = Unicode.Scalar(0x10000 + (high - 0xd800) << 10 + (low - 0xdc00))
            {
                return scalar
            }
        }
        guard leniency.contains(.loneSurrogates) else { throw malformed("half of a surrogate pair in a string") }
        position = afterHigh
        return "\u{fffd}"
    }

    private mutating func fourHexDigits() throws(WireError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw malformed("four hexadecimal digits must follow \\u")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}
