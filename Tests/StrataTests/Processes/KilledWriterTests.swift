import Foundation
import Strata
import StrataTesting
import Testing

/// Processes that die in mid-commit, and processes that work side by side.
@Suite(.serialized) struct KilledWriterTests {
    private static let stateBytes = 3 << 20

    /// Everything that was acknowledged is there whole, nothing partial is visible, nothing of the dead counts as live.
    @Test
    func aWriterThatIsKilledLosesNothingThatItAcknowledged() async throws {
        var generator = SeededGenerator.announced("killed writers")
        ProcessContents.prepare()
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            let model = try await withStore(at: path) { try await $0.createModel(named: "m").id }
            var known: [StateID] = []
            let rounds = Rounds.some(of: 50)
            for round in rounds {
                let pause = Int.random(in: 0...350, using: &generator)
                // Every other kill hits a writer at its first commit, the others one that has the store in use.
                let acknowledged = try await Self.commitsUntilKilled(
                    after: pause, waitingForACommit: round % 2 == 1, in: path, model)
                known = try await Self.check(path, model, known: known, acknowledged: acknowledged, round: round)
            }
            print("killed writers: \(known.count) states survived \(rounds.count) kills")
            #expect(known.count >= rounds.count / 2)
        }
    }

    /// Runs a writer, kills it after a pause, and answers what it had acknowledged.
    private static func commitsUntilKilled(
        after pauseMilliseconds: Int, waitingForACommit: Bool, in path: String, _ model: ModelID
    ) async throws -> [(StateID, String)] {
        let writer = try await HelperProcess("commit-loop", path, model, stateBytes)
        var lines: [String] = []
        if waitingForACommit { lines.append(try #require(await writer.nextLine(), "\(writer.errorText())")) }
        try await Task.sleep(for: .milliseconds(pauseMilliseconds))
        writer.kill()
        while let line = await writer.nextLine() { lines.append(line) }
        var acknowledged: [(StateID, String)] = []
        for line in lines {
            let words = line.split(separator: " ").map(String.init)
            acknowledged.append((try #require(StateID(words[0])), words[1]))
        }
        return acknowledged
    }

    /// Opens what the dead writer left, first for reading alone, and holds it against what is known.
    private static func check(
        _ path: String, _ model: ModelID, known: [StateID], acknowledged: [(StateID, String)], round: Int
    ) async throws -> [StateID] {
        let comment: Comment = "round \(round)"
        let seen = try await withStore(at: path, .readOnly) { store in
            try await newStates(in: store, model, beside: known)
        }
        return try await withStore(at: path, .readWrite) { store in
            let new = try await newStates(in: store, model, beside: known)
            #expect(new.map(\.id) == seen.map(\.id), comment)
            // One state at most may have been committed and not acknowledged any more.
            #expect(new.prefix(acknowledged.count).map(\.id) == acknowledged.map(\.0), comment)
            #expect(new.prefix(acknowledged.count).map(\.name) == acknowledged.map(\.1), comment)
            #expect(new.count <= acknowledged.count + 1, comment)
            let sessions = try StoreFolder(store).sessions()
            #expect(sessions.count == 1, comment)
            try await expectNothingLeft(in: store)
            return known + new.map(\.id)
        }
    }

    /// The states that are not known yet, in order, each read whole; the known ones must still be there.
    private static func newStates(in store: StateStore, _ model: ModelID, beside known: [StateID]) async throws -> [State] {
        let states = try await store.states(of: model, limit: 1000).items.filter { $0.name != "initial" }
        #expect(states.prefix(known.count).map(\.id) == known)
        let new = Array(states.dropFirst(known.count))
        for state in new { try await ProcessContents.check(state, in: store) }
        return new
    }

    /// A process that dies in mid-creation leaves no creation, no pin and no byte.
    @Test
    func aCreatorThatIsKilledLeavesNothingOfItsOperation() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            try await withStore(at: path) { watcher in
                let model = try await watcher.createModel(named: "m")
                let active = try await watcher.commit([("w", [1])], to: model.id, options: StateOptions(makeActive: true))
                let creator = try await HelperProcess("create-hang", path, model.id, 20 << 20)
                let line = await creator.nextLine()
                let id = try #require(StateID(line ?? "none"), "\(creator.errorText())")
                let creating = try await watcher.creatingStates(of: model.id)
                #expect(creating.map(\.stateID) == [id])
                // What it has mounted is held.
                try await watcher.activateState(model.activeStateID, of: model.id)
                try await watcher.deleteState(active.id, of: model.id)
                let marked = try await watcher.state(active.id, of: model.id)
                #expect(marked.isBeingDeleted)
                creator.kill()
                let staged = try StoreFolder(path).stagedFiles()
                #expect(staged.count == 1)
                try await withStore(at: path) { store in
                    let left = try await store.creatingStates(of: model.id)
                    #expect(left == [])
                    await expectRefusal(.stateNotFound) { _ = try await store.state(active.id, of: model.id) }
                    await expectRefusal(.stateNotFound) { try await store.cancelCreateState(id, of: model.id) }
                    try await expectNothingLeft(in: store)
                }
            }
        }
    }

    @Test
    func oneProcessReadsWhileAnotherCommits() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            let model = try await withStore(at: path) { try await $0.createModel(named: "m").id }
            let writer = try await HelperProcess("commit-loop", path, model, 1 << 20)
            let reader = try await HelperProcess("read-loop", path, model, 4)
            var read: Set<String> = []
            while let line = await reader.nextLine() { read.insert(line) }
            let status = reader.exitStatus()
            #expect(status == 0, "\(reader.errorText())")
            writer.kill()
            var written = 0
            while let line = await writer.nextLine(), line.contains(" ") { written += 1 }
            #expect(written > 1 && read.count > 1, "\(written) states were written, \(read.count) read; \(writer.errorText())")
            try await withStore(at: path) { store in
                for state in try await store.states(of: model, limit: 1000).items where state.name != "initial" {
                    try await ProcessContents.check(state, in: store)
                }
                try await expectNothingLeft(in: store)
            }
        }
    }

    @Test
    func twoProcessesCommitSideBySide() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            let model = try await withStore(at: path) { try await $0.createModel(named: "m").id }
            let writers = [
                try await HelperProcess("commit-loop", path, model, 200_000), try await HelperProcess("commit-loop", path, model, 200_000),
            ]
            var acknowledged: Set<String> = []
            for writer in writers {
                for _ in 0..<5 {
                    let line = try #require(await writer.nextLine(), "\(writer.errorText())")
                    acknowledged.insert(String(line.prefix(36)))
                }
            }
            for writer in writers { writer.kill() }
            try await withStore(at: path) { store in
                let states = try await store.states(of: model, limit: 1000).items.filter { $0.name != "initial" }
                #expect(acknowledged.isSubset(of: Set(states.map(\.id.rawValue))))
                for state in states { try await ProcessContents.check(state, in: store) }
                try await expectNothingLeft(in: store)
            }
        }
    }
}
