/// A refusal as it travels in the envelope: a code and the fields that belong to that code.
public struct APIError: Error, Sendable, Hashable, Codable, CustomStringConvertible {
    public var code: APIErrorCode
    /// With `invalidParameter`: the top-level request field at fault.
    public var parameterName: String?
    /// With `invalidParameter`: a sentence for the caller.
    public var reason: String?
    /// With `datasetNotFound` and `datasetKeyNotFound`.
    public var datasetId: String?
    /// With `datasetKeyNotFound`.
    public var datasetKey: String?
    /// With `incorrectVersionID`: the current version.
    public var datasetVersionId: String?

    /// An error without further fields. The codes that have fields have factories below.
    public init(_ code: APIErrorCode) { self.code = code }

    public static func invalidParameter(_ name: String, _ reason: String) -> APIError {
        var error = APIError(.invalidParameter)
        error.parameterName = name
        error.reason = reason
        return error
    }

    public static func datasetNotFound(_ datasetId: String) -> APIError {
        var error = APIError(.datasetNotFound)
        error.datasetId = datasetId
        return error
    }

    public static func datasetKeyNotFound(_ datasetId: String, key: String) -> APIError {
        var error = APIError(.datasetKeyNotFound)
        error.datasetId = datasetId
        error.datasetKey = key
        return error
    }

    public static func incorrectVersionID(current: String) -> APIError {
        var error = APIError(.incorrectVersionID)
        error.datasetVersionId = current
        return error
    }

    /// What an unknown API or method is answered.
    public static func unsupported(api: String, method: String) -> APIError {
        invalidParameter("method", "\(api)/\(method) is not supported by this server")
    }

    /// A malformed field as the caller sees it: `invalid_parameter` with the top-level field, `params` when unknown.
    public init(_ error: WireError) {
        self = .invalidParameter(error.topLevelField ?? "params", error.message)
    }

    public var description: String {
        let details = [parameterName, reason, datasetId, datasetKey, datasetVersionId].compactMap(\.self)
        return details.isEmpty ? code.rawValue : "\(code.rawValue): \(details.joined(separator: ", "))"
    }

    var jsonValue: JSONValue {
        let fields: [(String, String?)] = [
            ("code", code.rawValue), ("parameterName", parameterName), ("reason", reason), ("datasetId", datasetId),
            ("datasetKey", datasetKey), ("datasetVersionId", datasetVersionId),
        ]
        return .object(
            fields.reduce(into: [:]) { members, field in field.1.map { members[field.0] = .string($0) } })
    }
}
