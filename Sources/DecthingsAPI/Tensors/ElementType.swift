/// The 16 element types of a tensor; the raw value is the type byte on the wire.
public enum ElementType: UInt8, Sendable, Hashable, CaseIterable {
    case f32 = 1
    case f64, i8, i16, i32, i64, u8, u16, u32, u64
    case string
    case binary
    case boolean
    case image, audio, video

    /// Name in JSON, such as `f32`.
    public var name: String { "\(self)" }

    public init?(name: String) {
        guard let type = Self.byName[name] else { return nil }
        self = type
    }

    private static let byName = Dictionary(uniqueKeysWithValues: allCases.map { ($0.name, $0) })

    /// Bytes of one element; nil for types whose elements carry their own length.
    public var elementSizeBytes: Int? {
        switch self {
        case .i8, .u8, .boolean: 1
        case .i16, .u16: 2
        case .f32, .i32, .u32: 4
        case .f64, .i64, .u64: 8
        case .string, .binary, .image, .audio, .video: nil
        }
    }

    /// True for `image`, `audio` and `video`, whose elements are a format and data.
    public var isMedia: Bool { self == .image || self == .audio || self == .video }
}

extension ElementType: Codable {
    public init(from decoder: any Decoder) throws {
        let name = try decoder.singleValueContainer().decode(String.self)
        guard let type = ElementType(name: name) else {
            let known = Self.allCases.map(\.name).joined(separator: ", ")
            throw decoder.invalid("must be one of \(known), not \(name.prefix(64))")
        }
        self = type
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }
}
