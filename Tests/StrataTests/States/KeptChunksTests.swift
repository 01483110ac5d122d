import Foundation
import Strata
import StrataTesting
import Testing

/// Chunks that a store keeps in memory once they were decoded and checked.
@Suite struct KeptChunksTests {
    private static let value = SeededBytes.weights(3_000_000, seed: 8)

    private func withReadState(
        keeping bytesMax: Int, _ body: (StateStore, ModelID, StateID) async throws -> Void
    ) async throws {
        var options = StateStore.Options()
        options.checkedBytesMax = bytesMax
        try await withTemporaryStore(options: options) { store in
            let model = try await store.createModel(named: "m").id
            let state = try await store.commitState(of: model, named: "v1") { try await $0.write("w", Self.value) }
            let first = try await store.bytes(of: "w", in: state.id, of: model)
            #expect(first == Self.value)
            try await body(store, model, state.id)
        }
    }

    private func damagePacks(of store: StateStore) throws {
        let packs = try #require(FileManager.default.enumerator(atPath: store.path + "/packs")).compactMap { $0 as? String }
        for pack in packs where pack.hasSuffix(".pack") {
            let file = try #require(FileHandle(forUpdatingAtPath: store.path + "/packs/" + pack))
            try file.seek(toOffset: 64)
            try file.write(contentsOf: Data(repeating: 0, count: 1_000_000))
            try file.close()
        }
    }

    @Test func aStateThatIsKeptIsReadWithoutItsPacks() async throws {
        try await withReadState(keeping: 64 << 20) { store, model, state in
            try damagePacks(of: store)
            let again = try await store.bytes(of: "w", in: state, of: model)
            #expect(again == Self.value)
        }
    }

    @Test(arguments: [0, 300_000])
    func whatDoesNotFitIsReadAgain(bytesMax: Int) async throws {
        try await withReadState(keeping: bytesMax) { store, model, state in
            try damagePacks(of: store)
            await #expect(throws: StrataError.self) { _ = try await store.bytes(of: "w", in: state, of: model) }
        }
    }

    @Test func damagedBytesAreNotKept() async throws {
        var options = StateStore.Options()
        options.checkedBytesMax = 64 << 20
        try await withTemporaryStore(options: options) { store in
            let model = try await store.createModel(named: "m").id
            let state = try await store.commitState(of: model, named: "v1") { try await $0.write("w", Self.value) }
            try damagePacks(of: store)
            for _ in 0..<2 {
                await #expect(throws: StrataError.self) { _ = try await store.bytes(of: "w", in: state.id, of: model) }
            }
        }
    }
}
