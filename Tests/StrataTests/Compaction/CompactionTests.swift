import ContentStore
import Foundation
import StrataTesting
import Testing

@testable import Strata

/// Waste is bounded, what lives reads as before, and the plan says beforehand what happens.
@Suite struct CompactionTests {
    @Test func thePlanIsWhatHappensAndTheDiskGetsItBack() async throws {
        try await withCompactionSample { store, sample in
            let before = try StoreFolder(store).packBytes()
            let plan = try await store.planCompaction()
            #expect(try StoreFolder(store).packBytes() == before, "a plan changes nothing")
            let report = try await store.compact()
            var (planned, done) = (plan.figures, report.figures)
            (planned.catalogBytes, done.catalogBytes) = (0, 0)
            #expect(planned == done)
            #expect(done.copiedCount > 0 && done.reencodedCount > 0 && done.releasedCount == done.reencodedCount)
            #expect(done.freedBytes > 300_000, "the dead half, and what the difference took")
            #expect(report.removed.packBytes == done.packBytes && report.removed.packCount == done.packCount)
            #expect(try StoreFolder(store).packBytes() == before - done.freedBytes)
            #expect(report.waste.deadBytes == 0 && plan.waste.deadBytes >= 300_000)
            #expect(report.damagedPacks == [] && report.sessions == [] && plan.sessions == [] && !report.catalogNeedsRebuild)
            let statistics = try await store.statistics()
            #expect(statistics.packWaste == report.waste && !statistics.codecs.contains { $0.name == "difference" })
            try await sample.expectWhole(in: store)
            let again = try await store.compact()
            #expect(again.figures.packCount == 0 && again.figures.writtenPackCount == 0, "nothing is done twice")
        }
    }

    /// At the bound a pack stays, above it goes.
    @Test func theBoundSaysWhichPacksAreRewritten() async throws {
        try await withTemporaryStore(options: CompactionSample.options) { store in
            var sample = CompactionSample(model: try await store.createModel(named: "m").id)
            try await sample.addWaste(to: store)
            _ = try await store.collect()
            var options = CompactionOptions()
            let share = try await store.planCompaction().waste.share
            #expect((0.49...0.51).contains(share))
            for bound in [1, share] {
                options.wasteShareMax = bound
                let plan = try await store.planCompaction(options)
                #expect(plan.figures.packCount == 0)
                let report = try await store.compact(options)
                #expect(report.figures == plan.figures && report.waste.share == share)
            }
            options.wasteShareMax = share - 0.001
            let report = try await store.compact(options)
            #expect(report.figures.packCount == 1 && report.waste.share == 0)
            try await sample.expectWhole(in: store)
        }
    }

    @Test func manySmallPacksBecomeOne() async throws {
        try await withTemporaryStore(options: CompactionSample.options) { store in
            var sample = CompactionSample(model: try await store.createModel(named: "m").id)
            for number in 0..<20 { try await sample.commit([("k", SeededBytes.random(40_000, seed: UInt64(number)))], "\(number)", to: store) }
            var options = CompactionOptions()
            options.mergedPacksLeast = 21
            #expect(try await store.planCompaction(options).figures.packCount == 0, "too few to be worth it")
            options.mergedPacksLeast = 20
            options.mergedBelowBytes = 40_000
            #expect(try await store.planCompaction(options).figures.packCount == 0, "none is that small")
            let plan = try await store.planCompaction()
            let report = try await store.compact()
            #expect(plan.figures.writtenBytes == report.figures.writtenBytes)
            #expect(report.removed.packCount == 20 && report.figures.writtenPackCount == 1)
            try await sample.expectWhole(in: store)
            #expect(try await store.planCompaction().figures.packCount == 0)
        }
    }

    /// What comes out has at most the target's size, whatever goes in.
    @Test func newPacksKeepToTheirSize() async throws {
        try await withTemporaryStore(options: CompactionSample.options) { store in
            var sample = CompactionSample(model: try await store.createModel(named: "m").id)
            for number in 1...8 { try await sample.addWaste(to: store, seed: UInt64(number)) }
            _ = try await store.collect()
            var options = CompactionOptions()
            options.packBytesTarget = 700_000
            let plan = try await store.planCompaction(options)
            let report = try await store.compact(options)
            #expect(report.figures == plan.figures && report.figures.writtenPackCount == 4)
            try await sample.expectWhole(in: store)
        }
    }

    /// Three versions that live on a base that is gone: letting it go would cost more than it takes.
    @Test func aBaseStaysThatIsWorthItsRoom() async throws {
        try await withTemporaryStore(options: CompactionSample.options) { store in
            let model = try await store.createModel(named: "m").id
            let weights = SeededBytes.weights(100_000, seed: 1)
            let first = try await store.commit([("w", weights)], to: model)
            for seed in 2...4 {
                try await store.commit([("w", SeededBytes.trained(weights, seed: UInt64(seed)))], to: model, options: StateOptions(base: first.id))
            }
            try await store.deleteState(first.id, of: model)
            _ = try await store.collect()
            let report = try await store.compact()
            #expect(report.figures.releasedCount == 0 && report.figures.packCount == 0)
        }
    }

    @Test func oneCompactionAtATime() async throws {
        let disk = HookedDisk()
        try await withCompactionSample(disk: disk) { store, sample in
            let pause = DiskPause()
            disk.set { $0.beforeSync = { if $0.hasSuffix(".pack") { pause.stop() } } }
            let running = Task { try await store.compact() }
            try await pause.whileStopped {
                try await withStore(at: store.path) { other in
                    _ = await expectRefusal(.conflict, words: ["another compaction"]) { _ = try await other.compact() }
                }
            }
            _ = try await running.value
            _ = try await store.compact()
            try await sample.expectWhole(in: store)
        }
    }

    @Test func whatMakesNoSenseIsRefused() async throws {
        try await withTemporaryStore { store in
            for share in [-0.1, 1.1, .nan] {
                var options = CompactionOptions()
                options.wasteShareMax = share
                await expectRefusal(.invalidParameter, field: "wasteShareMax", words: ["\(share)"]) { _ = try await store.compact(options) }
            }
            var options = CompactionOptions()
            options.mergedBelowBytes = -1
            await expectRefusal(.invalidParameter, field: "mergedBelowBytes", words: ["-1"]) { _ = try await store.planCompaction(options) }
            options = CompactionOptions()
            options.mergedPacksLeast = 1
            await expectRefusal(.invalidParameter, field: "mergedPacksLeast", words: ["1"]) { _ = try await store.planCompaction(options) }
            try await store.close()
            try await withStore(at: store.path, .readOnly) { reader in
                _ = try await reader.planCompaction()
                await expectRefusal(.readOnly) { _ = try await reader.compact() }
            }
        }
    }

    /// A pack in which a chunk is damaged keeps that chunk and its file; the others move, and nothing is copied unseen.
    @Test func aDamagedChunkStaysWhereItIsAndIsNamed() async throws {
        try await withTemporaryStore(options: CompactionSample.options) { store in
            var sample = CompactionSample(model: try await store.createModel(named: "m").id)
            try await sample.addWaste(to: store)
            _ = try await store.collect()
            let pack = try StoreFolder(store).packs()[0]
            try StoreFolder(store).change("packs/" + pack) { $0[200] ^= 0xff }
            let report = try await store.compact()
            #expect(report.damagedPacks == [String(pack.dropFirst(3).dropLast(5))] && report.removed.packCount == 0)
            #expect(try StoreFolder(store).packs().contains(pack))
            let verified = try await store.verify()
            #expect(verified.damagedChunks == 1 && verified.damages.allSatisfy { $0.key == "kept" })
            let plan = try await store.planCompaction()
            #expect(plan.damagedPacks.count == 1 && plan.figures.writtenPackCount == 0)
        }
    }

    @Test func theCatalogShrinks() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            try await withStore(at: path) { store in
                let model = try await store.createModel(named: "m").id
                for number in 0..<60 {
                    let state = try await store.commit([("k", SeededBytes.random(30_000, seed: UInt64(number)))], to: model)
                    try await store.deleteState(state.id, of: model)
                }
                _ = try await store.collect()
            }
            let before = try FileBytes.read(path + "/catalog.sqlite").count
            try await withStore(at: path) { store in
                let plan = try await store.planCompaction()
                #expect(plan.figures.catalogBytes > 1_500_000 && plan.figures.freedBytes == plan.figures.catalogBytes)
                let report = try await store.compact()
                #expect(report.figures.catalogBytes >= plan.figures.catalogBytes && !report.catalogNeedsRebuild)
            }
            #expect(try FileBytes.read(path + "/catalog.sqlite").count <= before - 1_500_000)
        }
    }

    /// A catalog of the first version cannot give pages back in steps: it says so, and is rebuilt when asked.
    @Test func anOldCatalogShrinksOnlyWhenItIsRebuilt() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            let golden = try #require(Bundle.module.url(forResource: "Golden", withExtension: nil))
            try FileManager.default.copyItem(atPath: golden.appendingPathComponent("v1.strata").path, toPath: path)
            let manifest = try await withStore(at: path) { store in
                let model = try await store.createModel(named: "later").id
                let state = try await store.commit([("k", SeededBytes.random(30_000, seed: 1)), ("l", SeededBytes.random(30_000, seed: 2))], to: model)
                try await store.deleteState(state.id, of: model)
                _ = try await store.collect()
                return try await GoldenManifest(of: store)
            }
            try await withStore(at: path) { store in
                let plan = try await store.planCompaction()
                #expect(plan.catalogNeedsRebuild && plan.figures.catalogBytes == 0)
                #expect(try await store.compact().catalogNeedsRebuild)
                var options = CompactionOptions()
                options.rebuildsCatalog = true
                let report = try await store.compact(options)
                #expect(!report.catalogNeedsRebuild && report.figures.catalogBytes > 0)
                let read = try await GoldenManifest(of: store)
                #expect(read == manifest)
                let isSound = try await store.verify().isSound
                #expect(isSound)
            }
        }
    }
}
