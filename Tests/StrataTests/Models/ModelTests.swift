import Strata
import StrataTesting
import Testing

@Suite struct ModelTests {
    @Test func aNewModelHasOneActiveStateNamedInitialWithoutKeys() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            let states = try await store.states(of: model.id)
            #expect(states.total == 1)
            let state = try #require(states.items.first)
            #expect(state.name == "initial" && state.isActive && state.keys.isEmpty)
            #expect(model.activeStateID == state.id)
            #expect(model.stateCount == 1 && model.snapshotCount == 0)
            #expect(model.filesystemSizeMebibytes == 32)
            #expect(model.settings == ModelSettings())
            #expect(try await store.contents(of: model.id) == [:])
        }
    }

    @Test func whatAModelIsMadeWithIsWhatIsRead() async throws {
        try await withTemporaryStore { store in
            var options = ModelOptions(settings: Self.settings, description: "a model")
            options.tags = [Tag("stage", "test"), Tag("a", "b")]
            options.isPublic = true
            options.filesystemSizeMebibytes = 7
            let made = try await store.createModel(named: "Ünïcode", options: options)
            let read = try await store.model(made.id)
            #expect(read == made)
            #expect(read.name == "Ünïcode" && read.description == "a model" && read.isPublic)
            #expect(read.tags == options.tags && read.settings == Self.settings)
            #expect(read.filesystemSizeMebibytes == 7 && read.owner == "local")
        }
    }

    private static let settings = ModelSettings(
        language: .rust, wasm: true,
        parameterDefinitions: ParameterDefinitions(
            createState: [ParameterDefinition(name: "seed", shape: [-1, 3], allowedTypes: ["f32"], annotations: ["x"])]),
        createStateLauncher: LauncherSpec(cpus: 0.5, memoryMebibytes: 64, diskMebibytes: 10, swapMebibytes: 0),
        maxDurations: MaxDurations(codeStartupSeconds: 3))

    @Test func anUpdateChangesWhatItNamesAndNothingElse() async throws {
        try await withTemporaryStore { store in
            var options = ModelOptions(description: "before")
            options.tags = [Tag("a", "1")]
            let model = try await store.createModel(named: "m", options: options)
            try await store.updateModel(model.id, ModelChange(name: "n"))
            var read = try await store.model(model.id)
            #expect(read.name == "n" && read.description == "before" && read.tags == [Tag("a", "1")])
            try await store.updateModel(
                model.id, ModelChange(description: "after", isPublic: true, tags: [], settings: Self.settings))
            read = try await store.model(model.id)
            #expect(read.name == "n" && read.description == "after" && read.isPublic && read.tags.isEmpty)
            #expect(read.settings == Self.settings)
        }
    }

    @Test func aNameIsUsedOncePerOwner() async throws {
        try await withTemporaryFolder { folder in
            try await withStore(at: folder + "/s") { store in
                let model = try await store.createModel(named: "m")
                let other = try await store.createModel(named: "n")
                await expectRefusal(.nameAlreadyUsed, words: ["`m`"]) { _ = try await store.createModel(named: "m") }
                await expectRefusal(.nameAlreadyUsed) { try await store.updateModel(other.id, ModelChange(name: "m")) }
                try await store.updateModel(model.id, ModelChange(name: "m"))
                #expect(try await store.models().total == 2)
            }
            var options = StateStore.Options()
            options.owner = "somebody"
            try await withStore(at: folder + "/s", options: options) { store async throws in
                #expect(try await store.createModel(named: "m").owner == "somebody")
            }
        }
    }

    @Test func anUnknownModelIsNotFound() async throws {
        try await withTemporaryStore { store in
            let id = ModelID.random()
            await expectRefusal(.modelNotFound, words: [id.rawValue]) { _ = try await store.model(id) }
            await expectRefusal(.modelNotFound) { try await store.updateModel(id, ModelChange(name: "n")) }
            await expectRefusal(.modelNotFound) { try await store.deleteModel(id) }
            await expectRefusal(.modelNotFound) { _ = try await store.states(of: id) }
            await expectRefusal(.modelNotFound) { _ = try await store.state(.random(), of: id) }
            await expectRefusal(.modelNotFound) { _ = try await store.commit([("k", [1])], to: id) }
            await expectRefusal(.modelNotFound) { _ = try await store.files(of: id) }
            await expectRefusal(.modelNotFound) { try await store.changeFiles(of: id) { _ in } }
            await expectRefusal(.modelNotFound) { _ = try await store.snapshots(of: id) }
            await expectRefusal(.modelNotFound) { _ = try await store.createSnapshot(of: id, named: "s") }
            await expectRefusal(.modelNotFound) { _ = try await store.bytes(of: "k", of: id) }
            await expectRefusal(.modelNotFound) { _ = try await store.creatingStates(of: id) }
            await expectRefusal(.modelNotFound) { try await store.setFilesystemSize(of: id, mebibytes: 3) }
            try await expectNothingLeft(in: store)
        }
    }

    @Test func deletingAModelTakesEverythingOfItWithIt() async throws {
        try await withTemporaryStore { store in
            let kept = try await store.createModel(named: "kept")
            let model = try await store.createModel(named: "m")
            try await store.commit([("k", SeededBytes.random(300_000, seed: 1)), ("s", [1, 2])], to: model.id)
            try await store.changeFiles(of: model.id) { try await $0.put("a/b", SeededBytes.text(100_000, seed: 1)) }
            let snapshot = try await store.createSnapshot(of: model.id, named: "s")
            try await store.deleteModel(model.id)
            await expectRefusal(.modelNotFound) { _ = try await store.snapshot(snapshot.id, of: model.id) }
            let statistics = try await store.statistics()
            #expect(statistics.modelCount == 1 && statistics.stateCount == 1 && statistics.snapshotCount == 0)
            #expect(statistics.logicalBytes == 0 && statistics.distinctBytes == 0 && statistics.inlineBytes == 0)
            #expect(statistics.wasteBytes > 300_000)
            #expect(try await store.models().items.map(\.id) == [kept.id])
            #expect(try await store.createModel(named: "m").id != model.id)
        }
    }
}
