import DecthingsAPI
import Testing

@Suite struct JSONTests {
    private func parse(_ text: String, _ leniency: JSONValue.Leniency = .strict) throws -> JSONValue {
        try JSONValue.parse(Array(text.utf8), leniency: leniency)
    }

    @Test func numbersKeepTheirKind() throws {
        #expect(try parse("5") == .integer(5))
        #expect(try parse("5.0") == .number(5))
        #expect(try parse("-9223372036854775808") == .integer(.min))
        #expect(try parse("18446744073709551615") == .number(0x1p64))
        #expect(try parse("1e3").integerValue == 1000)
        #expect(JSONValue.number(5).serialized() == Array("5".utf8))
        #expect(JSONValue.number(0.5).serialized() == Array("0.5".utf8))
        #expect(JSONValue.number(.nan).serialized() == Array("null".utf8))
    }

    @Test func textSurvivesEscaping() throws {
        #expect(try parse(#""h\u00e9 \ud83d\ude00 \"\\\/\b\f\n\r\t""#) == .string("hé 😀 \"\\/\u{8}\u{c}\n\r\t"))
        let text = "\u{0}\u{1f}\"\\/é😀\n\u{7f}"
        #expect(try JSONValue.parse(JSONValue.string(text).serialized()) == .string(text))
    }

    @Test(arguments: [
        "", " ", "{", "[1,]", "[1 2]", "{\"a\" 1}", "{a:1}", "{\"a\":1,}", "01", "-", "1.", "1e", "+1", "nul", "truex",
        "\"", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\n\"", "NaN", "Infinity", "1e999", "1 1",
    ])
    func malformedTextIsRefused(text: String) {
        let error = wireError { () throws(WireError) in try JSONValue.parse(Array(text.utf8)) }
        #expect(error?.code == .malformedJSON)
    }

    @Test func textThatIsNotUTF8IsRefused() {
        #expect(throws: WireError.self) { try JSONValue.parse([0x22, 0xff, 0x22]) }
    }

    @Test func nestingHasABound() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(throws: Never.self) { try parse(nested(JSONValue.depthMax)) }
        #expect(throws: WireError.self) { try parse(nested(JSONValue.depthMax + 1)) }
        #expect(throws: WireError.self) { try parse(String(repeating: "[", count: 1_000_000)) }
    }

    @Test func theTolerantParserReadsPythonsTokens() throws {
        #expect(try parse("[Infinity, -Infinity]", .nonFiniteNumbers) == [.number(.infinity), .number(-.infinity)])
        #expect(try parse("NaN", .nonFiniteNumbers).doubleValue?.isNaN == true)
        #expect(throws: WireError.self) { try parse("-Infinit", .nonFiniteNumbers) }
    }

    @Test func everyPrefixOfATextIsRefused() throws {
        let text = Array(#"{"a":[1,-2.5e-3,true,null,"x\u00e9"],"b":{}}"#.utf8)
        let value = try JSONValue.parse(text)
        #expect(try JSONValue.parse(value.serialized()) == value)
        for count in 0..<text.count {
            #expect(throws: WireError.self, "cut to \(count)") { try JSONValue.parse(text[..<count]) }
        }
    }

    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func randomValuesSurvive(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let value = Self.random(&generator, depth: 4)
        #expect(try JSONValue.parse(value.serialized()) == value, "seed \(seed)")
        #expect(try JSONValue(encoding: value) == value, "seed \(seed)")
    }

    private static func random(_ generator: inout SeededGenerator, depth: Int) -> JSONValue {
        switch Int.random(in: 0...(depth > 0 ? 6 : 4), using: &generator) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &generator))
        case 2: return .integer(Int64(bitPattern: generator.next()))
        case 3: return .number(Double.random(in: -1...1, using: &generator))
        case 4: return .string(String(decoding: generator.bytes(Int.random(in: 0...8, using: &generator)), as: UTF8.self))
        case 5: return .array((0..<3).map { _ in random(&generator, depth: depth - 1) })
        default:
            return .object(["a": random(&generator, depth: depth - 1), "é\"": random(&generator, depth: depth - 1)])
        }
    }
}
