import Strata
import StrataTesting
import Testing

/// A value finds what it resembles without help, in its own model and beyond.
@Suite struct BaseSearchTests {
    private static let origin = SeededBytes.weights(900_000, seed: 11)
    private var weights: [UInt8] { Self.origin }

    private func kept(_ store: StateStore) async throws -> Int64 { try await store.statistics().packBytes }

    @Test func aFineTuneUploadedAsANewModelFindsItsOrigin() async throws {
        try await withTemporaryStore { store in
            let origin = try await store.createModel(named: "origin").id
            try await store.commitState(of: origin, named: "v1") { try await $0.write("w", weights) }
            // Strangers of the same key and length, newer than the origin.
            for seed in UInt64(0)..<3 {
                let stranger = try await store.createModel(named: "stranger \(seed)").id
                try await store.commitState(of: stranger, named: "v1") {
                    try await $0.write("w", SeededBytes.weights(weights.count, seed: 100 + seed))
                }
            }
            let before = try await kept(store)
            let tuned = SeededBytes.trained(weights, seed: 12)
            let model = try await store.createModel(named: "tuned").id
            let state = try await store.commitState(of: model, named: "v1") { try await $0.write("w", tuned) }
            let footprint = try await store.footprint(of: state.id, of: model)
            #expect(footprint.codecs.map(\.name) == ["difference"])
            #expect(try await kept(store) - before < Int64(weights.count) / 2)
            #expect(try await store.bytes(of: "w", in: state.id, of: model) == tuned)
        }
    }

    @Test func aStrangerIsCutByContentAndNotDiffered() async throws {
        try await withTemporaryStore { store in
            let origin = try await store.createModel(named: "origin").id
            try await store.commitState(of: origin, named: "v1") { try await $0.write("w", weights) }
            let other = SeededBytes.weights(weights.count, seed: 99)
            let model = try await store.createModel(named: "other").id
            let state = try await store.commitState(of: model, named: "v1") { try await $0.write("w", other) }
            #expect(try await store.footprint(of: state.id, of: model).codecs.map(\.name) == ["planes"])
            #expect(try await store.bytes(of: "w", in: state.id, of: model) == other)
        }
    }

    @Test func deletingTheBaseHurtsNoDifference() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m").id
            let first = try await store.commitState(of: model, named: "v1") { try await $0.write("w", weights) }
            let tuned = SeededBytes.trained(weights, seed: 13)
            let second = try await store.commitState(of: model, named: "v2", options: StateOptions(deleteStates: [first.id])) {
                try await $0.write("w", tuned)
            }
            #expect(try await store.footprint(of: second.id, of: model).codecs.map(\.name) == ["difference"])
            #expect(try await store.bytes(of: "w", in: second.id, of: model) == tuned)
            #expect(try await store.verify().isSound)
        }
    }
}
