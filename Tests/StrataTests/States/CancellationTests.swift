import Strata
import StrataTesting
import Testing

/// Cancelling a commit at any moment leaves the state whole or not there.
@Suite struct CancellationTests {
    @Test func aCancelledCommitIsThereWholeOrNotAtAll() async throws {
        var generator = SeededGenerator.announced("cancelled commits")
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            let model = try await withStore(at: path) { try await $0.createModel(named: "m").id }
            try await withStore(at: path) { store in
                for round in Rounds.some(of: 100) {
                    let contents = ProcessContents(seed: generator.next(), sizeBytes: Int.random(in: 1000...1_000_000, using: &generator))
                    let pause = Int.random(in: 0...60_000, using: &generator)
                    try await Self.cancelCommit(of: contents, after: pause, in: store, model: model, round: round)
                }
                try await expectNothingLeft(in: store)
            }
            try await withStore(at: path) { store in
                #expect(try StoreFolder(store).sessions().count == 1)
                for state in try await store.states(of: model, limit: 1000).items where state.name != "initial" {
                    try await ProcessContents.check(state, in: store)
                }
                try await expectNothingLeft(in: store)
            }
        }
    }

    /// Commits in a task of its own, cancels it after a pause, and holds its answer against what is there.
    private static func cancelCommit(
        of contents: ProcessContents, after pauseMicroseconds: Int, in store: StateStore, model: ModelID, round: Int
    ) async throws {
        var options = StateOptions()
        options.stateID = .random()
        let commit = Task { [options] in
            try await store.commitState(of: model, named: contents.stateName, options: options) { try await contents.write(to: $0) }
        }
        try await Task.sleep(for: .microseconds(pauseMicroseconds))
        commit.cancel()
        let result = await commit.result
        let listed = try await store.states(of: model, limit: 1000).items.first { $0.id == options.stateID }
        switch result {
        case .success(let state):
            #expect(listed == state, "round \(round)")
            try await ProcessContents.check(state, in: store)
        case .failure(let error):
            #expect(listed == nil, "round \(round)")
            let isCancellation = error is CancellationError || (error as? StrataError)?.code == .cancelled
            #expect(isCancellation, "round \(round): \(error)")
        }
    }

    /// The same for a model's files, whose answer is that everything changed or nothing.
    @Test func aCancelledChangeOfFilesIsMadeWholeOrNotAtAll() async throws {
        var generator = SeededGenerator.announced("cancelled changes of files")
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m").id
            var expected: [String] = []
            for round in Rounds.some(of: 40) {
                let bytes = SeededBytes.random(Int.random(in: 1000...400_000, using: &generator), seed: generator.next())
                let change = Task {
                    try await store.changeFiles(of: model) { files in
                        try await files.put("d\(round)/a", bytes)
                        try await files.put("d\(round)/b", [1])
                    }
                }
                try await Task.sleep(for: .microseconds(Int.random(in: 0...20_000, using: &generator)))
                change.cancel()
                if case .success = await change.result { expected += ["d\(round)", "d\(round)/a", "d\(round)/b"] }
                let paths = try await store.files(of: model).map(\.path)
                #expect(paths == expected.sorted(), "round \(round)")
                try await expectNothingLeft(in: store)
            }
        }
    }

    @Test func aCommitThatIsCancelledBeforeItBeginsDoesNothing() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            let task = Task {
                while !Task.isCancelled { await Task.yield() }
                try await store.commit([("k", SeededBytes.random(200_000, seed: 1))], to: model.id)
            }
            task.cancel()
            let result = await task.result
            #expect(throws: (any Error).self) { try result.get() }
            #expect(try await store.states(of: model.id).total == 1)
            try await expectNothingLeft(in: store)
        }
    }

    @Test func aCancelledReadThrowsAndTheStoreGoesOn() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            let bytes = SeededBytes.random(4 << 20, seed: 1)
            let state = try await store.commit([("k", bytes)], to: model.id)
            let task = Task {
                try await store.withState(state.id, of: model.id) { reader in
                    withUnsafeCurrentTask { $0?.cancel() }
                    return try await reader.bytes(of: "k")
                }
            }
            let result = await task.result
            #expect(throws: (any Error).self) { try result.get() }
            #expect(try await store.bytes(of: "k", in: state.id, of: model.id) == bytes)
        }
    }
}
