import Strata
import Testing

/// Expects `body` to be refused with this code, and that the sentence names what it must.
///
/// - Parameters:
///   - field: the parameter that the error must name.
///   - words: pieces that the message must hold: the value, the bound.
@discardableResult
func expectRefusal(
    _ code: StrataError.Code, field: String? = nil, words: [String] = [], sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Void
) async -> StrataError? {
    do {
        try await body()
        Issue.record("nothing was refused; `\(code)` was expected", sourceLocation: sourceLocation)
    } catch let error as StrataError {
        #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
        #expect(error.parameterName == field, "\(error)", sourceLocation: sourceLocation)
        for word in words {
            #expect(error.message.contains(word), "`\(error.message)` lacks `\(word)`", sourceLocation: sourceLocation)
        }
        return error
    } catch {
        Issue.record("\(type(of: error)) was thrown instead of `\(code)`: \(error)", sourceLocation: sourceLocation)
    }
    return nil
}
