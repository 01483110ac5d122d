import Catalog
import ContentStore

extension StrataError {
    static func invalidParameter(_ name: String, _ reason: String) -> StrataError {
        StrataError(.invalidParameter, reason, parameterName: name)
    }

    static func modelNotFound(_ id: ModelID) -> StrataError {
        StrataError(.modelNotFound, "there is no model `\(id)` in this store", context: ["modelId": id.rawValue])
    }

    static func stateNotFound(_ id: StateID, of model: ModelID) -> StrataError {
        StrataError(
            .stateNotFound, "model `\(model)` has no state `\(id)`",
            context: ["modelId": model.rawValue, "stateId": id.rawValue])
    }

    static func stateKeyNotFound(_ key: String, in what: String, keys: [String]) -> StrataError {
        let known = keys.prefix(10).map { "`\($0)`" }.joined(separator: ", ")
        return StrataError(
            .stateKeyNotFound, "\(what) has no key `\(key)`; it has \(keys.isEmpty ? "none" : known)", context: ["key": key])
    }

    static func snapshotNotFound(_ id: SnapshotID, of model: ModelID) -> StrataError {
        StrataError(
            .snapshotNotFound, "model `\(model)` has no snapshot `\(id)`",
            context: ["modelId": model.rawValue, "snapshotId": id.rawValue])
    }

    static func datasetNotFound(_ id: DatasetID) -> StrataError {
        StrataError(.datasetNotFound, "there is no dataset `\(id)` in this store", context: ["datasetId": id.rawValue])
    }

    /// Anything that a lower layer threw, in this layer's words.
    static func wrapping(_ error: any Error) -> StrataError {
        switch error {
        case let error as StrataError: error
        case let error as ContentError: wrapping(error)
        case let error as CatalogError: wrapping(error)
        case is CancellationError: StrataError(.cancelled, "the operation was cancelled; nothing was changed", cause: error)
        default: StrataError(.io, "an unexpected error: \(error)", cause: error)
        }
    }

    static func wrapping(_ error: ContentError) -> StrataError {
        let code: Code =
            switch error.code {
            case .noSpace: .noSpace
            case .corrupted, .notFound: .corrupted
            case .unsupportedVersion: .unsupportedFormat
            default: .io
            }
        var context: [String: String] = [:]
        context["path"] = error.path
        context["chunk"] = error.digest?.hex
        return StrataError(code, error.message, context: context, cause: error)
    }
}

extension StrataError {
    /// The catalog's codes are this layer's codes; only those that this layer has no word for change.
    static func wrapping(_ error: CatalogError) -> StrataError {
        let code: Code = error.code == .locked ? .io : Code(error.code.description)
        return StrataError(code, error.message, context: error.context, cause: error)
    }
}

/// Runs `body` and puts whatever it throws into this layer's words: the one place where errors cross the boundary.
func translating<T>(_ body: () async throws -> T) async throws(StrataError) -> T {
    do {
        return try await body()
    } catch {
        throw .wrapping(error)
    }
}
