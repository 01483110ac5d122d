import Strata
import StrataTesting
import Testing

@Suite struct CreationSuccessTests {
    private static let weights = SeededBytes.random(3_000_000, seed: 1)

    @Test func whatTheCodeProvidesBecomesAState() async throws {
        try await CreationHarness.run { harness in
            let executor = ScriptedExecutor(keys: [("weights", Self.weights), ("", [1]), ("empty", [])])
            let request = harness.request()
            guard case .success(let id, let durations) = try await harness.create(request, on: executor) else {
                Issue.record("the creation failed")
                return
            }
            #expect(id == request.stateID)
            #expect(durations.phases == ["createLauncher", "codeStartup", "createState"])
            let state = try await harness.store.state(id, of: harness.model)
            #expect(state.name == "created" && !state.isActive && state.mounts == [] && state.trainingOperations == [])
            #expect(state.keys.map(\.key) == ["weights", "", "empty"])
            let contents = try await harness.store.contents(of: id, of: harness.model)
            #expect(contents == ["weights": Self.weights, "": [1], "empty": []])
            #expect(executor.terminations == [true])
            try await harness.expectNothingLeft(of: executor, states: 2)
        }
    }

    @Test func aStateWithoutKeysIsAState() async throws {
        try await CreationHarness.run { harness in
            let executor = ScriptedExecutor()
            guard case .success(let id, _) = try await harness.create(on: executor) else {
                Issue.record("the creation failed")
                return
            }
            let keys = try await harness.store.state(id, of: harness.model).keys
            #expect(keys == [])
        }
    }

    @Test(arguments: [(false, false), (true, false), (false, true), (true, true)])
    func whatStoodWarmHasNoDuration(launcher: Bool, code: Bool) async throws {
        try await CreationHarness.run { harness in
            var script = ScriptedExecutor.Script(steps: [.provide("k", [1])])
            (script.reusesLauncher, script.reusesCode) = (launcher, code)
            let executor = ScriptedExecutor(script)
            let durations = try await harness.create(on: executor).durations
            var expected: Set = ["createLauncher", "codeStartup", "createState"]
            if launcher { expected.remove("createLauncher") }
            if code { expected.remove("codeStartup") }
            #expect(durations.phases == expected)
            let parts = [durations.createLauncherMilliseconds, durations.codeStartupMilliseconds, durations.createStateMilliseconds]
            #expect(parts.allSatisfy { $0 ?? 0 >= 0 })
            #expect(durations.totalMilliseconds >= parts.reduce(0) { $0 + ($1 ?? 0) })
        }
    }

    @Test func codeAndParametersArriveByteForByte() async throws {
        try await CreationHarness.run { harness in
            let dataset = try await harness.store.createDataset(named: "d", keys: [.init(name: "x", shape: [-1]), .init(name: "y")])
            let items = (0..<4).map { Item(elementType: "u8", shape: [$0], bytes: SeededBytes.random($0 * 90_000, seed: 3)) }
            let scalar = Item(elementType: "i8", shape: [], bytes: [9])
            try await harness.store.appendEntries(items.map { ["x": $0, "y": scalar] }, to: dataset.id)
            let executor = ScriptedExecutor(.init(readsEverything: true))
            let big = SeededBytes.random(2_500_000, seed: 5)
            let request = harness.request([
                .inline(name: "seed", items: [Item(elementType: "f32", shape: [1], bytes: [1, 2, 3, 4])]),
                .dataset(name: "data", dataset: dataset.id, key: "x"),
                .inline(name: "none", items: []),
                .inline(name: "many", items: [scalar, Item(elementType: "u8", shape: [2_500_000], bytes: big), scalar]),
                .dataset(name: "again", dataset: dataset.id, key: "y"),
            ])
            _ = try await harness.create(request, on: executor)
            let call = try #require(executor.calls.first)
            #expect(call.parameters.map(\.name) == ["seed", "data", "none", "many", "again"])
            let expected = [[[1, 2, 3, 4]], items.map(\.bytes), [], [[9], big, [9]], Array(repeating: [9], count: 4)]
            #expect(call.parameters.map(\.items) == expected)
            #expect(call.codeFiles?.entries["main.py"]?.content == .file(Array("run".utf8)))
            #expect(call.code.modelID == harness.model && call.code.language == .python)
            try await harness.expectNothingLeft(of: executor, states: 2)
        }
    }

    @Test func mountedModelsArriveByteForByte() async throws {
        try await CreationHarness.run { harness in
            let store = harness.store
            let (first, second) = (try await store.createModel(named: "a").id, try await store.createModel(named: "b").id)
            try await store.changeFiles(of: first) { files in
                try await files.put("lib/x", Self.weights)
                try files.makeSymlink("link", to: "lib/x")
            }
            let state = try await store.commit([("w", Self.weights), ("b", [])], to: first)
            try await store.commit([("z", [5])], to: second, options: StateOptions(makeActive: true))
            let snapshot = try await store.createSnapshot(of: second, named: "s").id
            try await store.commit([("z", [6])], to: second, options: StateOptions(makeActive: true))
            let executor = ScriptedExecutor(.init(steps: [.provide("k", [1])], readsEverything: true))
            let request = harness.request(mounts: [
                MountRequest(modelID: first, selection: .state(state.id)), MountRequest(modelID: second, selection: .snapshot(snapshot)),
            ])
            guard case .success(let id, _) = try await harness.create(request, on: executor) else {
                Issue.record("the creation failed")
                return
            }
            let call = try #require(executor.calls.first)
            #expect(call.mounts.map(\.modelID) == [first, second])
            #expect(call.mounts[0].state.map(\.name) == ["w", "b"])
            #expect(call.mounts[0].state.map(\.items) == [[Self.weights], [[]]])
            #expect(call.mounts[1].state.map(\.items) == [[[5]]])
            #expect(call.mounts[0].files.entries["lib/x"]?.content == .file(Self.weights))
            #expect(call.mounts[0].files.entries["link"]?.content == .symlink("lib/x"))
            let mounts = try await store.state(id, of: harness.model).mounts
            #expect(mounts == [MountRecord(modelID: first), MountRecord(modelID: second, snapshotID: snapshot)])
            try await harness.expectNothingLeft(of: executor, states: 2)
        }
    }

    @Test func aModelMayMountItself() async throws {
        try await CreationHarness.run { harness in
            let active = try await harness.store.commit([("w", [1])], to: harness.model, options: StateOptions(makeActive: true))
            let executor = ScriptedExecutor(.init(readsEverything: true))
            _ = try await harness.create(harness.request(mounts: [MountRequest(modelID: harness.model)]), on: executor)
            let call = try #require(executor.calls.first)
            #expect(call.mounts.first?.state.map(\.items) == [[[1]]])
            try await harness.store.activateState(try await harness.store.states(of: harness.model).items[0].id, of: harness.model)
            try await harness.store.deleteState(active.id, of: harness.model)
            await expectRefusal(.stateNotFound) { _ = try await harness.store.state(active.id, of: harness.model) }
        }
    }

    @Test func whatIsMountedServesAsABase() async throws {
        try await CreationHarness.run { harness in
            let store = harness.store
            let other = try await store.createModel(named: "a").id
            let weights = SeededBytes.weights(1 << 18, seed: 1)
            let state = try await store.commit([("w", weights)], to: other)
            let before = try StoreFolder(store).packBytes()
            let trained = SeededBytes.trained(weights, seed: 2)
            let request = harness.request(mounts: [MountRequest(modelID: other, selection: .state(state.id))])
            _ = try await harness.create(request, on: ScriptedExecutor(keys: [("w", trained)]))
            let added = try StoreFolder(store).packBytes() - before
            #expect(added < before / 2)
        }
    }

    @Test func theLocationIsPassedOn() async throws {
        try await CreationHarness.run { harness in
            let executor = ScriptedExecutor()
            let spec = ExecutionLocation.temporaryLauncher(LauncherSpec(cpus: 0.25, memoryMebibytes: 77))
            let persistent = ExecutionLocation.persistentLauncher(.random())
            _ = try await harness.create(harness.request(location: spec), on: executor)
            _ = try await harness.create(harness.request(location: persistent), on: executor)
            #expect(executor.locations == [spec, persistent])
        }
    }

    @Test func codeIsTheSameWhileFilesStay() async throws {
        try await CreationHarness.run { harness in
            let executor = ScriptedExecutor(.init(readsEverything: true))
            _ = try await harness.create(on: executor)
            _ = try await harness.create(on: executor)
            try await harness.store.changeFiles(of: harness.model) { try await $0.put("main.py", [2]) }
            _ = try await harness.create(on: executor)
            let identities = executor.calls.map(\.code.filesIdentity)
            #expect(identities[0] == identities[1] && identities[1] != identities[2])
        }
    }

    @Test func twoCreationsRunAtOnce() async throws {
        try await CreationHarness.run { harness in
            let first = ScriptedExecutor(.goOnWhenCancelled, at: .createState)
            let hanging = Task { try await harness.create(on: first) }
            await first.reached(.createState)
            let second = ScriptedExecutor(keys: [("k", Self.weights)])
            guard case .success = try await harness.create(on: second) else {
                Issue.record("the creation failed")
                return
            }
            hanging.cancel()
            let result = try await hanging.value
            guard case .failed(.cancelled, _) = result else {
                Issue.record("\(result)")
                return
            }
            try await harness.expectNothingLeft(of: first, states: 2)
        }
    }

    @Test func manyCreationsAtOnceAllSucceed() async throws {
        try await CreationHarness.run { harness in
            let executor = ScriptedExecutor(.init(steps: [.provide("k", Self.weights)], readsEverything: true))
            try await withThrowingTaskGroup(of: CreateStateResult.self) { group in
                for _ in 0..<6 { group.addTask { try await harness.create(on: executor) } }
                for try await result in group {
                    guard case .success = result else {
                        Issue.record("\(result)")
                        continue
                    }
                }
            }
            #expect(executor.calls.count == 6)
            try await harness.expectNothingLeft(of: executor, states: 7)
        }
    }
}
