import Strata
import StrataTesting
import Testing

/// What states and models take on disk, told apart by who uses the bytes.
@Suite struct FootprintTests {
    private static let made = SeededBytes.weights(600_000, seed: 3)
    private var weights: [UInt8] { Self.made }

    @Test func whatOnlyOneStateUsesIsItsOwn() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m").id
            let state = try await store.commitState(of: model, named: "v1") { try await $0.write("w", weights) }
            let alone = try await store.footprint(of: state.id, of: model)
            #expect(alone.logicalBytes == Int64(weights.count))
            #expect(alone.sharedBytes == 0)
            #expect(alone.aloneBytes > 0 && alone.aloneBytes < alone.logicalBytes)
            #expect(try await store.footprint(of: model) == alone)

            _ = try await store.commitState(of: model, named: "again") { try await $0.write("w", weights) }
            let shared = try await store.footprint(of: state.id, of: model)
            #expect(shared.aloneBytes == 0 && shared.sharedBytes == alone.aloneBytes)
            let both = try await store.footprint(of: model)
            #expect(both.logicalBytes == 2 * alone.logicalBytes)
            #expect(both.aloneBytes == alone.aloneBytes && both.sharedBytes == 0)
        }
    }

    @Test func aBaseIsSharedByItsDifferences() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m").id
            let first = try await store.commitState(of: model, named: "v1") { try await $0.write("w", weights) }
            let second = try await store.commitState(of: model, named: "v2") {
                try await $0.write("w", SeededBytes.trained(weights, seed: 4))
            }
            let base = try await store.footprint(of: first.id, of: model)
            let difference = try await store.footprint(of: second.id, of: model)
            #expect(base.aloneBytes == 0, "deleting the base frees nothing while differences need it")
            #expect(difference.sharedBytes == 0 && difference.codecs.map(\.name) == ["difference"])
            let all = try await store.footprint(of: model)
            #expect(all.sharedBytes == 0 && all.aloneBytes == base.sharedBytes + difference.aloneBytes)
        }
    }

    @Test func aSnapshotSharesItsState() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m").id
            let state = try await store.commitState(of: model, named: "v1", options: StateOptions(makeActive: true)) {
                try await $0.write("w", weights)
                try await $0.write("small", Array("text".utf8))
            }
            let before = try await store.footprint(of: state.id, of: model)
            try await store.createSnapshot(of: model, named: "s")
            let after = try await store.footprint(of: state.id, of: model)
            #expect(after.aloneBytes == 0 && after.sharedBytes == before.aloneBytes)
            let copy = try await store.createModel(named: "copy", options: ModelOptions(origin: .copyOfModel(model))).id
            let shared = try await store.footprint(of: copy)
            #expect(shared.aloneBytes == 0 && shared.sharedBytes == before.aloneBytes)
        }
    }

    @Test func unknownStatesAndModelsAreNamed() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m").id
            await #expect { try await store.footprint(of: StateID.random(), of: model) } throws: { ($0 as? StrataError)?.code == .stateNotFound }
            await #expect { try await store.footprint(of: ModelID.random()) } throws: { ($0 as? StrataError)?.code == .modelNotFound }
        }
    }
}
