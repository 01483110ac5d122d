import ContentStore
import Foundation
import StrataTesting
import Synchronization
import Testing

@testable import Strata

/// Backups of a store that others write to and collect meanwhile.
@Suite(.serialized) struct BackupBesideWritersTests {
    @Test func everyBackupBesideAWriterAndACollectorIsWhole() async throws {
        try await withTemporaryStore { store async throws in
            let model = try await store.createModel(named: "m").id
            let path = store.path
            let writer = Task { () async throws -> Void in
                try await withStore(at: path) { writer async throws in
                    var states: [StateID] = []
                    for round in 0..<400 where !Task.isCancelled {
                        let contents = ProcessContents(seed: UInt64(round), sizeBytes: 150_000)
                        states.append(try await writer.commitState(of: model, named: contents.stateName) { try await contents.write(to: $0) }.id)
                        if states.count > 4 { try await writer.deleteState(states.removeFirst(), of: model) }
                    }
                }
            }
            let collector = Task { () async throws -> Void in
                try await withStore(at: path) { collector async throws in
                    while !Task.isCancelled {
                        do {
                            _ = try await collector.collect()
                        } catch {
                            guard (error as? StrataError)?.code == .cancelled else { throw error }
                        }
                    }
                }
            }
            var copied = 0
            for _ in 0..<12 {
                copied += try await store.backUp(to: path + "-backup").copiedPacks
                try await expectWhole(path + "-backup", model)
            }
            writer.cancel()
            _ = await writer.result
            collector.cancel()
            try await collector.value
            #expect(copied > 0)
            _ = try await store.backUp(to: path + "-backup")
            try await expectContents(try await StoreContents(of: store), at: path + "-backup")
        }
    }

    /// Whoever makes the backup has the store open for writing, or for reading only.
    @Test(arguments: [true, false]) func whatIsDeletedAndCollectedMeanwhileGoesAlong(isReadOnly: Bool) async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            let sample = try await FaultSample(at: path)
            try await withStore(at: path, options: FaultSample.options()) { try await $0.change(sample, seed: 2) }
            let contents = try await withStore(at: path, .readOnly) { try await StoreContents(of: $0) }
            let disk = HookedDisk()
            let interference = Interference()
            disk.set { hooks in
                hooks.beforeSync = { name throws(ContentError) in
                    // The first pack is copied: the catalog's moment is over.
                    guard name.hasSuffix(".pack"), !interference.hasRun.exchange(true, ordering: .relaxed) else { return }
                    let end = DispatchSemaphore(value: 0)
                    Task {
                        try? await withStore(at: path) { other in
                            try await other.deleteModel(sample.model)
                            interference.removedPacks.store(try await other.collect().removed.packCount, ordering: .relaxed)
                        }
                        end.signal()
                    }
                    end.wait()
                }
            }
            try await withStore(at: path, isReadOnly ? .readOnly : .readWrite) { _ = try await $0.backUp(to: folder + "/b", on: disk) }
            #expect(interference.removedPacks.load(ordering: .relaxed) == 0)
            try await expectContents(contents, at: folder + "/b")
            let later = try await withStore(at: path) { try await $0.collect().removed.packCount }
            #expect(later > 1)
        }
    }

    @Test func aBackupBesideAnotherProcessHasEachOfItsStatesWholeOrNotAtAll() async throws {
        ProcessContents.prepare()
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            let model = try await withStore(at: path) { try await $0.createModel(named: "m").id }
            let writer = try await HelperProcess("commit-loop", path, model, 100_000)
            _ = await writer.nextLine()
            var counts: [Int] = []
            for _ in 0..<3 {
                try await withStore(at: path, .readOnly) { _ = try await $0.backUp(to: folder + "/b") }
                counts.append(try await expectWhole(folder + "/b", model))
            }
            writer.kill()
            #expect(counts == counts.sorted() && counts.last! > counts.first!, "\(counts)")
        }
    }

    @discardableResult
    private func expectWhole(_ path: String, _ model: ModelID) async throws -> Int {
        try await withStore(at: path, .readOnly) { backup async throws in
            let states = try await backup.states(of: model, limit: 1000).items.filter { $0.name != "initial" }
            for state in states { try await ProcessContents.check(state, in: backup) }
            let report = try await backup.verify()
            #expect(report.isSound, "\(report.damages)")
            return states.count
        }
    }
}

/// What somebody did to the store in the middle of a backup.
private final class Interference: Sendable {
    let hasRun = Atomic<Bool>(false)
    let removedPacks = Atomic<Int>(-1)
}
