import Foundation
import StrataTesting
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

    @Test(.timeLimit(.minutes(5))) func aBackupBesideAnotherProcessHasEachOfItsStatesWholeOrNotAtAll() async throws {
        ProcessContents.prepare()
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            let model = try await withStore(at: path) { try await $0.createModel(named: "m").id }
            let writer = try await HelperProcess("commit-loop", path, model, 400_000)
            _ = await writer.nextLine()
            var counts: [Int] = []
            for _ in 0..<6 {
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
