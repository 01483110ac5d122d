extension JSONValue {
    /// Decodes a value of this module's (or any) `Decodable` type.
    ///
    /// - Throws: `.missingField`, `.wrongType` or `.invalidValue`, whose `field` is the path below this value.
    public func decode<T: Decodable>(_ type: T.Type) throws(WireError) -> T {
        do {
            return try JSONValueDecoder(value: self, codingPath: []).unbox(type)
        } catch let error as WireError {
            throw error
        } catch let error as DecodingError {
            throw WireError(decoding: error)
        } catch {
            throw WireError(.invalidValue, "value cannot be decoded: \(error)")
        }
    }
}

extension WireError {
    init(decoding error: DecodingError) {
        let (code, context): (Code, DecodingError.Context) =
            switch error {
            case .keyNotFound(_, let context): (.missingField, context)
            case .valueNotFound(_, let context): (.missingField, context)
            case .typeMismatch(_, let context): (.wrongType, context)
            case .dataCorrupted(let context): (.invalidValue, context)
            @unknown default: (.invalidValue, DecodingError.Context(codingPath: [], debugDescription: "\(error)"))
            }
        let field = context.codingPath.fieldPath
        self.init(code, "\(field) is invalid: \(context.debugDescription)", field: field)
    }
}

extension [any CodingKey] {
    /// `params[1].data.datasetId`; the root is `params`, as that is what a request's JSON is called.
    var fieldPath: String {
        if isEmpty { return "params" }
        return reduce(into: "") { path, key in
            if let index = key.intValue {
                path += "[\(index)]"
            } else {
                path += path.isEmpty ? key.stringValue : ".\(key.stringValue)"
            }
        }
    }
}

extension Decoder {
    /// An error about the value being decoded; the sentence reads "<field> <problem>".
    func invalid(_ problem: String, key: (any CodingKey)? = nil) -> WireError {
        let field = (codingPath + (key.map { [$0] } ?? [])).fieldPath
        return WireError(.invalidValue, "\(field) \(problem)", field: field)
    }
}

struct JSONKey: CodingKey {
    let stringValue: String
    let intValue: Int?
    init(_ text: String) { (stringValue, intValue) = (text, nil) }
    init(index: Int) { (stringValue, intValue) = ("\(index)", index) }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { self.init(index: intValue) }
}

/// `Decoder` over a parsed value; every failure is a `WireError` with the path of the field.
struct JSONValueDecoder: Decoder, SingleValueDecodingContainer {
    let value: JSONValue
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let members) = value else { throw mismatch("an object") }
        return KeyedDecodingContainer(JSONKeyedContainer<Key>(members: members, codingPath: codingPath))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let elements) = value else { throw mismatch("an array") }
        return JSONArrayContainer(elements: elements, codingPath: codingPath)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { self }

    func decodeNil() -> Bool { value == .null }
    func decode<T: Decodable>(_ type: T.Type) throws -> T { try unbox(type) }

    func unbox<T: Decodable>(_ type: T.Type) throws -> T {
        if type == JSONValue.self { return value as! T }
        if type == String.self {
            guard case .string(let text) = value else { throw mismatch("a string") }
            return text as! T
        }
        if type == Bool.self {
            guard case .bool(let flag) = value else { throw mismatch("a boolean") }
            return flag as! T
        }
        if type == Double.self || type == Float.self {
            guard let number = value.doubleValue else { throw mismatch("a number") }
            return (type == Double.self ? number as Any : Float(number) as Any) as! T
        }
        if let integerType = type as? any FixedWidthInteger.Type {
            return try integer(integerType) as! T
        }
        return try T(from: self)
    }

    private func integer<I: FixedWidthInteger>(_ type: I.Type) throws -> I {
        guard value.doubleValue != nil else { throw mismatch("an integer") }
        guard let wide = value.integerValue, let narrow = I(exactly: wide) else {
            let field = codingPath.fieldPath
            throw WireError(
                .invalidValue, "\(field) must be an integer from \(I.min) to \(I.max)", field: field)
        }
        return narrow
    }

    private func mismatch(_ wanted: String) -> WireError {
        let field = codingPath.fieldPath
        if value == .null { return WireError(.missingField, "\(field) must be \(wanted), not null", field: field) }
        return WireError(.wrongType, "\(field) must be \(wanted), not \(value.kindDescription)", field: field)
    }
}

private struct JSONKeyedContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let members: [String: JSONValue]
    let codingPath: [any CodingKey]
    var allKeys: [Key] { members.keys.compactMap(Key.init(stringValue:)) }

    func contains(_ key: Key) -> Bool { members[key.stringValue] != nil }
    func decodeNil(forKey key: Key) throws -> Bool { members[key.stringValue] == .null }
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try decoder(key).unbox(type) }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<NestedKey> { try decoder(key).container(keyedBy: type) }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try decoder(key).unkeyedContainer()
    }
    func superDecoder() throws -> any Decoder { try decoder(JSONKey("super")) }
    func superDecoder(forKey key: Key) throws -> any Decoder { try decoder(key) }

    private func decoder(_ key: some CodingKey) throws -> JSONValueDecoder {
        let path = codingPath + [key]
        guard let value = members[key.stringValue] else {
            let field = path.fieldPath
            throw WireError(.missingField, "\(field) is missing; add it", field: field)
        }
        return JSONValueDecoder(value: value, codingPath: path)
    }
}

private struct JSONArrayContainer: UnkeyedDecodingContainer {
    let elements: [JSONValue]
    let codingPath: [any CodingKey]
    var currentIndex = 0
    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }

    init(elements: [JSONValue], codingPath: [any CodingKey]) {
        self.elements = elements
        self.codingPath = codingPath
    }

    mutating func decodeNil() throws -> Bool {
        guard !isAtEnd, elements[currentIndex] == .null else { return false }
        currentIndex += 1
        return true
    }
    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try advance().unbox(type) }
    mutating func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type
    ) throws -> KeyedDecodingContainer<NestedKey> { try advance().container(keyedBy: type) }
    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try advance().unkeyedContainer()
    }
    mutating func superDecoder() throws -> any Decoder { try advance() }

    private mutating func advance() throws -> JSONValueDecoder {
        let path = codingPath + [JSONKey(index: currentIndex)]
        guard !isAtEnd else {
            throw WireError(.missingField, "\(path.fieldPath) is missing; add it", field: path.fieldPath)
        }
        defer { currentIndex += 1 }
        return JSONValueDecoder(value: elements[currentIndex], codingPath: path)
    }
}
