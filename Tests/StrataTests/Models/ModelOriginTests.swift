import Strata
import StrataTesting
import Testing

@Suite struct ModelOriginTests {
    /// A model with files, an active state of two keys and a snapshot of them.
    private func withOrigin(_ body: (StateStore, Model, Snapshot) async throws -> Void) async throws {
        try await withTemporaryStore { store in
            let settings = ModelSettings(maxDurations: MaxDurations(createStateSeconds: 11))
            let model = try await store.createModel(named: "origin", options: ModelOptions(settings: settings))
            try await store.changeFiles(of: model.id) { files in
                try await files.put("main.py", Array("print(1)".utf8))
                try await files.put("lib/a.py", SeededBytes.text(100_000, seed: 3))
            }
            var options = StateOptions(makeActive: true)
            options.trainingOperations = ["t1"]
            try await store.commit(
                [("w", SeededBytes.random(200_000, seed: 1)), ("b", [1])], to: model.id, named: "v1", options: options)
            let snapshot = try await store.createSnapshot(of: model.id, named: "s")
            try await body(store, try await store.model(model.id), snapshot)
        }
    }

    @Test func aModelBasedOnASnapshotRunsItsCodeAndBeginsWithItsState() async throws {
        try await withOrigin { store, origin, snapshot in
            let model = try await store.createModel(
                named: "based", options: ModelOptions(origin: .basedOnSnapshot(snapshot.id, of: origin.id)))
            #expect(model.basedOnSnapshot?.modelID == origin.id)
            #expect(model.basedOnSnapshot?.snapshotID == snapshot.id)
            #expect(model.basedOnSnapshot?.noLongerExists == false)
            #expect(model.filesystemSizeMebibytes == nil)
            #expect(model.settings == origin.settings)
            #expect(try await store.fileBytes(at: "main.py", of: model.id) == Array("print(1)".utf8))
            #expect(try await store.contents(of: model.id) == store.contents(of: origin.id))
            await expectRefusal(.accessDenied) { try await store.changeFiles(of: model.id) { try await $0.put("x", [1]) } }
            await expectRefusal(.accessDenied) { try await store.setFilesystemSize(of: model.id, mebibytes: 64) }
            try await expectNothingLeft(in: store)
        }
    }

    @Test func aModelKnowsThatItsSnapshotIsGoneAndKeepsItsStates() async throws {
        try await withOrigin { store, origin, snapshot in
            let model = try await store.createModel(
                named: "based", options: ModelOptions(origin: .basedOnSnapshot(snapshot.id, of: origin.id)))
            let own = try await store.commit([("own", [7])], to: model.id)
            let contents = try await store.contents(of: origin.id)
            try await store.deleteSnapshot(snapshot.id, of: origin.id)
            let read = try await store.model(model.id)
            #expect(read.basedOnSnapshot?.noLongerExists == true)
            #expect(read.basedOnSnapshot?.snapshotID == snapshot.id)
            #expect(try await store.contents(of: model.id) == contents)
            #expect(try await store.contents(of: own.id, of: model.id) == ["own": [7]])
            let executor = ScriptedExecutor(keys: [("k", [1])])
            await expectRefusal(.snapshotNoLongerExists, words: [snapshot.id.rawValue]) {
                _ = try await store.createState(CreateStateRequest(modelID: model.id, name: "s"), on: executor)
            }
            #expect(executor.locations.isEmpty)
            await expectRefusal(.snapshotNoLongerExists) { _ = try await store.files(of: model.id) }
            await expectRefusal(.snapshotNoLongerExists) { _ = try await store.createSnapshot(of: model.id, named: "x") }
            try await store.deleteModel(model.id)
            #expect(try await store.statistics().modelCount == 1)
        }
    }

    @Test func deletingTheOriginTakesTheSnapshotToo() async throws {
        try await withOrigin { store, origin, snapshot in
            let model = try await store.createModel(
                named: "based", options: ModelOptions(origin: .basedOnSnapshot(snapshot.id, of: origin.id)))
            let contents = try await store.contents(of: origin.id)
            try await store.deleteModel(origin.id)
            #expect(try await store.model(model.id).basedOnSnapshot?.noLongerExists == true)
            #expect(try await store.contents(of: model.id) == contents)
        }
    }

    @Test(arguments: [false, true])
    func aCopyIsIndependentOfItsOrigin(ofSnapshot: Bool) async throws {
        try await withOrigin { store, origin, snapshot in
            let source: ModelOptions.Origin = ofSnapshot ? .copyOfSnapshot(snapshot.id, of: origin.id) : .copyOfModel(origin.id)
            let packs = try StoreFolder(store).packBytes()
            let copy = try await store.createModel(named: "copy", options: ModelOptions(origin: source))
            #expect(try StoreFolder(store).packBytes() == packs)
            #expect(copy.basedOnSnapshot == nil && copy.stateCount == 1 && copy.settings == origin.settings)
            let state = try await store.state(copy.activeStateID, of: copy.id)
            #expect(state.name == "v1")
            try await store.changeFiles(of: copy.id) { try await $0.put("main.py", Array("print(2)".utf8)) }
            #expect(try await store.fileBytes(at: "main.py", of: origin.id) == Array("print(1)".utf8))
            try await store.changeFiles(of: origin.id) { try $0.remove("lib", recursively: true) }
            #expect(try await store.fileBytes(at: "lib/a.py", of: copy.id) == SeededBytes.text(100_000, seed: 3))
            let contents = try await store.contents(of: origin.id)
            try await store.deleteModel(origin.id)
            #expect(try await store.contents(of: copy.id) == contents)
            #expect(try await store.fileBytes(at: "main.py", of: copy.id) == Array("print(2)".utf8))
            try await store.deleteModel(copy.id)
            #expect(try await store.statistics().distinctBytes == 0)
        }
    }

    @Test func aCopyTakesTheActiveStateAlone() async throws {
        try await withOrigin { store, origin, _ in
            try await store.commit([("other", [1])], to: origin.id, named: "not active")
            let copy = try await store.createModel(named: "copy", options: ModelOptions(origin: .copyOfModel(origin.id)))
            let states = try await store.states(of: copy.id).items
            #expect(states.map(\.name) == ["v1"])
            #expect(states[0].baseStateID == origin.activeStateID && states[0].trainingOperations == ["t1"])
        }
    }

    @Test func settingsOfTheirOwnTakePrecedenceOverTheOrigins() async throws {
        try await withOrigin { store, origin, _ in
            let settings = ModelSettings(language: .go)
            let copy = try await store.createModel(
                named: "copy", options: ModelOptions(settings: settings, origin: .copyOfModel(origin.id)))
            #expect(copy.settings == settings)
        }
    }

    @Test func missingOriginsAreRefused() async throws {
        try await withOrigin { store, origin, snapshot async throws in
            let unknown = ModelID.random()
            let cases: [(ModelOptions.Origin, StrataError.Code)] = [
                (.copyOfModel(unknown), .modelNotFound), (.copyOfSnapshot(snapshot.id, of: unknown), .modelNotFound),
                (.basedOnSnapshot(.random(), of: origin.id), .snapshotNotFound),
                (.copyOfSnapshot(.random(), of: origin.id), .snapshotNotFound),
                (.basedOnSnapshot(snapshot.id, of: unknown), .modelNotFound),
            ]
            for (source, code) in cases {
                await expectRefusal(code) { _ = try await store.createModel(named: "x", options: ModelOptions(origin: source)) }
            }
            #expect(try await store.models().total == 1)
        }
    }
}
