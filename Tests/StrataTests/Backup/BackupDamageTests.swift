import ContentStore
import Foundation
import StrataTesting
import Testing

@testable import Strata

/// Damaged stores, full disks, backups that are damaged themselves.
@Suite struct BackupDamageTests {
    private func largestPack(_ path: String) throws -> String {
        try StoreFolder(path).packs().max { try FileBytes.read(path + "/packs/" + $0).count < FileBytes.read(path + "/packs/" + $1).count }!
    }

    /// The pack's header, a record's head, a payload, the directory, the footer.
    @Test(arguments: [20, 70, 400, -300, -20])
    func aDamagedPackIsNamedAndTheBackupStaysAsItWas(place: Int) async throws {
        try await withTemporaryFolder { folder in
            let sample = try await FaultSample(at: folder + "/s")
            try await withStore(at: sample.path, options: FaultSample.options()) { store async throws in
                _ = try await store.backUp(to: folder + "/b")
                let contents = try await StoreContents(of: store)
                let old = Set(try StoreFolder(store).packs())
                try await store.change(sample, seed: 2)
                let hit = try #require(try StoreFolder(store).packs().first { !old.contains($0) })
                let whole = try FileBytes.read(store.path + "/packs/" + hit)
                try StoreFolder(store).change("packs/" + hit) { $0[place < 0 ? $0.count + place : place] ^= 8 }
                let error = await expectRefusal(.corrupted, words: ["a pack of the store is damaged", "strata repair"]) {
                    _ = try await store.backUp(to: folder + "/b")
                }
                #expect(error?.context["packs"].map { hit.contains($0) } == true)
                try await expectContents(contents, at: folder + "/b")
                // What is sound was copied.
                #expect(try StoreFolder(folder + "/b").packs().count == StoreFolder(store).packs().count - 1)
                try FileBytes.write(whole, to: store.path + "/packs/" + hit)
                let report = try await store.backUp(to: folder + "/b")
                #expect(report.copiedPacks == 1)
                try await expectContents(try await StoreContents(of: store), at: folder + "/b")
            }
        }
    }

    @Test func aMissingPackIsNamedAndARepairedStoreIsBackedUpAgain() async throws {
        try await withTemporaryFolder { folder in
            let sample = try await FaultSample(at: folder + "/s")
            try await withStore(at: sample.path, options: FaultSample.options()) { try await $0.change(sample, seed: 2) }
            try FileManager.default.removeItem(atPath: sample.path + "/packs/" + largestPack(sample.path))
            try await withStore(at: sample.path) { store async throws in
                await expectRefusal(.corrupted) { _ = try await store.backUp(to: folder + "/b") }
                await expectRefusal(.storeNotFound) { _ = try await StateStore.open(at: folder + "/b", .readOnly) }
            }
            _ = try await StateStore.repair(at: sample.path)
            // Its losses are known: they are no reason to leave the rest without a backup.
            try await withStore(at: sample.path) { store async throws in
                let report = try await store.backUp(to: folder + "/b")
                #expect(report.keptPacks > 0)
                try await withStore(at: folder + "/b", .readOnly) { backup async throws in
                    #expect(try await backup.verify().damages.places == store.verify().damages.places)
                }
            }
        }
    }

    @Test func aDamagedCatalogIsNoBackup() async throws {
        try await withTemporaryFolder { folder in
            let sample = try await FaultSample(at: folder + "/s")
            try await withStore(at: sample.path) { _ = try await $0.backUp(to: folder + "/b") }
            let contents = try await withStore(at: folder + "/b", .readOnly) { try await StoreContents(of: $0) }
            let bytes = try FileBytes.read(sample.path + "/catalog.sqlite")
            var refusals = 0
            for page in stride(from: 1, to: bytes.count / 4096, by: 7) {
                var damaged = bytes
                damaged.replaceSubrange(page * 4096..<page * 4096 + 4096, with: [UInt8](repeating: 7, count: 4096))
                try FileBytes.write(damaged, to: sample.path + "/catalog.sqlite")
                do {
                    try await withStore(at: sample.path, .readOnly) { _ = try await $0.backUp(to: folder + "/b") }
                } catch let error as StrataError {
                    #expect(error.code == .corrupted, "\(error)")
                    refusals += 1
                }
                try await expectContents(contents, at: folder + "/b", "page \(page)")
            }
            #expect(refusals > 0)
        }
    }

    @Test func aDamagedBackupIsRepairedFromTheStoreAndGoesOn() async throws {
        try await withTemporaryFolder { folder in
            let sample = try await FaultSample(at: folder + "/s")
            try await withStore(at: sample.path) { store async throws in
                _ = try await store.backUp(to: folder + "/b")
                let pack = try largestPack(folder + "/b")
                try StoreFolder(folder + "/b").change("packs/" + pack) { $0[300] ^= 1 }
                try await withStore(at: folder + "/b", .readOnly) { (backup: StateStore) async throws -> Void in #expect(try await !backup.verify().isSound) }
                let report = try await StateStore.repair(at: folder + "/b", from: [store.path])
                #expect(report.healedChunks > 0 && report.losses == [], "\(report)")
                try await expectContents(try await StoreContents(of: store), at: folder + "/b")
                try await store.change(sample, seed: 4)
                _ = try await store.backUp(to: folder + "/b")
                try await expectContents(try await StoreContents(of: store), at: folder + "/b")
            }
        }
    }

    @Test(.enabled(if: MountedDisk.isAllowed, "needs the right to mount a file system in memory"))
    func aFullDiskLeavesTheBackupBeforeAndTakesTheNextWhenThereIsRoom() async throws {
        try await MountedDisk.with(mebibytes: 4) { disk async throws in
            try await withTemporaryFolder { folder in
                let sample = try await FaultSample(at: folder + "/s")
                try await withStore(at: sample.path) { store async throws in
                    _ = try await store.backUp(to: disk.path + "/b")
                    let before = try await StoreContents(of: store)
                    for seed in 1...6 { try await store.commit([("k", SeededBytes.random(1 << 20, seed: UInt64(seed)))], to: sample.model) }
                    await expectRefusal(.noSpace, words: ["free some space", disk.path]) { _ = try await store.backUp(to: disk.path + "/b") }
                    try await expectContents(before, at: disk.path + "/b")
                    try disk.resize(mebibytes: 32)
                    let report = try await store.backUp(to: disk.path + "/b")
                    #expect(report.keptPacks > 0)
                    try await expectContents(try await StoreContents(of: store), at: disk.path + "/b")
                }
            }
        }
    }
}
