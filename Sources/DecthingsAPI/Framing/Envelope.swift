/// The JSON of every answer: exactly one of `result` and `error`.
///
/// Clients test for the presence of `error`, even when null, and the Rust client refuses a second key.
public enum Envelope: Sendable, Hashable {
    /// Always an object, `{}` when there is nothing to say.
    case result(JSONValue)
    case error(APIError)
    /// The text of a whole envelope that was kept from an earlier answer.
    case encoded([UInt8])

    /// - Throws: only what `result` throws while encoding; the result types of this module throw nothing.
    public init(result: some Encodable) throws {
        self = .result(try JSONValue(encoding: result))
    }

    public static let emptyResult = Envelope.result(.object([:]))

    /// Decodes the JSON of a response.
    ///
    /// - Throws: `.malformedJSON`, or `.invalidValue` when there is not exactly one of the two keys.
    public init(decoding json: ArraySlice<UInt8>) throws(WireError) {
        let value = try JSONValue.parse(json)
        guard case .object(let members) = value, members.count == 1, let (key, content) = members.first else {
            throw WireError(.invalidValue, "the envelope must be an object with exactly one of result and error")
        }
        switch key {
        case "result": self = .result(content)
        case "error": self = .error(try content.decode(APIError.self))
        default: throw WireError(.invalidValue, "the envelope must hold result or error, not \(key)", field: key)
        }
    }

    /// The envelope as JSON text.
    public func serialized() -> [UInt8] {
        switch self {
        case .result(let value): JSONValue.object(["result": value]).serialized()
        case .error(let error): JSONValue.object(["error": error.jsonValue]).serialized()
        case .encoded(let text): text
        }
    }
}
