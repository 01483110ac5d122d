import DecthingsAPI
import Strata

extension APIError {
    /// A refusal of the store as the API tells it; `unknown` for what the API has no word for, such as damage.
    ///
    /// The store's codes are the API's own names where the API has one.
    init(_ error: StrataError) {
        switch error.code {
        case .invalidParameter: self = .invalidParameter(error.parameterName ?? "params", error.message)
        case .datasetNotFound: self = .datasetNotFound(error.context["datasetId"] ?? "")
        case .datasetKeyNotFound:
            self = .datasetKeyNotFound(error.context["datasetId"] ?? "", key: error.context["datasetKey"] ?? error.context["key"] ?? "")
        case .incorrectVersionID: self = .incorrectVersionID(current: error.context["datasetVersionId"] ?? "")
        case .noSpace: self = APIError(.quotaExceeded)
        default: self = APIError(APIErrorCode(rawValue: error.code.description) ?? .unknown)
        }
    }
}
