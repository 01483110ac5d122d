import Catalog
import ContentStore

/// Finds the value whose cuts a new one inherits and from which its chunks differ.
///
/// In order: the state that the caller named; the states that are mounted; the model's active state; its newest states: the
/// first of them that has the same key at the same length. Where none fits, values of other models with that key and
/// length are candidates, of which the one whose bytes lie close is taken: a fine-tune uploaded as a new model finds its origin.
struct BaseSelector: Sendable {
    /// Shorter values lie in the catalog or make one chunk: there is nothing to inherit.
    static let sizeBytesMin: Int64 = 64 << 10

    let catalog: Catalog
    let modelID: ModelID
    let named: StateID?
    /// Keys of what the maker of the value can read.
    let keySets: [[KeyRow]]

    /// Values of other models that are looked at when this one has none that fits.
    static let candidatesMax = 4

    func base(for key: String, sizeBytes: Int64) async throws -> BaseChoice {
        guard sizeBytes >= Self.sizeBytesMin else { return .none }
        if let value = try await value(for: key, sizeBytes: sizeBytes) {
            return try await baseValue(value, sizeBytes: sizeBytes).map(BaseChoice.value) ?? .none
        }
        var candidates: [BaseValue] = []
        for value in try await catalog.values(ofKey: key, sizeBytes: sizeBytes, limit: Self.candidatesMax) {
            if let base = try await baseValue(value, sizeBytes: sizeBytes) { candidates.append(base) }
        }
        return candidates.isEmpty ? .none : .closest(candidates)
    }

    private func baseValue(_ value: ValueID, sizeBytes: Int64) async throws -> BaseValue? {
        let entries = try await catalog.chunkList(value: value, overlapping: 0..<sizeBytes).flatMap(\.entries)
        return entries.isEmpty ? nil : BaseValue(entries: entries)
    }

    private func value(for key: String, sizeBytes: Int64) async throws -> ValueID? {
        if let named, let value = try await catalog.value(ofKey: key, sizeBytes: sizeBytes, inState: named.rawValue) {
            return value
        }
        for keys in keySets {
            if let match = keys.first(where: { $0.key == key && $0.sizeBytes == sizeBytes }) { return match.value }
        }
        return try await catalog.baseCandidate(model: modelID.rawValue, key: key, sizeBytes: sizeBytes)
    }
}
