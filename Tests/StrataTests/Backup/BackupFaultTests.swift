import ContentStore
import Foundation
import Glibc
import StrataTesting
import Testing

@testable import Strata

/// Each file and SQLite operation of a backup fails in turn, on either side; and the power fails in the middle of one.
///
/// `STRATA_FAULTS=full` tries every operation; else a sample is tried, whose seed is printed.
@Suite(.serialized) struct BackupFaultTests {
    static let isFull = FaultSweepTests.choice == "full" || FaultSweepTests.choice == "backup"

    /// A store, a backup of it, and what has changed in the store since.
    struct Prepared {
        let folder: String
        let sample: FaultSample
        let before: StoreContents
        let after: StoreContents

        init(in folder: String) async throws {
            self.folder = folder
            let sample = try await FaultSample(at: folder + "/s")
            (before, after) = try await withStore(at: sample.path, options: FaultSample.options()) { store async throws in
                let gone = try await store.commit([("r", SeededBytes.random(60_000, seed: 9))], to: sample.model, named: "gone")
                _ = try await store.backUp(to: folder + "/b")
                let before = try await StoreContents(of: store)
                try await store.deleteState(gone.id, of: sample.model)
                try await store.change(sample, seed: 2)
                return (before, try await StoreContents(of: store))
            }
            self.sample = sample
        }

        /// What a backup that may have failed has left: the backup before, or the new one.
        func check(_ path: String, isAcknowledged: Bool, isFirst: Bool, _ comment: String) async throws {
            if isFirst, !isAcknowledged, !FileManager.default.fileExists(atPath: path + "/format") {
                await expectRefusal(.storeNotFound) { _ = try await StateStore.open(at: path, .readOnly) }
            } else {
                let found = try await withStore(at: path, .readOnly) { try await StoreContents(of: $0) }
                #expect(found == after || (!isAcknowledged && !isFirst && found == before), "\(comment)")
                try await expectContents(found, at: path, "\(comment)")
            }
            // And the next one succeeds.
            try await withStore(at: sample.path, .readOnly) { _ = try await $0.backUp(to: path) }
            try await expectContents(after, at: path, "\(comment), the next backup")
            let packs = try StoreFolder(path).packs().count
            let known = try await withStore(at: path, .readOnly) { try await $0.statistics().packCount }
            #expect(packs == known, "\(comment)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: path + "/incoming") == [], "\(comment)")
        }
    }

    static func numbers(_ count: Int, using generator: inout SeededGenerator) -> [Int] {
        isFull ? Array(1...count) : Array((1...count).shuffled(using: &generator).prefix(FaultSweepTests.sampleMax)).sorted()
    }

    @Test(arguments: [true, false], Fault.Duration.allCases)
    func everyOperationOfTheBackupsDiskMayFail(isFirst: Bool, duration: Fault.Duration) async throws {
        var generator = SeededGenerator.announced("faults in a backup, first: \(isFirst), \(duration)")
        try await withTemporaryFolder { folder in
            let prepared = try await Prepared(in: folder)
            try await withStore(at: prepared.sample.path, options: FaultSample.options()) { store async throws in
                func attempt(_ name: String, _ disk: FaultDisk) async throws -> (String, (any Error)?) {
                    let path = folder + "/" + name
                    if !isFirst { try FileManager.default.copyItem(atPath: folder + "/b", toPath: path) }
                    do {
                        _ = try await store.backUp(to: path, on: disk)
                        return (path, nil)
                    } catch {
                        return (path, error)
                    }
                }
                let whole = FaultDisk()
                whole.record()
                let (_, failure) = try await attempt("whole", whole)
                #expect(failure == nil)
                var failures = 0
                let order = (1...whole.logCount).shuffled(using: &generator)
                // A sample may hit nothing but what is only logged: then it goes on until something is noticed.
                for (place, number) in order.enumerated() where Self.isFull || place < FaultSweepTests.sampleMax || failures == 0 {
                    let errno = [EIO, ENOSPC, EMFILE, EROFS].randomElement(using: &generator)!
                    let disk = FaultDisk()
                    disk.arm(Fault(operation: number, duration, .error(errno)))
                    let (path, error) = try await attempt("f\(number)", disk)
                    if let error {
                        failures += 1
                        #expect(error is StrataError)
                    }
                    let comment = "operation \(number) of \(whole.logCount), errno \(errno): \(error.map { "\($0)" } ?? "no error")"
                    try await prepared.check(path, isAcknowledged: error == nil, isFirst: isFirst, comment)
                    try FileManager.default.removeItem(atPath: path)
                }
                #expect(failures > 0)
                let report = try await store.verify()
                #expect(report.isSound)
                let contents = try await StoreContents(of: store)
                #expect(contents == prepared.after)
            }
        }
    }

    @Test func everyOperationOfTheStoresDiskMayFail() async throws {
        var generator = SeededGenerator.announced("faults in what is backed up")
        try await withTemporaryFolder { folder in
            let prepared = try await Prepared(in: folder)
            let disk = FaultDisk()
            try await withStore(at: prepared.sample.path, options: FaultSample.options(disk)) { store async throws in
                disk.record()
                try FileManager.default.copyItem(atPath: folder + "/b", toPath: folder + "/whole")
                _ = try await store.backUp(to: folder + "/whole")
                let count = disk.logCount
                for number in Self.numbers(count, using: &generator) {
                    let path = folder + "/f\(number)"
                    try FileManager.default.copyItem(atPath: folder + "/b", toPath: path)
                    disk.arm(Fault(operation: number, .transient, .error(EIO)))
                    var failure: (any Error)?
                    do {
                        _ = try await store.backUp(to: path)
                    } catch {
                        failure = error
                    }
                    disk.heal()
                    let comment = "operation \(number) of \(count): \(failure.map { "\($0)" } ?? "no error")"
                    try await prepared.check(path, isAcknowledged: failure == nil, isFirst: false, comment)
                    try FileManager.default.removeItem(atPath: path)
                }
                let contents = try await StoreContents(of: store)
                #expect(contents == prepared.after)
                let report = try await store.verify()
                #expect(report.isSound)
            }
        }
    }

    @Test(arguments: [true, false])
    func aPowerFailureLeavesTheBackupBeforeOrTheNewOne(isFirst: Bool) async throws {
        var generator = SeededGenerator.announced("power failures in a backup, first: \(isFirst)")
        try await withTemporaryFolder { folder in
            let prepared = try await Prepared(in: folder)
            let target = folder + "/t"
            let base = folder + "/base"
            for place in [target, base] { try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false) }
            if !isFirst { for place in [target, base] { try FileManager.default.copyItem(atPath: folder + "/b", toPath: place + "/b") } }
            let disk = FaultDisk()
            disk.record()
            try await withStore(at: prepared.sample.path, .readOnly) { _ = try await $0.backUp(to: target + "/b", on: disk) }
            let log = disk.log
            let image = try CrashImage(of: target, base: base, log: log)
            for count in Self.numbers(log.count, using: &generator) + [log.count] {
                for _ in 0..<(Self.isFull ? 3 : 2) {
                    let seed = generator.next()
                    let place = folder + "/image"
                    try image.write(after: count, seed: seed, to: place)
                    try await prepared.check(
                        place + "/b", isAcknowledged: count == log.count, isFirst: isFirst, "after \(count) of \(log.count), seed \(seed): \(log[count - 1])")
                    try FileManager.default.removeItem(atPath: place)
                }
            }
        }
    }
}
