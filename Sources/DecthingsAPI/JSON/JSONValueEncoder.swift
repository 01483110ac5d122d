extension JSONValue {
    /// Encodes a value of this module's (or any) `Encodable` type. Absent optionals are left out.
    ///
    /// - Throws: only what the type's own `encode(to:)` throws; the wire types of this module throw nothing.
    public init(encoding value: some Encodable) throws {
        self = try JSONNode.box(value, codingPath: []).resolved()
    }
}

extension JSONValue: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let own = container as? JSONValueDecoder {
            self = own.value
        } else if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}

/// A value under construction. A class because `Codable` hands out nested containers that write into their parent.
private final class JSONNode {
    var scalar: JSONValue = .null
    var members: [String: JSONNode]?
    var elements: [JSONNode]?

    init(_ scalar: JSONValue = .null) { self.scalar = scalar }

    func resolved() -> JSONValue {
        if let members { return .object(members.mapValues { $0.resolved() }) }
        if let elements { return .array(elements.map { $0.resolved() }) }
        return scalar
    }

    static func box(_ value: some Encodable, codingPath: [any CodingKey]) throws -> JSONNode {
        switch value {
        case let json as JSONValue: return JSONNode(json)
        case let text as String: return JSONNode(.string(text))
        case let flag as Bool: return JSONNode(.bool(flag))
        case let number as Double: return JSONNode(.number(number))
        case let number as Float: return JSONNode(.number(Double(number)))
        case let integer as any FixedWidthInteger:
            return JSONNode(Int64(exactly: integer).map(JSONValue.integer) ?? .number(Double(integer)))
        default:
            let node = JSONNode()
            try value.encode(to: JSONNodeEncoder(node: node, codingPath: codingPath))
            return node
        }
    }
}

private struct JSONNodeEncoder: Encoder, SingleValueEncodingContainer {
    let node: JSONNode
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        if node.members == nil { node.members = [:] }
        return KeyedEncodingContainer(JSONObjectEncoding<Key>(node: node, codingPath: codingPath))
    }
    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        if node.elements == nil { node.elements = [] }
        return JSONArrayEncoding(node: node, codingPath: codingPath)
    }
    func singleValueContainer() -> any SingleValueEncodingContainer { self }

    func encodeNil() throws { node.scalar = .null }
    func encode<T: Encodable>(_ value: T) throws {
        let boxed = try JSONNode.box(value, codingPath: codingPath)
        (node.scalar, node.members, node.elements) = (boxed.scalar, boxed.members, boxed.elements)
    }
}

private struct JSONObjectEncoding<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let node: JSONNode
    let codingPath: [any CodingKey]

    func encodeNil(forKey key: Key) throws { child(key).scalar = .null }
    func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
        let child = try JSONNode.box(value, codingPath: codingPath + [key])
        node.members?[key.stringValue] = child
    }
    func nestedContainer<NestedKey: CodingKey>(
        keyedBy keyType: NestedKey.Type, forKey key: Key
    ) -> KeyedEncodingContainer<NestedKey> { encoder(key).container(keyedBy: keyType) }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { encoder(key).unkeyedContainer() }
    func superEncoder() -> any Encoder { encoder(JSONKey("super")) }
    func superEncoder(forKey key: Key) -> any Encoder { encoder(key) }

    private func child(_ key: some CodingKey) -> JSONNode {
        let child = JSONNode()
        node.members?[key.stringValue] = child
        return child
    }
    private func encoder(_ key: some CodingKey) -> JSONNodeEncoder {
        JSONNodeEncoder(node: child(key), codingPath: codingPath + [key])
    }
}

private struct JSONArrayEncoding: UnkeyedEncodingContainer {
    let node: JSONNode
    let codingPath: [any CodingKey]
    var count: Int { node.elements?.count ?? 0 }

    func encodeNil() throws { node.elements?.append(JSONNode()) }
    func encode<T: Encodable>(_ value: T) throws {
        let child = try JSONNode.box(value, codingPath: codingPath + [JSONKey(index: count)])
        node.elements?.append(child)
    }
    func nestedContainer<NestedKey: CodingKey>(
        keyedBy keyType: NestedKey.Type
    ) -> KeyedEncodingContainer<NestedKey> { encoder().container(keyedBy: keyType) }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { encoder().unkeyedContainer() }
    func superEncoder() -> any Encoder { encoder() }

    private func encoder() -> JSONNodeEncoder {
        let path = codingPath + [JSONKey(index: count)]
        let child = JSONNode()
        node.elements?.append(child)
        return JSONNodeEncoder(node: child, codingPath: path)
    }
}
