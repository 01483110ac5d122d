import Foundation
import StrataTesting
import Testing

@testable import Strata

/// What a rebuild of a lost catalog finds after a compaction.
@Suite struct CompactionRecordTests {
    private static let files = ["catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm"]

    private func loseCatalog(_ path: String, copyToo: Bool = false) {
        for name in Self.files + (copyToo ? ["catalog.copy.sqlite"] : []) { try? FileManager.default.removeItem(atPath: path + "/" + name) }
    }

    private func names(_ store: StateStore, _ model: ModelID) async throws -> Set<String> {
        Set(try await store.states(of: model, limit: 1000).items.map(\.name))
    }

    /// Everything moves, what has no waste too.
    private static var options: CompactionOptions {
        var options = CompactionOptions()
        options.mergedPacksLeast = 2
        return options
    }

    /// With a state whose chunks are copied as they are. `half` has no record: it brought no chunk of its own.
    private static func sample(in store: StateStore) async throws -> CompactionSample {
        var sample = try await CompactionSample.make(in: store)
        for number in 1...2 {
            try await sample.commit([("own", SeededBytes.random(90_000, seed: UInt64(50 + number)))], "own \(number)", to: store)
        }
        return sample
    }

    /// - Returns: what the store in this folder holds; it is compacted and closed.
    private func compacted(_ folder: String, _ body: (StateStore, CompactionSample) async throws -> Void = { _, _ in }) async throws -> CompactionSample {
        try await withStore(at: folder + "/s", options: CompactionSample.options) { store in
            let sample = try await Self.sample(in: store)
            _ = try await store.compact(Self.options)
            try await body(store, sample)
            return sample
        }
    }

    /// The new packs carry the records of the states that there are, and of no other.
    @Test func packsAloneTellTheStatesThatLived() async throws {
        try await withTemporaryFolder { folder in
            var sample = try await compacted(folder)
            sample.contents = sample.contents.filter { $0.value["kept"] == nil }
            loseCatalog(folder + "/s", copyToo: true)
            let report = try await StateStore.repair(at: folder + "/s")
            #expect(report.basis == .packs && report.losses == [], "\(report)")
            #expect(Set(report.recoveredStates.map(\.stateID)) == Set(sample.contents.keys))
            try await withStore(at: folder + "/s", .readWrite) { store in
                #expect(try await names(store, sample.model) == ["second 1", "own 1", "own 2"], "`both` and `first` were deleted before")
                try await sample.expectWhole(in: store)
            }
        }
    }

    /// The pack is newer than all that is said of it but the copy: what was deleted after the compaction stays deleted.
    @Test func aStateThatIsDeletedAfterTheCompactionDoesNotComeBack() async throws {
        try await withTemporaryFolder { folder in
            var sample = try await compacted(folder) { store, sample in
                for state in sample.contents where state.value["w"] != nil { try await store.deleteState(state.key, of: sample.model) }
            }
            sample.contents = sample.contents.filter { $0.value["w"] == nil }
            loseCatalog(folder + "/s")
            let report = try await StateStore.repair(at: folder + "/s")
            #expect(report.basis == .catalogCopy && report.recoveredStates == [] && report.losses == [], "\(report)")
            try await withStore(at: folder + "/s", .readWrite) { store in
                #expect(try await names(store, sample.model) == ["initial", "half 1", "own 1", "own 2"])
                _ = try await store.collect()
                try await sample.expectWhole(in: store)
            }
        }
    }

    /// The copy still places chunks in packs that are gone: they are found in the new ones, as they are stored there.
    @Test func aCopyFromBeforeTheCompactionIsEnough() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            var sample = try await withStore(at: path, options: CompactionSample.options) { try await CompactionSample.make(in: $0) }
            let weights = SeededBytes.weights(100_000, seed: 5)
            try await withStore(at: path, options: CompactionSample.options) { store in
                try await sample.commit([("w", weights), ("x", SeededBytes.random(200_000, seed: 6))], "base", to: store)
                let base = try await store.states(of: sample.model, limit: 1000).items.last!.id
                try await sample.commit([("w", SeededBytes.trained(weights, seed: 6))], "step", to: store, base: base)
                // Only the catalog knows of it, so that closing makes a copy.
                try await store.renameState(base, of: sample.model, to: "base")
            }
            let copy = try FileBytes.read(path + "/catalog.copy.sqlite")
            let kept = try await withStore(at: path, options: CompactionSample.options) { store in
                // All packs, so that differences move too.
                _ = try await store.compact(Self.options)
                try await sample.commit([("late", SeededBytes.random(100_000, seed: 9))], "late", to: store)
                return try await store.statistics()
            }
            #expect(kept.codecs.contains { $0.name == "difference" })
            loseCatalog(path)
            try FileBytes.write(copy, to: path + "/catalog.copy.sqlite")
            let report = try await StateStore.repair(at: path)
            #expect(report.losses == [] && report.lostChunks == 0 && report.recoveredStates.map(\.name) == ["late"], "\(report)")
            try await withStore(at: path, .readWrite) { store in
                try await sample.expectWhole(in: store)
                let codecs = try await store.statistics().codecs
                #expect(codecs.first { $0.name == "difference" } == kept.codecs.first { $0.name == "difference" }, "no difference became larger")
            }
        }
    }

    /// A state is deleted while its record lies in a pack that no transaction has named: the pack is written again without it.
    @Test func aRecordOfAStateThatIsDeletedMeanwhileIsNotCarried() async throws {
        try await withTemporaryFolder { folder in
            let (path, disk) = (folder + "/s", HookedDisk())
            var options = CompactionSample.options
            options.disk = disk
            try await withStore(at: path, options: options) { store in
                let sample = try await Self.sample(in: store)
                // It shares the new pack with states that live on.
                let gone = try #require(try await store.states(of: sample.model, limit: 100).items.first { $0.name == "own 1" }).id
                var all = Self.options
                all.releasesBases = false
                let options = all
                let pause = DiskPause()
                // The new pack has its records once its name is made durable.
                disk.set { $0.beforeSync = { if $0.hasSuffix(".pack") { pause.stop() } } }
                let compaction = Task { try await store.compact(options) }
                try await pause.whileStopped {
                    try await withStore(at: path, options: CompactionSample.options) { try await $0.deleteState(gone, of: sample.model) }
                }
                _ = try await compaction.value
                _ = try await store.collect()
            }
            loseCatalog(path, copyToo: true)
            let report = try await StateStore.repair(at: path)
            #expect(report.recoveredStates.map(\.name).sorted() == ["own 2", "second 1"], "\(report)")
        }
    }
}
