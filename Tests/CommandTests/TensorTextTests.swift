import ArgumentParser
import DecthingsAPI
import Testing

@testable import StrataCommand

@Suite struct TensorTextTests {
    @Test func aScalarsTypeIsGuessed() throws {
        let text = TensorText()
        #expect(try text.scalar("7") == .scalar(Int64(7)))
        #expect(try text.scalar("-1.5") == .scalar(Float(-1.5)))
        #expect(try text.scalar("1e-3") == .scalar(Float(0.001)))
        #expect(try text.scalar("true") == .scalar(true))
        #expect(try text.scalar("hello") == .scalar("hello"))
        #expect(try text.scalar("\"7\"") == .scalar("7"))
        #expect(try text.scalar("") == .scalar(""))
        #expect(try text.scalar("nan") == .scalar("nan"))
        #expect(try text.scalar("9223372036854775808") == .scalar(Float(9223372036854775808)))
    }

    @Test func aDeclaredTypeWins() throws {
        #expect(try TensorText(allowedTypes: ["i32"]).scalar("7") == .scalar(Int32(7)))
        #expect(try TensorText(allowedTypes: ["f64", "f32"]).scalar("7") == .scalar(Double(7)))
        #expect(try TensorText(allowedTypes: ["f32", "f64"]).scalar("0.5") == .scalar(Float(0.5)))
        #expect(try TensorText(allowedTypes: ["string"]).scalar("7") == .scalar("7"))
        #expect(throws: TensorText.Mistake.self) { try TensorText(allowedTypes: ["i64"]).scalar("7.5") }
        #expect(throws: TensorText.Mistake.self) { try TensorText(allowedTypes: ["u8"]).scalar("256") }
        #expect(throws: TensorText.Mistake.self) { try TensorText(allowedTypes: ["f32"]).scalar("nan") }
    }

    @Test func typesAndShapesAreRead() throws {
        func tensor(_ spec: String, _ text: String) throws -> Tensor { try TensorText.tensor(text, TensorText.typeSpec(spec)) }
        #expect(try tensor("i64[3]", "1,2,3") == Tensor([Int64(1), 2, 3]))
        #expect(try tensor("u8[2,-1]", "1,2,3,4") == Tensor([UInt8(1), 2, 3, 4], shape: [2, 2]))
        #expect(try tensor("f32[-1]", "") == Tensor([Float]()))
        #expect(try tensor("string", "a,b") == .scalar("a,b"))
        #expect(try tensor("string[2]", "a,b") == .strings(["a", "b"]))
        #expect(try tensor("boolean[]", "false") == .scalar(false))
        #expect(try tensor("binary", "AQI=") == .binary([[1, 2]], shape: []))
        for (spec, text) in [("i64[2]", "1"), ("i64[-1,-1]", "1"), ("i99", "1"), ("i64[2", "1,2"), ("u8", "-1"), ("image", "x"), ("i64[-1,0]", "1")] {
            #expect(throws: TensorText.Mistake.self, "\(spec)=\(text)") { try tensor(spec, text) }
        }
    }

    @Test func parametersAreToldApart() throws {
        guard case .scalar("a=b") = try ParameterArgument(parsing: "x=a=b").content else { throw TensorText.Mistake("x") }
        guard case .file("f") = try ParameterArgument(parsing: "x=@f").content else { throw TensorText.Mistake("x") }
        guard case .dataset("d", "k/e") = try ParameterArgument(parsing: "x=dataset:d/k/e").content else { throw TensorText.Mistake("x") }
        let typed = try ParameterArgument(parsing: "a:b:string=@f")
        #expect(typed.name == "a:b")
        guard case .typed(.scalar("@f")) = typed.content else { throw TensorText.Mistake("x") }
        for wrong in ["x", "=1", ":i64=1", "x=dataset:d", "x=@", "x:nope=1"] {
            #expect(throws: ValidationError.self, "\(wrong)") { try ParameterArgument(parsing: wrong) }
        }
    }

    @Test func nestedJSONBecomesATensor() throws {
        let value = try JSONValue.parse(Array("[[1, 2.5], [3, 4]]".utf8))
        #expect(try TensorJSON.tensor(value, allowedTypes: []) == Tensor([Float(1), 2.5, 3, 4], shape: [2, 2]))
        #expect(throws: TensorText.Mistake.self) { try TensorJSON.tensor([[1], [1, 2]], allowedTypes: []) }
        #expect(throws: TensorText.Mistake.self) { try TensorJSON.tensor([1, "a"], allowedTypes: []) }
    }
}

/// So that a tensor can stand in a pattern.
private func ~= (pattern: Tensor, value: Tensor) -> Bool { pattern == value }
