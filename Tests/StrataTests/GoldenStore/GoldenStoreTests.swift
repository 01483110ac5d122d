import Foundation
import Strata
import StrataTesting
import Testing

/// Stores of every released format open for ever, and show what they showed when they were made.
@Suite struct GoldenStoreTests {
    private static let versions = Array(1...GoldenMaker.formatVersion)
    private static let olderVersions = versions.dropLast()

    /// Copies a kept store, so that nothing changes what is kept.
    func withGoldenStore(
        _ version: Int, _ body: (_ path: String, GoldenManifest) async throws -> Void
    ) async throws {
        let golden = try #require(Bundle.module.url(forResource: "Golden", withExtension: nil))
        let manifest = try JSONDecoder().decode(
            GoldenManifest.self, from: Data(contentsOf: golden.appendingPathComponent("v\(version).json")))
        try await withTemporaryFolder { folder in
            let path = folder + "/golden.strata"
            try FileManager.default.copyItem(atPath: golden.appendingPathComponent("v\(version).strata").path, toPath: path)
            try await body(path, manifest)
        }
    }

    @Test(arguments: olderVersions)
    func anOlderOneIsRefusedForReadingOnlyAndLeftAsItIs(version: Int) async throws {
        try await withGoldenStore(version) { path, _ in
            let before = try StoreFolder(path).fingerprint()
            await expectRefusal(.needsMigration, words: ["open the store for writing"]) {
                _ = try await StateStore.open(at: path, .readOnly)
            }
            #expect(try StoreFolder(path).fingerprint() == before)
        }
    }

    @Test func thePresentOneIsReadWithoutAChange() async throws {
        try await withGoldenStore(GoldenMaker.formatVersion) { path, manifest in
            let before = try StoreFolder(path).fingerprint()
            let read = try await withStore(at: path, .readOnly) { store in
                let isSound = try await store.verify().isSound
                #expect(isSound)
                return try await GoldenManifest(of: store)
            }
            #expect(read == manifest)
            #expect(try StoreFolder(path).fingerprint() == before)
        }
    }

    @Test(arguments: versions)
    func itIsWrittenToAndKeepsWhatItHas(version: Int) async throws {
        try await withGoldenStore(version) { path, manifest in
            try await withStore(at: path, .readWrite) { store in
                let read = try await GoldenManifest(of: store)
                #expect(read == manifest)
                let model = try #require(try await store.models(ListFilter(names: ["golden"])).items.first)
                let before = try await store.statistics()
                let weights = try await store.bytes(of: "weights", of: model.id)
                let trained = SeededBytes.trained(weights, seed: 99)
                let state = try await store.commit([("weights", trained), ("same", weights)], to: model.id)
                let contents = try await store.contents(of: state.id, of: model.id)
                #expect(contents == ["weights": trained, "same": weights])
                let after = try await store.statistics()
                #expect(after.packBytes - before.packBytes < Int64(weights.count) * 2 / 3, "the kept state serves as a base")
                try await store.deleteState(state.id, of: model.id)
                let again = try await GoldenManifest(of: store)
                #expect(again.models == manifest.models && again.datasets == manifest.datasets)
                let plan = try await store.planCollection()
                let collected = try await store.collect()
                #expect(collected.removed == plan.removable && collected.removed.packCount > 0)
                let collectedManifest = try await GoldenManifest(of: store)
                #expect(collectedManifest.models == manifest.models && collectedManifest.datasets == manifest.datasets)
            }
            try await withStore(at: path, .readOnly) { store in
                let isSound = try await store.verify().isSound
                #expect(isSound)
            }
        }
    }

    /// The maker still makes what the kept store of its format shows, but for ids and times.
    @Test func theMakerMakesWhatIsKept() async throws {
        try await withGoldenStore(GoldenMaker.formatVersion) { _, manifest in
            let made = try await withTemporaryStore { store in
                try await GoldenMaker.fill(store)
                return try await GoldenManifest(of: store)
            }
            func contents(_ manifest: GoldenManifest) -> [[[GoldenManifest.Content]]] {
                manifest.models.map { $0.states.map(\.keys) + $0.snapshots.map(\.keys) + $0.snapshotFiles + [$0.files] }
                    + manifest.datasets.map(\.items)
            }
            #expect(contents(made) == contents(manifest))
        }
    }
}
