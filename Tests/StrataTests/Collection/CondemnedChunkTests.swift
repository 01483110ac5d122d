import Strata
import StrataTesting
import Testing

/// A chunk is condemned while a writer of another session matches it, in every order.
@Suite struct CondemnedChunkTests {
    private let bytes = SeededBytes.random(600_000, seed: 1)

    /// A store with a state that holds `bytes`, and a second handle on it.
    private func withTwoHandles(
        _ body: (_ writer: StateStore, _ collector: StateStore, _ model: ModelID, _ old: StateID) async throws -> Void
    ) async throws {
        try await withTemporaryStore { writer in
            let model = try await writer.createModel(named: "m").id
            let old = try await writer.commit([("k", bytes)], to: model)
            try await withStore(at: writer.path) { collector in try await body(writer, collector, model, old.id) }
        }
    }

    private func expectSound(_ store: StateStore, _ state: StateID, of model: ModelID) async throws {
        let read = try await store.bytes(of: "k", in: state, of: model)
        #expect(read == bytes)
        let report = try await store.verify()
        #expect(report.isSound)
    }

    /// The writer matched first: what it matched survives, and nothing is written twice.
    @Test func aChunkThatAWriterHasMatchedSurvivesItsCollection() async throws {
        try await withTwoHandles { writer, collector, model, old in
            let new = try await writer.commitState(of: model, named: "new") { state in
                try await state.write("k", bytes)
                try await collector.deleteState(old, of: model)
                for _ in 0..<3 {
                    let report = try await collector.collect()
                    #expect(report.removed == CollectedGarbage())
                }
            }
            try await expectSound(collector, new.id, of: model)
            #expect(try StoreFolder(writer).packs().count == 1)
            let after = try await collector.collect()
            #expect(after.removed == CollectedGarbage(), "the value came back under its number")
        }
    }

    /// The value was deleted before the writer began, its chunks are condemned while it writes.
    @Test func aChunkThatIsCondemnedAfterItWasMatchedSurvives() async throws {
        try await withTwoHandles { writer, collector, model, old in
            try await collector.deleteState(old, of: model)
            let new = try await writer.commitState(of: model, named: "new") { state in
                // Another key makes another value: only the chunks are matched.
                try await state.write("k", bytes)
                let report = try await collector.collect()
                #expect(report.removed.valueCount == 1 && report.removed.chunkCount == 0)
                let again = try await collector.collect()
                #expect(again.removed == CollectedGarbage())
            }
            try await expectSound(collector, new.id, of: model)
            #expect(try StoreFolder(writer).packs().count == 1)
            let after = try await collector.collect()
            #expect(after.removed == CollectedGarbage())
        }
    }

    /// Runs `body` when the old value is gone and its chunks are condemned and still there.
    private func whileCondemned(
        _ collector: StateStore, _ model: ModelID, _ old: StateID, _ body: () async throws -> Void
    ) async throws {
        try await collector.deleteState(old, of: model)
        try await withStore(at: collector.path) { reader in
            // A reader that began before the chunks are condemned keeps them.
            try await reader.withState(of: model) { _ in
                let report = try await collector.collect()
                #expect(report.removed.valueCount == 1 && report.removed.chunkCount == 0)
                try await body()
            }
        }
    }

    /// Condemned first, then written: the writer takes the chunk for unknown and writes it; it is collected before the commit.
    @Test func aChunkThatIsCollectedWhileAWriterWritesItAgainComesBackWithTheCommit() async throws {
        try await withTwoHandles { writer, collector, model, old in
            let (begun, didBegin) = AsyncStream.makeStream(of: Void.self)
            let (collected, didCollect) = AsyncStream.makeStream(of: Void.self)
            let bytes = bytes
            var commit: Task<State, any Error>?
            try await whileCondemned(collector, model, old) {
                commit = Task {
                    try await writer.commitState(of: model, named: "new") { state in
                        try await state.write("k", bytes)
                        didBegin.finish()
                        for await _ in collected {}
                    }
                }
                for await _ in begun {}
            }
            let report = try await collector.collect()
            #expect(report.removed.chunkCount > 0 && report.removed.packCount == 1)
            didCollect.finish()
            let new = try #require(try await commit?.value)
            try await expectSound(collector, new.id, of: model)
            #expect(try StoreFolder(writer).packs().count == 1)
        }
    }

    /// Condemned first, committed again before it is collected: the old copy is taken back, the new one is waste.
    @Test func aCondemnedChunkThatIsCommittedAgainIsTakenBack() async throws {
        try await withTwoHandles { writer, collector, model, old in
            var new: State?
            try await whileCondemned(collector, model, old) {
                new = try await writer.commit([("k", bytes)], to: model)
            }
            let state = try #require(new)
            let report = try await collector.collect()
            #expect(report.removed.chunkCount == 0 && report.removed.packCount == 1, "the second copy's pack")
            try await expectSound(collector, state.id, of: model)
        }
    }

    /// A writer takes a difference from a base whose value is deleted and collected meanwhile.
    @Test func aBaseThatADifferenceIsBeingTakenFromSurvives() async throws {
        try await withTemporaryStore { writer in
            let model = try await writer.createModel(named: "m").id
            let weights = SeededBytes.weights(200_000, seed: 1)
            let old = try await writer.commit([("k", weights)], to: model)
            let trained = SeededBytes.trained(weights, seed: 2)
            try await withStore(at: writer.path) { collector in
                let new = try await writer.commitState(of: model, named: "new", options: StateOptions(base: old.id)) { state in
                    try await state.write("k", trained)
                    try await collector.deleteState(old.id, of: model)
                    for _ in 0..<2 { _ = try await collector.collect() }
                }
                let statistics = try await collector.statistics()
                #expect(statistics.codecs.contains { $0.name == "difference" })
                _ = try await collector.collect()
                let read = try await collector.bytes(of: "k", in: new.id, of: model)
                #expect(read == trained)
                try await collector.deleteState(new.id, of: model)
                _ = try await collector.collect()
                #expect(try StoreFolder(writer).packs() == [])
            }
        }
    }
}
