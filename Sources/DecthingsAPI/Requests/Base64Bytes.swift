/// Bytes that travel as base64 in JSON (RFC 4648 section 4: standard alphabet, padded, no white space).
public struct Base64Bytes: Sendable, Hashable, Codable {
    public var bytes: [UInt8]

    public init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let bytes = Self.decode(text) else { throw decoder.invalid("must be base64 with padding") }
        self.bytes = bytes
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The bytes as base64.
    public var text: String {
        var out: [UInt8] = []
        out.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let word = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << (8 * (3 - group.count))
            for index in 0..<4 {
                let digit = Int(word >> (18 - 6 * index) & 63)
                out.append(index <= group.count ? Self.alphabet[digit] : UInt8(ascii: "="))
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Nil when `text` is not base64. Stray bits behind the last byte are refused: each text has one value.
    public static func decode(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count % 4 == 0 else { return nil }
        let padding = digits.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
        var out: [UInt8] = []
        out.reserveCapacity(digits.count / 4 * 3)
        var word: UInt32 = 0
        var bitCount = 0
        for digit in digits.dropLast(padding) {
            guard let value = value(of: digit) else { return nil }
            word = word << 6 | value
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                out.append(UInt8(truncatingIfNeeded: word >> bitCount))
                word &= (1 << bitCount) - 1
            }
        }
        return word == 0 ? out : nil
    }

    private static func value(of digit: UInt8) -> UInt32? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a") + 26)
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0") + 52)
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}

/// The name of a directory entry: 1 to 255 bytes without `/` and NUL, neither `.` nor `..`; base64 in JSON.
public struct FSName: Sendable, Hashable, Codable {
    public let bytes: [UInt8]

    /// - Throws: `.invalidValue`.
    public init(_ bytes: some Sequence<UInt8>) throws(WireError) {
        let bytes = Array(bytes)
        if let problem = Self.problem(bytes) { throw WireError(.invalidValue, "a file name \(problem)") }
        self.bytes = bytes
    }

    public init(from decoder: any Decoder) throws {
        bytes = try Base64Bytes(from: decoder).bytes
        if let problem = Self.problem(bytes) { throw decoder.invalid(problem) }
    }

    public func encode(to encoder: any Encoder) throws { try Base64Bytes(bytes).encode(to: encoder) }

    private static func problem(_ bytes: [UInt8]) -> String? {
        if bytes.isEmpty || bytes.count > 255 { return "has \(bytes.count) bytes; it must have 1 to 255" }
        if bytes.contains(0) || bytes.contains(UInt8(ascii: "/")) { return "contains a slash or NUL; remove it" }
        if bytes == [0x2e] || bytes == [0x2e, 0x2e] { return "is . or ..; name the entry itself" }
        return nil
    }
}
