import DecthingsAPI
import Strata

extension APIService {
    /// As `model(_:for:needing:)`, for methods that cannot say `access_denied`.
    ///
    /// - Parameter code: what is thrown instead of it.
    func model(_ id: String, for call: Call, needing right: Right, else code: APIErrorCode) async throws -> Strata.Model {
        do {
            return try await model(id, for: call, needing: right)
        } catch let error as APIError where error.code == .accessDenied {
            throw APIError(code)
        }
    }
}
