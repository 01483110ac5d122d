import ContentStore
import Foundation
import Glibc
import StrataTesting
import Testing

@testable import Strata

@Suite(.serialized) struct RestoreTests {
    /// A store, its backup, and what the backup holds.
    private func prepared(_ folder: String) async throws -> (sample: FaultSample, contents: StoreContents) {
        let sample = try await FaultSample(at: folder + "/s")
        let contents = try await withStore(at: sample.path, options: FaultSample.options()) { store async throws in
            try await store.change(sample, seed: 2)
            _ = try await store.backUp(to: folder + "/b")
            return try await StoreContents(of: store)
        }
        return (sample, contents)
    }

    @Test func aRestoredStoreIsTheStoreAndGoesOn() async throws {
        try await withTemporaryFolder { folder in
            let (sample, contents) = try await prepared(folder)
            let packs = try StoreFolder(folder + "/b").packs()
            for name in ["/new", "/empty"] {
                if name == "/empty" { try FileManager.default.createDirectory(atPath: folder + name, withIntermediateDirectories: false) }
                let seen = ProgressRecord()
                let report = try await StateStore.restore(from: folder + "/b", to: folder + name) { seen.note($0) }
                #expect(report.restoredPacks == packs.count && report.keptPacks == 0 && report.quarantine == nil)
                #expect(seen.last?.copiedBytes == report.restoredBytes)
                try await expectContents(contents, at: folder + name)
                try await withStore(at: folder + name, .readWrite) { store async throws in
                    try await store.change(sample, seed: 5)
                    try await expectNothingLeft(in: store)
                    let report = try await store.verify()
                    #expect(report.isSound)
                    // The backup is this store's as well.
                    let backup = try await store.backUp(to: folder + "/b")
                    #expect(backup.keptPacks == packs.count)
                }
                try FileManager.default.removeItem(atPath: folder + "/b")
                try await withStore(at: sample.path) { _ = try await $0.backUp(to: folder + "/b") }
            }
        }
    }

    @Test func aStoreIsReplacedOnlyOnDemandAndPutAside() async throws {
        try await withTemporaryFolder { folder in
            let (sample, contents) = try await prepared(folder)
            let old = try await withStore(at: sample.path) { store async throws in
                try await store.deleteState(sample.small, of: sample.model)
                try await store.commit([("r", SeededBytes.random(80_000, seed: 77))], to: sample.model, named: "since")
                await expectRefusal(.storeAlreadyExists) { _ = try await StateStore.restore(from: folder + "/b", to: sample.path) }
                await expectRefusal(.conflict, words: ["restoring"]) {
                    _ = try await StateStore.restore(from: folder + "/b", to: sample.path, replacing: true)
                }
                return try await StoreContents(of: store)
            }
            let hit = try StoreFolder(folder + "/b").packs()[0]
            try StoreFolder(sample.path).change("packs/" + hit) { $0[300] ^= 1 }
            let report = try await StateStore.restore(from: folder + "/b", to: sample.path, replacing: true)
            let count = try StoreFolder(folder + "/b").packs().count
            #expect(report.restoredPacks == 1 && report.keptPacks == count - 1)
            #expect(report.quarantine == "quarantine/1")
            try await expectContents(contents, at: sample.path)
            #expect(try StoreFolder(sample.path).packs() == StoreFolder(folder + "/b").packs())
            let repaired = try await StateStore.repair(at: sample.path)
            #expect(!repaired.needsRepair, "\(repaired)")
            // What was there can be put together again: its catalog, and its packs with those that both have.
            let aside = folder + "/aside"
            try FileManager.default.copyItem(atPath: sample.path + "/quarantine/1", toPath: aside)
            try FileManager.default.copyItem(atPath: sample.path + "/format", toPath: aside + "/format")
            for pack in try StoreFolder(sample.path).packs() where pack != hit {
                try FileManager.default.createDirectory(
                    atPath: (aside + "/packs/" + pack as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
                try? FileManager.default.copyItem(atPath: sample.path + "/packs/" + pack, toPath: aside + "/packs/" + pack)
            }
            try StoreFolder(aside).change("packs/" + hit) { $0[300] ^= 1 }
            try await expectContents(old, at: aside)
        }
    }

    @Test func whatIsInTheWayIsRefusedAndLeft() async throws {
        try await withTemporaryFolder { folder in
            let (sample, _) = try await prepared(folder)
            try await withStore(at: folder + "/other") { _ in }
            try FileManager.default.createDirectory(atPath: folder + "/full/packs/ab", withIntermediateDirectories: true)
            for (name, words) in [("/other", "the backup is of store"), ("/full", "`packs`"), ("/b", "apart"), ("/b/inside", "apart")] {
                await expectRefusal(.invalidParameter, field: "path", words: [words]) {
                    _ = try await StateStore.restore(from: folder + "/b", to: folder + name, replacing: true)
                }
            }
            try await withStore(at: sample.path) { _ = try await $0.backUp(to: folder + "/b2") }
            await expectRefusal(.invalidParameter, field: "path", words: ["is a backup"]) {
                _ = try await StateStore.restore(from: folder + "/b", to: folder + "/b2", replacing: true)
            }
            await expectRefusal(.storeNotFound) { _ = try await StateStore.restore(from: folder + "/none", to: folder + "/new") }
            #expect(!FileManager.default.fileExists(atPath: folder + "/new"))
        }
    }

    /// Any byte of a pack, and bytes of the catalog: what is restored is right or nothing is.
    @Test func aDamagedBackupIsRefusedAndCanBeRepairedFirst() async throws {
        var generator = SeededGenerator.announced("damaged backups")
        try await withTemporaryFolder { folder in
            let (sample, contents) = try await prepared(folder)
            let packs = try StoreFolder(folder + "/b").packs().map { "packs/" + $0 }
            for round in Rounds.some(of: 24) {
                let path = folder + "/d\(round)"
                try FileManager.default.copyItem(atPath: folder + "/b", toPath: path)
                let name = round % 3 == 2 ? "catalog.sqlite" : packs.randomElement(using: &generator)!
                try StoreFolder(path).change(name) { bytes in
                    bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^= UInt8.random(in: 1...255, using: &generator)
                }
                do {
                    _ = try await StateStore.restore(from: path, to: folder + "/r")
                    #expect(name == "catalog.sqlite", "round \(round)")
                    let found = try await withStore(at: folder + "/r") { store async throws in
                        #expect(try await store.verify().isSound, "round \(round)")
                        return try await StoreContents(of: store)
                    }
                    if found != contents { print("round \(round): a byte of the catalog that nothing vouches for") }
                } catch let error as StrataError {
                    #expect([.corrupted, .unsupportedFormat, .needsMigration].contains(error.code), "round \(round): \(error)")
                    if name != "catalog.sqlite" {
                        await expectRefusal(.storeNotFound) { _ = try await StateStore.open(at: folder + "/r", .readWrite) }
                        let repaired = try await StateStore.repair(at: path, from: [sample.path])
                        #expect(repaired.needsRepair && repaired.losses == [], "\(repaired)")
                        _ = try await StateStore.restore(from: path, to: folder + "/r")
                        try await expectContents(contents, at: folder + "/r")
                    }
                }
                for place in [path, folder + "/r"] { try? FileManager.default.removeItem(atPath: place) }
            }
        }
    }

    @Test(arguments: [false, true])
    func aRestoreThatFailsAnywhereIsCarriedOn(replaces: Bool) async throws {
        var generator = SeededGenerator.announced("faults in a restore, replacing: \(replaces)")
        try await withTemporaryFolder { folder in
            let (sample, contents) = try await prepared(folder)
            let old = try await withStore(at: sample.path) { store async throws in
                try await store.deleteState(sample.small, of: sample.model)
                try await store.commit([("r", SeededBytes.random(80_000, seed: 77))], to: sample.model, named: "since")
                return try await StoreContents(of: store)
            }
            try FileManager.default.removeItem(atPath: sample.path + "/packs/" + StoreFolder(folder + "/b").packs()[0])
            _ = try await StateStore.repair(at: sample.path, from: [folder + "/b"])
            func attempt(_ path: String, _ disk: FaultDisk) async throws -> StrataError? {
                if replaces { try FileManager.default.copyItem(atPath: sample.path, toPath: path) }
                let options = FaultSample.options(disk)
                do {
                    _ = try await StateStore.restore(from: folder + "/b", to: path, replacing: replaces, options: options)
                    return nil
                } catch {
                    return error
                }
            }
            let whole = FaultDisk()
            whole.record()
            #expect(try await attempt(folder + "/whole", whole) == nil)
            let count = whole.logCount
            for number in BackupFaultTests.numbers(count, using: &generator) {
                let path = folder + "/f\(number)"
                let disk = FaultDisk()
                disk.arm(Fault(operation: number, Bool.random(using: &generator) ? .transient : .lasting, .error([EIO, ENOSPC].randomElement(using: &generator)!)))
                let error = try await attempt(path, disk)
                let comment: Comment = "operation \(number) of \(count): \(error.map { "\($0)" } ?? "no error")"
                if replaces, error != nil, !FileManager.default.fileExists(atPath: path + "/repair/plan") {
                    let found = try await withStore(at: path, .readWrite) { try await StoreContents(of: $0) }
                    #expect(found == old || found == contents, comment)
                }
                let isThere = FileManager.default.fileExists(atPath: path + "/format")
                if error != nil { _ = try await StateStore.restore(from: folder + "/b", to: path, replacing: replaces || isThere) }
                try await expectContents(contents, at: path, comment)
                let repaired = try await StateStore.repair(at: path)
                #expect(!repaired.needsRepair, "\(comment): \(repaired)")
                try FileManager.default.removeItem(atPath: path)
            }
        }
    }
}
