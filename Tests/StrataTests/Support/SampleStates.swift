import Strata
import StrataTesting

extension StateStore {
    /// Commits a state with these keys, in this order.
    @discardableResult
    func commit(
        _ keys: [(String, [UInt8])], to model: ModelID, named name: String = "state", options: StateOptions = StateOptions()
    ) async throws -> State {
        try await commitState(of: model, named: name, options: options) { writer in
            for (key, bytes) in keys { try await writer.write(key, bytes) }
        }
    }

    /// All of a state's values, by key.
    func contents(of state: StateID, of model: ModelID) async throws -> [String: [UInt8]] {
        try await withState(state, of: model) { try await $0.contents() }
    }

    /// All of the active state's values, by key.
    func contents(of model: ModelID) async throws -> [String: [UInt8]] {
        try await withState(of: model) { try await $0.contents() }
    }
}

extension StateReader {
    /// All values, by key.
    func contents() async throws -> [String: [UInt8]] {

        var contents: [String: [UInt8]] = [:]
        for key in keys { contents[key.key] = try await bytes(of: key.key) }
        return contents
    }
}

/// What a body throws that is given up on purpose.
struct GivenUp: Error {}
