import ContentStore
import Foundation
import StrataTesting
import Synchronization
import Testing

@testable import Strata

@Suite struct BackupTests {
    @Test func aBackupIsAStoreThatCanBeReadVerifiedAndBackedUp() async throws {
        try await withTemporaryFolder { folder in
            let sample = try await FaultSample(at: folder + "/s")
            let (contents, id, report) = try await withStore(at: sample.path) { store async throws in
                (try await StoreContents(of: store), store.id, try await store.backUp(to: folder + "/b"))
            }
            #expect(report.copiedPacks > 0 && report.keptPacks == 0 && report.removedPacks == 0 && !report.isDryRun)
            #expect(report.copiedPacks == (try StoreFolder(folder + "/b").packs().count))
            #expect(report.copiedBytes == (try StoreFolder(folder + "/b").packBytes()))
            let before = try StoreFolder(folder + "/b").fingerprint()
            try await expectContents(contents, at: folder + "/b")
            let second = try await withStore(at: folder + "/b", .readOnly) { backup async throws in
                #expect(backup.id == id)
                return try await backup.backUp(to: folder + "/bb")
            }
            #expect(second.copiedPacks == report.copiedPacks)
            try await expectContents(contents, at: folder + "/bb")
            #expect(try StoreFolder(folder + "/b").fingerprint() == before)
            await expectRefusal(.readOnly, words: ["is a backup", "strata restore"]) { _ = try await StateStore.open(at: folder + "/b") }
        }
    }

    @Test func aSecondBackupCopiesWhatIsNewAndRemovesWhatIsGone() async throws {
        try await withTemporaryFolder { folder in
            let sample = try await FaultSample(at: folder + "/s")
            try await withStore(at: sample.path, options: FaultSample.options()) { store async throws in
                let first = try await store.backUp(to: folder + "/b")
                let gone = try await store.commit([("r", SeededBytes.random(100_000, seed: 1))], to: sample.model)
                let second = try await store.backUp(to: folder + "/b")
                #expect(second.copiedPacks == 1 && second.keptPacks == first.copiedPacks && second.removedPacks == 0)
                try await store.deleteState(gone.id, of: sample.model)
                try await store.change(sample, seed: 2)
                let dry = try await store.backUp(to: folder + "/b", dryRun: true)
                #expect(dry.isDryRun && dry.copiedPacks == 3 && dry.keptPacks == first.copiedPacks && dry.removedPacks == 1)
                #expect(try StoreFolder(folder + "/b").packs().count == second.copiedPacks + second.keptPacks)
                // Not even collected, and yet it does not go along.
                let third = try await store.backUp(to: folder + "/b")
                #expect((third.copiedPacks, third.keptPacks, third.removedPacks) == (dry.copiedPacks, dry.keptPacks, dry.removedPacks))
                #expect(third.copiedBytes == dry.copiedBytes && third.removedBytes == dry.removedBytes)
                #expect(try StoreFolder(folder + "/b").packs().count == third.copiedPacks + third.keptPacks)
                try await expectContents(try await StoreContents(of: store), at: folder + "/b")
                let fourth = try await store.backUp(to: folder + "/b")
                #expect(fourth.copiedPacks == 0 && fourth.removedPacks == 0)
            }
        }
    }

    @Test func aDryRunOfAFirstBackupMakesNothing() async throws {
        try await withTemporaryFolder { folder in
            let sample = try await FaultSample(at: folder + "/s")
            try await withStore(at: sample.path) { store async throws in
                let dry = try await store.backUp(to: folder + "/b", dryRun: true)
                #expect(dry.copiedPacks > 0)
                #expect(!FileManager.default.fileExists(atPath: folder + "/b"))
            }
        }
    }

    @Test func mountsSessionsAndWhatIsBeingDeletedStayBehind() async throws {
        try await withTemporaryFolder { folder in
            let sample = try await FaultSample(at: folder + "/s")
            try await withStore(at: sample.path) { store async throws in
                let request = MountRequest(modelID: sample.model, selection: .state(sample.small))
                try await store.withMounts([request]) { _ in
                    try await store.deleteState(sample.small, of: sample.model)
                    #expect(try await store.state(sample.small, of: sample.model).isBeingDeleted)
                    _ = try await store.backUp(to: folder + "/b")
                }
                try await expectContents(try await StoreContents(of: store), at: folder + "/b")
            }
            #expect(try StoreFolder(folder + "/b").sessions() == [])
        }
    }

    @Test func packsThatAReaderOfTheBackupUsesStayUntilTheNextBackup() async throws {
        try await withTemporaryFolder { folder in
            let sample = try await FaultSample(at: folder + "/s")
            try await withStore(at: sample.path) { store async throws in
                let gone = try await store.commit([("r", SeededBytes.random(100_000, seed: 1))], to: sample.model)
                _ = try await store.backUp(to: folder + "/b")
                try await store.deleteState(gone.id, of: sample.model)
                try await withStore(at: folder + "/b", .readOnly) { backup async throws in
                    try await backup.withState(gone.id, of: sample.model) { state async throws in
                        let report = try await store.backUp(to: folder + "/b")
                        #expect(report.removedPacks == 0 && report.leftPacks == 1)
                        #expect(try await state.bytes(of: "r") == SeededBytes.random(100_000, seed: 1))
                    }
                }
                #expect(try await store.backUp(to: folder + "/b").removedPacks == 1)
                try await expectContents(try await StoreContents(of: store), at: folder + "/b")
            }
        }
    }

    @Test func progressCountsEveryByteAndACancelledBackupLeavesTheOneBefore() async throws {
        try await withTemporaryFolder { folder in
            let sample = try await FaultSample(at: folder + "/s")
            try await withStore(at: sample.path) { store async throws in
                let before = try await StoreContents(of: store)
                let seen = ProgressRecord()
                let report = try await store.backUp(to: folder + "/b") { seen.note($0) }
                #expect(seen.last?.copiedBytes == report.copiedBytes && seen.last?.totalBytes == report.copiedBytes)
                try await store.change(sample, seed: 3)
                let task = Task { try await store.backUp(to: folder + "/b") { _ in withUnsafeCurrentTask { $0?.cancel() } } }
                task.cancel()
                await expectRefusal(.cancelled) { _ = try await task.value }
                try await expectContents(before, at: folder + "/b")
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/b/incoming") == [])
                _ = try await store.backUp(to: folder + "/b")
                try await expectContents(try await StoreContents(of: store), at: folder + "/b")
            }
        }
    }

    @Test func foldersThatAreNoBackupOfTheStoreAreRefusedAndLeftAsTheyAre() async throws {
        try await withTemporaryFolder { folder in
            let sample = try await FaultSample(at: folder + "/s")
            try await withStore(at: folder + "/other") { other async throws in
                _ = try await other.backUp(to: folder + "/others")
                try FileManager.default.createDirectory(atPath: folder + "/full", withIntermediateDirectories: false)
                try FileBytes.write([1], to: folder + "/full/file")
                try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: folder + "/s")
                try await withStore(at: sample.path) { store async throws in
                    let refused: [(String, String)] = [
                        ("/s", "apart"), ("/s/b", "apart"), ("", "apart"), ("/link", "apart"), ("/others", "is the backup of store \(other.id)"),
                        ("/other", "is a store and no backup"), ("/full", "`file`"), ("/missing/b", "no folder"),
                        ("/" + String(repeating: "b", count: 500), "at most 480"),
                    ]
                    for (name, words) in refused {
                        let before = try ["/others", "/other", "/full"].contains(name) ? StoreFolder(folder + name).fingerprint() : [:]
                        for dryRun in [false, true] where name != "/missing/b" || !dryRun {
                            await expectRefusal(.invalidParameter, field: "path", words: [words]) {
                                _ = try await store.backUp(to: folder + name, dryRun: dryRun)
                            }
                        }
                        if !before.isEmpty { #expect(try StoreFolder(folder + name).fingerprint() == before, "\(name)") }
                    }
                }
            }
        }
    }

    @Test func twoBackupsIntoOneFolderExcludeEachOther() async throws {
        try await withTemporaryFolder { folder in
            let sample = try await FaultSample(at: folder + "/s")
            try await withStore(at: sample.path) { store async throws in
                _ = try await store.backUp(to: folder + "/b")
                let held = try BackupFolder(at: folder + "/b", on: LocalDisk(), ofStore: store.id, source: store.layout, isDryRun: false)
                await expectRefusal(.conflict, words: ["is running"]) { _ = try await store.backUp(to: folder + "/b") }
                await expectRefusal(.conflict, words: ["a backup into it"]) { _ = try await StateStore.repair(at: folder + "/b") }
                withExtendedLifetime(held) {}
            }
            try await withStore(at: sample.path) { _ = try await $0.backUp(to: folder + "/b") }
            let repaired = try await StateStore.repair(at: folder + "/b")
            #expect(!repaired.needsRepair, "\(repaired)")
        }
    }
}

/// What a progress handler was told last.
final class ProgressRecord: Sendable {
    private let told = Mutex<BackupProgress?>(nil)

    var last: BackupProgress? { told.withLock { $0 } }
    func note(_ progress: BackupProgress) { told.withLock { $0 = progress } }
}
