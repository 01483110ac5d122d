import Foundation
import Strata
import StrataTesting
import Testing

/// What a sweep does to a store, over and over. A further operation is one more line in `all`.
struct FaultOperation: Sendable, CustomTestStringConvertible {
    let name: String
    /// Opens a store that is not there yet, instead of changing the sample.
    var makesStore = false
    let run: @Sendable (StateStore, FaultSample) async throws -> Void

    var testDescription: String { name }

    static let all: [FaultOperation] = [
        FaultOperation(name: "open a new store", makesStore: true) { (_: StateStore, _: FaultSample) in },
        FaultOperation(name: "commit a small state") { try await $0.commit([("k", [7])], to: $1.model, named: "added") },
        FaultOperation(name: "commit on a base", run: commitOnBase),
        FaultOperation(name: "commit and replace", run: commitAndReplace),
        FaultOperation(name: "create a snapshot") { try await $0.createSnapshot(of: $1.model, named: "added") },
        FaultOperation(name: "delete a snapshot") { try await $0.deleteSnapshot($1.snapshot, of: $1.model) },
        FaultOperation(name: "create a model") { store, _ in _ = try await store.createModel(named: "added") },
        FaultOperation(name: "delete a model") { try await $0.deleteModel($1.model) },
        FaultOperation(name: "delete a state") { try await $0.deleteState($1.small, of: $1.model) },
        FaultOperation(name: "change files", run: changeFiles),
        FaultOperation(name: "append to a dataset", run: appendToDataset),
        FaultOperation(name: "delete a dataset") { try await $0.deleteDataset($1.dataset) },
        FaultOperation(name: "close") { store, _ in try await store.close() },
    ]

    @Sendable private static func commitOnBase(_ store: StateStore, _ sample: FaultSample) async throws {
        try await store.commit(
            [("w", SeededBytes.trained(FaultSample.weights, seed: 2)), ("k", [8])], to: sample.model, named: "added",
            options: StateOptions(base: sample.large))
    }

    @Sendable private static func commitAndReplace(_ store: StateStore, _ sample: FaultSample) async throws {
        try await store.commit(
            [("w", SeededBytes.random(50_000, seed: 3))], to: sample.model, named: "added",
            options: StateOptions(makeActive: true, deleteStates: [sample.small]))
    }

    @Sendable private static func changeFiles(_ store: StateStore, _ sample: FaultSample) async throws {
        try await store.changeFiles(of: sample.model) { files in
            try await files.put("large.bin", SeededBytes.random(60_000, seed: 4))
            try await files.put("small.txt", [1, 2, 3])
        }
    }

    @Sendable private static func appendToDataset(_ store: StateStore, _ sample: FaultSample) async throws {
        try await store.appendEntries(
            [["x": Item(elementType: "u8", shape: [50_000], bytes: SeededBytes.random(50_000, seed: 5))]], to: sample.dataset)
    }
}
