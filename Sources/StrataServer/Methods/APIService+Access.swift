import DecthingsAPI
import Strata

extension APIService {
    /// Names the parameter of the request that `body` was given: the store names the field in it.
    func naming<T>(_ parameter: String, _ body: () async throws -> T) async throws -> T {
        do {
            return try await body()
        } catch let error as StrataError where error.code == .invalidParameter {
            throw APIError.invalidParameter(parameter, error.message)
        }
    }

    /// The model that a call names, if the caller may do with it what `right` says.
    ///
    /// - Throws: `model_not_found` also when the caller may not even see it, `access_denied` when it may only read.
    func model(_ id: String, for call: Call, needing right: Right = .read) async throws -> Strata.Model {
        guard let modelID = ModelID(rawValue: id) else { throw APIError(.modelNotFound) }
        let model = try await store.model(modelID)
        guard let granted = call.caller.right(to: id, isPublic: model.isPublic) else { throw APIError(.modelNotFound) }
        guard granted >= right else { throw APIError(.accessDenied) }
        return model
    }

    /// The dataset that a call names; as `model(_:for:needing:)`.
    func dataset(_ id: String, for call: Call, needing right: Right = .read) async throws -> Strata.Dataset {
        guard let datasetID = DatasetID(rawValue: id) else { throw APIError.datasetNotFound(id) }
        let dataset = try await store.dataset(datasetID)
        guard let granted = call.caller.right(to: id, isPublic: dataset.isPublic) else { throw APIError.datasetNotFound(id) }
        guard granted >= right else { throw APIError(.accessDenied) }
        return dataset
    }
}
