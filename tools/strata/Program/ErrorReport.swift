import ArgumentParser
import DecthingsAPI
import Foundation
import Strata

/// Tells of an error on standard error: a sentence, or a JSON document.
struct ErrorReport {
    let error: StrataError
    let exit: StrataExit

    init(_ error: StrataError, exit: StrataExit) {
        self.error = error
        self.exit = exit
    }

    /// Anything that a command may throw as the store's own kind of error.
    static func known(_ error: any Error) -> StrataError {
        switch error {
        case let error as StrataError: error
        case let error as ValidationError: StrataError(.invalidParameter, error.message)
        case let error as WireError: StrataError(.invalidParameter, error.message)
        case is CancellationError: StrataError(.cancelled, "cancelled; nothing of what was not complete is left")
        default: StrataError(.io, "unexpected: \(error)")
        }
    }

    func print(isJSON: Bool) {
        if isJSON {
            let document = ErrorDocument(
                error: .init(
                    code: error.code.description, message: error.message, exitCode: exit.rawValue,
                    parameterName: error.parameterName, context: error.context.isEmpty ? nil : error.context))
            StandardError.write(JSONText.encode(document) + "\n")
        } else {
            StandardError.write("strata: \(Text.printable(error.message, keepsLines: true))\n")
        }
    }
}

struct ErrorDocument: JSONDocument {
    struct Body: Encodable {
        let code: String
        let message: String
        let exitCode: Int32
        let parameterName: String?
        let context: [String: String]?
    }

    let error: Body

    static let fields: [JSONField] = [
        .init("error.code", "the store's or the API's name of the error, such as model_not_found"),
        .init("error.message", "a sentence for people"),
        .init("error.exitCode", "the exit code; see `strata exit-codes`"),
        .init("error.parameterName", "which part of the input was wrong, where one was"),
        .init("error.context", "further facts by name, such as modelId, stateId, key, offset"),
    ]
}
