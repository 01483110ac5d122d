import Strata
import StrataTesting
import Testing

@Suite struct DeduplicationTests {
    @Test func identicalContentIsStoredOnce() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            let other = try await store.createModel(named: "other")
            let bytes = SeededBytes.random(2 << 20, seed: 1)
            try await store.commit([("a", bytes)], to: model.id)
            let before = try StoreFolder(store).packBytes()
            try await store.commit([("b", bytes), ("c", bytes)], to: model.id)
            try await store.commit([("a", bytes)], to: other.id)
            try await store.changeFiles(of: other.id) { try await $0.put("copy", bytes) }
            #expect(try StoreFolder(store).packBytes() == before)
            let statistics = try await store.statistics()
            #expect(statistics.packCount == 1)
            #expect(statistics.logicalBytes == 5 * 2 << 20 && statistics.distinctBytes == 2 << 20)
        }
    }

    @Test func repeatedContentWithinOneStateIsStoredOnce() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            let bytes = SeededBytes.random(1 << 20, seed: 1)
            let state = try await store.commit([("a", bytes), ("b", bytes + bytes)], to: model.id)
            #expect(try await store.bytes(of: "b", in: state.id, of: model.id) == bytes + bytes)
            #expect(try StoreFolder(store).packBytes() < 2_200_000)
        }
    }

    @Test func theNextVersionOfWeightsTakesFarFewerBytes() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            let weights = SeededBytes.weights(1 << 20, seed: 1)
            let trained = SeededBytes.trained(weights, seed: 2)
            try await store.commit([("w", weights)], to: model.id, options: StateOptions(makeActive: true))
            let first = try StoreFolder(store).packBytes()
            let state = try await store.commit([("w", trained)], to: model.id)
            let second = try StoreFolder(store).packBytes() - first
            #expect(second < first / 2, "\(second) of \(first)")
            #expect(try await store.bytes(of: "w", in: state.id, of: model.id) == trained)
            #expect(try await store.statistics().codecs.contains { $0.name == "difference" })
            try await store.withState(state.id, of: model.id) { reader async throws in
                #expect(try await reader.bytes(of: "w", in: 1_000_001..<1_700_003) == Array(trained[1_000_001..<1_700_003]))
            }
        }
    }

    @Test func aBaseIsFoundByNameInAnyModel() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            let other = try await store.createModel(named: "other")
            let weights = SeededBytes.weights(1 << 18, seed: 1)
            let trained = SeededBytes.trained(weights, seed: 2)
            let base = try await store.commit([("w", weights)], to: model.id)
            let first = try StoreFolder(store).packBytes()
            let state = try await store.commit([("w", trained)], to: other.id, options: StateOptions(base: base.id))
            #expect(try StoreFolder(store).packBytes() - first < first / 2)
            #expect(try await store.bytes(of: "w", in: state.id, of: other.id) == trained)
            #expect(try await store.state(state.id, of: other.id).baseStateID == base.id)
        }
    }

    @Test func withoutAnActiveMatchTheNewestStateIsTheBase() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            let weights = SeededBytes.weights(1 << 18, seed: 1)
            try await store.commit([("w", weights)], to: model.id)
            let first = try StoreFolder(store).packBytes()
            try await store.commit([("w", SeededBytes.trained(weights, seed: 2))], to: model.id)
            #expect(try StoreFolder(store).packBytes() - first < first / 2)
        }
    }

    @Test func aBaseThatDoesNotExistIsNoError() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            let bytes = SeededBytes.random(300_000, seed: 1)
            let state = try await store.commit([("w", bytes)], to: model.id, options: StateOptions(base: .random()))
            #expect(try await store.bytes(of: "w", in: state.id, of: model.id) == bytes)
        }
    }

    @Test func aStateOutlivesTheStateThatItDiffersFrom() async throws {
        try await withTemporaryFolder { folder in
            let weights = SeededBytes.weights(1 << 18, seed: 1)
            let versions = (0..<4).reduce(into: [weights]) { $0.append(SeededBytes.trained($0.last!, seed: UInt64($1))) }
            let (model, last) = try await withStore(at: folder + "/s") { store in
                let model = try await store.createModel(named: "m")
                var states: [StateID] = []
                for version in versions {
                    states.append(
                        try await store.commit([("w", version)], to: model.id, options: StateOptions(makeActive: true)).id)
                }
                for state in states.dropLast() { try await store.deleteState(state, of: model.id) }
                #expect(try await store.bytes(of: "w", of: model.id) == versions.last)
                return (model.id, states.last!)
            }
            try await withStore(at: folder + "/s") { store async throws in
                #expect(try await store.bytes(of: "w", in: last, of: model) == versions.last)
            }
        }
    }

    @Test func aChangeAtTheEndStoresTheEndAlone() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            let bytes = SeededBytes.random(8 << 20, seed: 1)
            let changed = SeededBytes.changedAtTheEnd(bytes, places: 100, share: 0.02, seed: 3)
            try await store.commit([("k", bytes)], to: model.id)
            let first = try StoreFolder(store).packBytes()
            let state = try await store.commit([("k", changed)], to: model.id)
            #expect(try StoreFolder(store).packBytes() - first < 1 << 20)
            #expect(try await store.bytes(of: "k", in: state.id, of: model.id) == changed)
        }
    }
}
