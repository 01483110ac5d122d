import DecthingsAPI
import Strata

/// Tensors from JSON values: a scalar, or arrays within arrays.
enum TensorJSON {
    /// - Parameter allowedTypes: the first of them that fits is taken; where it is empty, integers are i64, numbers f32,
    ///   texts string, booleans boolean.
    static func tensor(_ value: JSONValue, allowedTypes: [String]) throws -> Tensor {
        var leaves: [JSONValue] = []
        let shape = try shape(of: value, &leaves)
        let candidates = allowedTypes.isEmpty ? [try guess(leaves)] : allowedTypes.compactMap { ElementType(name: $0) }
        var problem: any Error = TensorText.Mistake("none of the declared types can be written as JSON")
        for type in candidates {
            do {
                return try TensorElements.tensor(try leaves.map { try text($0, type) }, type, shape: shape)
            } catch {
                problem = error
            }
        }
        throw problem
    }

    private static func shape(of value: JSONValue, _ leaves: inout [JSONValue]) throws -> [Int] {
        guard let elements = value.arrayValue else {
            leaves.append(value)
            return []
        }
        let shapes = try elements.map { try shape(of: $0, &leaves) }
        guard shapes.allSatisfy({ $0 == shapes[0] }) else {
            throw TensorText.Mistake("the arrays within the array differ in length")
        }
        return [elements.count] + (shapes.first ?? [])
    }

    private static func guess(_ leaves: [JSONValue]) throws -> ElementType {
        if leaves.allSatisfy({ $0.stringValue != nil }), !leaves.isEmpty { return .string }
        if leaves.allSatisfy(isBoolean), !leaves.isEmpty { return .boolean }
        if leaves.allSatisfy({ if case .integer = $0 { true } else { false } }), !leaves.isEmpty { return .i64 }
        if leaves.allSatisfy({ $0.doubleValue != nil }) { return .f32 }
        throw TensorText.Mistake("the elements are not all numbers, all texts or all booleans")
    }

    private static func isBoolean(_ value: JSONValue) -> Bool {
        if case .bool = value { true } else { false }
    }

    private static func text(_ value: JSONValue, _ type: ElementType) throws -> String {
        switch (value, type) {
        case (.bool(let flag), .boolean): return flag ? "true" : "false"
        case (.string(let text), .string), (.string(let text), .binary): return text
        case (.integer(let number), _) where type != .string && type != .boolean && type != .binary: return String(number)
        case (.number(let number), .f32), (.number(let number), .f64): return number.description
        default: throw TensorText.Mistake("a JSON value is not of type \(type.name)")
        }
    }

    /// A tensor's elements as JSON, flat; nil for binary and media.
    static func values(of tensor: Tensor) -> [JSONValue]? {
        switch tensor.type {
        case .f32: tensor.numbers(as: Float.self)?.map { .number(Double($0)) }
        case .f64: tensor.numbers(as: Double.self)?.map { .number($0) }
        case .i8: tensor.numbers(as: Int8.self)?.map { .integer(Int64($0)) }
        case .i16: tensor.numbers(as: Int16.self)?.map { .integer(Int64($0)) }
        case .i32: tensor.numbers(as: Int32.self)?.map { .integer(Int64($0)) }
        case .i64: tensor.numbers(as: Int64.self)?.map { .integer($0) }
        case .u8: tensor.numbers(as: UInt8.self)?.map { .integer(Int64($0)) }
        case .u16: tensor.numbers(as: UInt16.self)?.map { .integer(Int64($0)) }
        case .u32: tensor.numbers(as: UInt32.self)?.map { .integer(Int64($0)) }
        case .u64: tensor.numbers(as: UInt64.self)?.map { number in
            Int64(exactly: number).map { .integer($0) } ?? .number(Double(number))
        }
        case .boolean: tensor.booleans?.map { .bool($0) }
        case .string: tensor.strings?.map { .string($0) }
        case .binary, .image, .audio, .video: nil
        }
    }
}
