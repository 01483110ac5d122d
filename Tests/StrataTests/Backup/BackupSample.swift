import Foundation
import StrataTesting
import Testing

@testable import Strata

/// Expects that the store or backup at `path` holds exactly this, and that every byte of it is sound.
func expectContents(
    _ contents: StoreContents, at path: String, _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    try await withStore(at: path, .readOnly) { store async throws in
        let found = try await StoreContents(of: store)
        #expect(found == contents, comment, sourceLocation: sourceLocation)
        let report = try await store.verify()
        #expect(report.isSound, "\(report.damages) \(comment.map { "\($0)" } ?? "")", sourceLocation: sourceLocation)
    }
}

extension StateStore {
    /// Changes something everywhere: a state comes, one goes, files change.
    func change(_ sample: FaultSample, seed: UInt64) async throws {
        try await commit(
            [("w", SeededBytes.trained(FaultSample.weights, seed: seed)), ("k", [UInt8(seed)])], to: sample.model, named: "changed \(seed)",
            options: StateOptions(base: sample.large))
        try await commit([("r", SeededBytes.random(90_000, seed: seed))], to: sample.model, named: "random \(seed)")
        try await changeFiles(of: sample.model) { try await $0.put("more\(seed).bin", SeededBytes.random(70_000, seed: seed)) }
    }
}
