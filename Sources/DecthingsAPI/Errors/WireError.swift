/// Malformed input: bytes, JSON or a tensor that break the wire format or one of its bounds.
///
/// Every decoder of this module throws this and nothing else. The sentence names the thing, its value, the bound and the
/// remedy; it never quotes element data. A server answers 400 for a broken frame and `invalid_parameter` for a broken
/// field (`APIError.init(_:)`).
public struct WireError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of malformation; grows without breaking callers.
    public struct Code: RawRepresentable, Sendable, Hashable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The input ends inside something that it announced.
        public static let truncated = Code(rawValue: "truncated")
        /// Bytes follow the end of what was to be decoded.
        public static let trailingBytes = Code(rawValue: "trailing_bytes")
        /// A length or count exceeds a configured or fixed bound.
        public static let limitExceeded = Code(rawValue: "limit_exceeded")
        /// The text is not JSON, or not UTF-8, or nested too deeply.
        public static let malformedJSON = Code(rawValue: "malformed_json")
        /// A required field is absent or null.
        public static let missingField = Code(rawValue: "missing_field")
        /// A field has another JSON type than required.
        public static let wrongType = Code(rawValue: "wrong_type")
        /// A field has the right type and a value that is not allowed.
        public static let invalidValue = Code(rawValue: "invalid_value")
        /// A tensor breaks the tensor format.
        public static let malformedTensor = Code(rawValue: "malformed_tensor")
        /// The number of blobs is not the number that the parameters call for.
        public static let blobCountMismatch = Code(rawValue: "blob_count_mismatch")
    }

    public var code: Code
    /// One sentence for people.
    public var message: String
    /// Path of the JSON field, such as `params[1].data.datasetId`.
    public var field: String?
    /// Offset of the offending byte from the start of the decoded input, where bytes are at fault.
    public var byteOffset: Int?

    public init(_ code: Code, _ message: String, field: String? = nil, byteOffset: Int? = nil) {
        self.code = code
        self.message = message
        self.field = field
        self.byteOffset = byteOffset
    }

    public var description: String {
        let place = byteOffset.map { " (at byte \($0))" } ?? ""
        return "\(code.rawValue): \(message)\(place)"
    }
}

extension WireError {
    static func truncated(_ what: String, needed: some BinaryInteger, available: Int, at offset: Int) -> WireError {
        WireError(
            .truncated,
            "\(what) needs \(needed) bytes but \(available) remain; send the whole of it",
            byteOffset: offset)
    }

    static func limit(_ what: String, _ value: some BinaryInteger, max: some BinaryInteger, at offset: Int? = nil) -> WireError {
        WireError(.limitExceeded, "\(what) is \(value), above the bound of \(max); send less at once", byteOffset: offset)
    }

    static func tensor(_ message: String, at offset: Int? = nil) -> WireError {
        WireError(.malformedTensor, message, byteOffset: offset)
    }

    /// The first component of `field`: the request parameter that the error belongs to.
    var topLevelField: String? {
        field.map { String($0.prefix { $0 != "." && $0 != "[" }) }
    }
}
