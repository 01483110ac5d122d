import DecthingsAPI
import Foundation
import Strata

/// Writes tensors as arguments do: `7`, `f32=1.5`, `i64[3]=1,2,3`, `string=hello`.
struct TensorText {
    /// What stands between the name and the `=`.
    struct TypeSpec: Equatable {
        let type: ElementType
        /// Empty for a scalar; one length may be -1: whatever the number of values makes it.
        let shape: [Int]
    }

    /// A value that cannot be written as its type.
    struct Mistake: Error {
        let message: String
        init(_ message: String) { self.message = message }
    }

    /// Types to prefer for a value that names none, where what is wanted is declared; empty for any.
    var allowedTypes: [String] = []

    /// Reads `f32`, `i64[3]`, `u8[2,-1]`.
    static func typeSpec(_ text: String) throws -> TypeSpec {
        let parts = text.split(separator: "[", maxSplits: 1, omittingEmptySubsequences: false)
        let known = ElementType.allCases.filter { !$0.isMedia }
        guard let type = known.first(where: { $0.name == parts[0] }) else {
            throw Mistake("`\(parts[0])` is no element type; use one of \(known.map(\.name).joined(separator: ", ")), or @FILE for media")
        }
        guard parts.count == 2 else { return TypeSpec(type: type, shape: []) }
        guard parts[1].last == "]" else { throw Mistake("the shape in `\(text)` does not end in `]`") }
        let lengths = parts[1].dropLast().split(separator: ",").map { Int($0) }
        let shape = lengths.compactMap(\.self)
        guard shape.count == lengths.count, shape.count <= 255, shape.allSatisfy({ $0 >= -1 }),
            shape.count(where: { $0 == -1 }) <= 1
        else {
            throw Mistake("the shape in `\(text)` is no list of at most 255 lengths, of which one may be -1")
        }
        return TypeSpec(type: type, shape: shape)
    }

    /// Reads values of a type that is given, separated by commas.
    static func tensor(_ text: String, _ spec: TypeSpec) throws -> Tensor {
        let values: [String]
        if spec.shape.isEmpty {
            values = [text]
        } else {
            values = text.isEmpty ? [] : text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        return try TensorElements.tensor(values, spec.type, shape: try fill(spec.shape, count: values.count))
    }

    /// Puts the length that is missing into a shape.
    private static func fill(_ shape: [Int], count: Int) throws -> [Int] {
        var product = 1
        for length in shape where length != -1 {
            let (value, overflow) = product.multipliedReportingOverflow(by: length)
            guard !overflow else { throw Mistake("the shape \(shape) holds too many elements") }
            product = value
        }
        guard let open = shape.firstIndex(of: -1) else {
            guard product == count else { throw Mistake("the shape \(shape) holds \(product) values; \(count) were given") }
            return shape
        }
        var filled = shape
        filled[open] = product == 0 ? 0 : count / product
        guard filled.reduce(1, *) == count else { throw Mistake("\(count) values do not fill the shape \(shape)") }
        return filled
    }

    /// Reads a scalar that names no type: `true` and `false` are booleans, integers i64, decimals f32, all else a text; a
    /// text that looks like one of these stands in double quotes. A declared type that the guess does not have wins.
    func scalar(_ text: String) throws -> Tensor {
        let (guess, value) = Self.guess(text)
        guard !allowedTypes.isEmpty, !allowedTypes.contains(guess.name) else {
            return try TensorElements.tensor([value], guess, shape: [])
        }
        for name in allowedTypes {
            guard let type = ElementType(name: name), !type.isMedia else { continue }
            if guess == .string, type.elementSizeBytes != nil { continue }
            if let tensor = try? TensorElements.tensor([value], type, shape: []) { return tensor }
        }
        throw Mistake("`\(text)` is none of the declared types \(allowedTypes.joined(separator: ", "))")
    }

    static func guess(_ text: String) -> (type: ElementType, value: String) {
        if text == "true" || text == "false" { return (.boolean, text) }
        if Int64(text) != nil { return (.i64, text) }
        let startsLikeNumber = text.first.map { $0.isASCII && ($0.isNumber || "+-.".contains($0)) } ?? false
        if startsLikeNumber, let number = Double(text), number.isFinite { return (.f32, text) }
        if text.count >= 2, text.hasPrefix("\""), let inner = try? JSONDecoder().decode(String.self, from: Data(text.utf8)) {
            return (.string, inner)
        }
        return (.string, text)
    }
}

/// Texts to elements of one type.
enum TensorElements {
    static func tensor(_ values: [String], _ type: ElementType, shape: [Int]) throws -> Tensor {
        switch type {
        case .f32: Tensor(try values.map { try number($0, Float.self) }, shape: shape)
        case .f64: Tensor(try values.map { try number($0, Double.self) }, shape: shape)
        case .i8: Tensor(try values.map { try number($0, Int8.self) }, shape: shape)
        case .i16: Tensor(try values.map { try number($0, Int16.self) }, shape: shape)
        case .i32: Tensor(try values.map { try number($0, Int32.self) }, shape: shape)
        case .i64: Tensor(try values.map { try number($0, Int64.self) }, shape: shape)
        case .u8: Tensor(try values.map { try number($0, UInt8.self) }, shape: shape)
        case .u16: Tensor(try values.map { try number($0, UInt16.self) }, shape: shape)
        case .u32: Tensor(try values.map { try number($0, UInt32.self) }, shape: shape)
        case .u64: Tensor(try values.map { try number($0, UInt64.self) }, shape: shape)
        case .boolean: Tensor.booleans(try values.map(boolean), shape: shape)
        case .string: Tensor.strings(values, shape: shape)
        case .binary: Tensor.binary(try values.map(binary), shape: shape)
        case .image, .audio, .video: throw TensorText.Mistake("\(type.name) elements cannot be written as text; use @FILE")
        }
    }

    private static func number<N: TensorNumber & LosslessStringConvertible>(_ text: String, _ type: N.Type) throws -> N {
        guard let value = N(text.trimmingCharacters(in: .whitespaces)) else {
            throw TensorText.Mistake("`\(text.prefix(40))` is no value of type \(N.elementType.name)")
        }
        return value
    }

    private static func boolean(_ text: String) throws -> Bool {
        switch text.trimmingCharacters(in: .whitespaces) {
        case "true", "1": true
        case "false", "0": false
        default: throw TensorText.Mistake("`\(text.prefix(40))` is no boolean; use true or false")
        }
    }

    private static func binary(_ text: String) throws -> [UInt8] {
        guard let data = Data(base64Encoded: text) else {
            throw TensorText.Mistake("`\(text.prefix(40))` is no base64, in which binary elements are written")
        }
        return Array(data)
    }
}

extension Item {
    init(_ tensor: Tensor) {
        self.init(elementType: tensor.type.name, shape: tensor.shape, bytes: Array(tensor.bytes))
    }
}
