extension JSONValue {
    /// What `parse` accepts beyond RFC 8259.
    public struct Leniency: OptionSet, Sendable {
        public let rawValue: Int
        public init(rawValue: Int) { self.rawValue = rawValue }

        /// RFC 8259 and nothing else.
        public static let strict: Leniency = []
        /// The tokens `NaN`, `Infinity` and `-Infinity`, which the Python runtime emits.
        public static let nonFiniteNumbers = Leniency(rawValue: 1)
        /// Escapes of half a surrogate pair, which Python writes for bytes that were no text; each becomes U+FFFD.
        public static let loneSurrogates = Leniency(rawValue: 2)
    }

    /// Deepest nesting of arrays and objects that is parsed.
    public static let depthMax = 128

    /// Parses one JSON text, which must fill `bytes` but for white space.
    ///
    /// - Throws: `.malformedJSON` with the byte offset.
    /// - Complexity: O(bytes); nesting is bounded by `depthMax`, so hostile text cannot exhaust the stack.
    public static func parse(
        _ bytes: ArraySlice<UInt8>, leniency: Leniency = .strict
    ) throws(WireError) -> JSONValue {
        var parser = JSONParser(bytes: bytes, leniency: leniency)
        return try parser.parseDocument()
    }

    public static func parse(_ bytes: [UInt8], leniency: Leniency = .strict) throws(WireError) -> JSONValue {
        try parse(bytes[...], leniency: leniency)
    }
}

/// Recursive descent over UTF-8 bytes; every access is bounds-checked by `peek`.
struct JSONParser {
    let bytes: ArraySlice<UInt8>
    let leniency: JSONValue.Leniency
    var position: Int
    private var depth = 0

    init(bytes: ArraySlice<UInt8>, leniency: JSONValue.Leniency) {
        self.bytes = bytes
        self.leniency = leniency
        position = bytes.startIndex
    }

    mutating func parseDocument() throws(WireError) -> JSONValue {
        let value = try parseValue()
        skipSpace()
        guard position == bytes.endIndex else { throw malformed("text follows the JSON value") }
        return value
    }

    func malformed(_ problem: String) -> WireError {
        WireError(.malformedJSON, "JSON is malformed: \(problem)", byteOffset: position - bytes.startIndex)
    }

    var peek: UInt8? { position < bytes.endIndex ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
    }

    private mutating func parseValue() throws(WireError) -> JSONValue {
        skipSpace()
        guard let first = peek else { throw malformed("the text ends where a value belongs") }
        switch first {
        case UInt8(ascii: "{"): return try nested { (parser) throws(WireError) in try parser.parseObject() }
        case UInt8(ascii: "["): return try nested { (parser) throws(WireError) in try parser.parseArray() }
        case UInt8(ascii: "\""): return .string(try parseString())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "N") where leniency.contains(.nonFiniteNumbers): return try literal("NaN", .number(.nan))
        case UInt8(ascii: "I") where leniency.contains(.nonFiniteNumbers): return try literal("Infinity", .number(.infinity))
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try parseNumber()
        default: throw malformed("no value begins with this byte")
        }
    }

    private mutating func nested(
        _ body: (inout JSONParser) throws(WireError) -> JSONValue
    ) throws(WireError) -> JSONValue {
        guard depth < JSONValue.depthMax else {
            throw malformed("nesting is deeper than \(JSONValue.depthMax); flatten the value")
        }
        depth += 1
        position += 1
        let value = try body(&self)
        depth -= 1
        return value
    }

    private mutating func literal(_ text: StaticString, _ value: JSONValue) throws(WireError) -> JSONValue {
        let count = text.utf8CodeUnitCount
        guard bytes.endIndex - position >= count,
            text.withUTF8Buffer({ $0.elementsEqual(bytes[position..<position + count]) })
        else { throw malformed("an unknown word") }
        position += count
        return value
    }

    private mutating func parseArray() throws(WireError) -> JSONValue {
        var elements: [JSONValue] = []
        skipSpace()
        if peek == UInt8(ascii: "]") {
            position += 1
            return .array(elements)
        }
        while true {
            elements.append(try parseValue())
            if try endsAfterSeparator(UInt8(ascii: "]")) { return .array(elements) }
        }
    }

    private mutating func parseObject() throws(WireError) -> JSONValue {
        var members: [String: JSONValue] = [:]
        skipSpace()
        if peek == UInt8(ascii: "}") {
            position += 1
            return .object(members)
        }
        while true {
            skipSpace()
            guard peek == UInt8(ascii: "\"") else { throw malformed("an object key must be a string") }
            let key = try parseString()
            skipSpace()
            guard peek == UInt8(ascii: ":") else { throw malformed("a colon must follow an object key") }
            position += 1
            members[key] = try parseValue()
            if try endsAfterSeparator(UInt8(ascii: "}")) { return .object(members) }
        }
    }

    private mutating func endsAfterSeparator(_ close: UInt8) throws(WireError) -> Bool {
        skipSpace()
        guard let byte = peek, byte == UInt8(ascii: ",") || byte == close else {
            throw malformed("a comma or the closing bracket is missing")
        }
        position += 1
        return byte == close
    }
}
