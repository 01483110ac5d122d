import Foundation
import Strata

/// What the processes have in common.
enum Role {
    /// Runs a role; any error but a clean end is told and ends the process with status 1.
    static func run(_ name: String, _ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch {
            FileHandle.standardError.write(Data("\(name): \(error)\n".utf8))
            exit(1)
        }
    }

    /// Tells the campaign that the store is open: only then does a round's time begin.
    static func tellOpened() { FileHandle.standardOutput.write(Data("open\n".utf8)) }

    static func model(_ text: String) throws -> ModelID {
        guard let model = ModelID(text) else { throw StrataError(.invalidParameter, "`\(text)` is no model's id") }
        return model
    }
}
