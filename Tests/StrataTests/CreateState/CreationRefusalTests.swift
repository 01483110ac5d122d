import Strata
import StrataTesting
import Testing

/// Refusals: nothing runs, nothing is left, the code says what is missing.
@Suite struct CreationRefusalTests {
    private func expectRefusedCreation(
        _ code: StrataError.Code, field: String? = nil, words: [String] = [], _ harness: CreationHarness,
        _ request: CreateStateRequest, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let executor = ScriptedExecutor(keys: [("k", [1])])
        await expectRefusal(code, field: field, words: words, sourceLocation: sourceLocation) {
            _ = try await harness.create(request, on: executor)
        }
        #expect(executor.locations.isEmpty, "something ran", sourceLocation: sourceLocation)
        try await harness.expectNothingLeft(of: executor, sourceLocation: sourceLocation)
    }

    @Test func missingThingsAreRefusedByTheirNames() async throws {
        try await CreationHarness.run { harness in
            let other = try await harness.store.createModel(named: "other").id
            let dataset = try await harness.store.createDataset(named: "d", keys: [.init(name: "x")]).id
            var unknownModel = harness.request()
            unknownModel.modelID = .random()
            try await expectRefusedCreation(.modelNotFound, words: [unknownModel.modelID.rawValue], harness, unknownModel)
            let mounts: [(MountRequest, StrataError.Code)] = [
                (MountRequest(modelID: .random()), .modelToMountNotFound),
                (MountRequest(modelID: other, selection: .state(.random())), .stateForModelToMountNotFound),
                (MountRequest(modelID: other, selection: .snapshot(.random())), .snapshotForModelToMountNotFound),
            ]
            for (mount, code) in mounts { try await expectRefusedCreation(code, harness, harness.request(mounts: [mount])) }
            try await expectRefusedCreation(
                .datasetNotFound, harness, harness.request([.dataset(name: "p", dataset: .random(), key: "x")]))
            try await expectRefusedCreation(
                .datasetKeyNotFound, words: ["`none`"], harness, harness.request([.dataset(name: "p", dataset: dataset, key: "none")]))
        }
    }

    @Test func whatContradictsItselfIsRefused() async throws {
        try await CreationHarness.run { harness in
            let other = try await harness.store.createModel(named: "other").id
            let twice = harness.request([.inline(name: "p", items: []), .inline(name: "p", items: [])])
            try await expectRefusedCreation(.invalidParameter, field: "params", words: ["`p`", "twice"], harness, twice)
            let mounts = harness.request(mounts: [MountRequest(modelID: other), MountRequest(modelID: other)])
            try await expectRefusedCreation(.invalidParameter, field: "mountModels", words: [other.rawValue], harness, mounts)
            let spec = harness.request(location: .temporaryLauncher(LauncherSpec(cpus: 0)))
            try await expectRefusedCreation(.invalidParameter, field: "executionLocation", words: ["0.0"], harness, spec)
        }
    }

    @Test func parametersAreHeldAgainstTheModelsDefinitions() async throws {
        let definitions = ParameterDefinitions(createState: [
            ParameterDefinition(name: "seed", shape: [-1, 2], allowedTypes: ["u8"]),
            ParameterDefinition(name: "extra", required: false),
        ])
        try await CreationHarness.run(settings: ModelSettings(parameterDefinitions: definitions)) { harness in
            func seed(_ type: String, _ shape: [Int]) -> ParameterInput {
                let items = [Item(elementType: "u8", shape: [1, 2], bytes: []), Item(elementType: type, shape: shape, bytes: [])]
                return .inline(name: "seed", items: items)
            }
            let bad: [([ParameterInput], [String])] = [
                ([], ["`seed`", "missing"]), ([.inline(name: "extra", items: [])], ["`seed`", "missing"]),
                ([seed("u8", [1, 2]), .inline(name: "odd", items: [])], ["`odd`", "`seed`", "`extra`"]),
                ([seed("f32", [1, 2])], ["item 1", "`seed`", "f32", "u8"]), ([seed("u8", [1, 3])], ["item 1", "[1, 3]", "[-1, 2]"]),
                ([seed("u8", [2])], ["[2]"]),
            ]
            for (parameters, words) in bad {
                try await expectRefusedCreation(
                    .invalidParameter, field: "params", words: words, harness, harness.request(parameters))
            }
            let dataset = try await harness.store.createDataset(named: "d", keys: [.init(name: "x", shape: [-1])]).id
            try await harness.store.appendEntries([["x": Item(elementType: "u8", shape: [4], bytes: [])]], to: dataset)
            try await expectRefusedCreation(
                .invalidParameter, field: "params", words: ["[4]"], harness,
                harness.request([.dataset(name: "seed", dataset: dataset, key: "x")]))
            let good = try await harness.create(harness.request([seed("u8", [7, 2])]), on: ScriptedExecutor())
            guard case .success = good else {
                Issue.record("\(good)")
                return
            }
        }
    }

    @Test func anUnknownPersistentLauncherIsARefusal() async throws {
        try await CreationHarness.run { harness in
            let id = LauncherID.random()
            let error = StrataError(.persistentLauncherNotFound, "there is no persistent launcher `\(id)`")
            let executor = ScriptedExecutor(.throwing(error), at: .acquireLauncher)
            await expectRefusal(.persistentLauncherNotFound, words: [id.rawValue]) {
                _ = try await harness.create(harness.request(location: .persistentLauncher(id)), on: executor)
            }
            #expect(executor.startCount == 0)
            try await harness.expectNothingLeft(of: executor)
        }
    }

    @Test func theIDOfAStateThatIsThereIsRefused() async throws {
        try await CreationHarness.run { harness in
            let id = try await harness.store.states(of: harness.model).items[0].id
            try await expectRefusedCreation(.conflict, words: [id.rawValue], harness, harness.request(stateID: id))
        }
    }

    @Test func aStateIDThatIsInUseIsRefused() async throws {
        try await CreationHarness.run { harness in
            let hanging = ScriptedExecutor(.hang, at: .createState)
            let request = harness.request()
            let task = Task { try await harness.create(request, on: hanging) }
            await hanging.reached(.createState)
            let second = ScriptedExecutor()
            await expectRefusal(.conflict, words: [request.stateID.rawValue]) { _ = try await harness.create(request, on: second) }
            #expect(second.locations.isEmpty)
            // The first one is untouched, and can still be cancelled.
            let listed = try await harness.store.creatingStates(of: harness.model).map(\.stateID)
            #expect(listed == [request.stateID])
            try await harness.store.cancelCreateState(request.stateID, of: harness.model)
            let result = try await task.value
            #expect(result == .failed(.cancelled, durations: result.durations))
            try await harness.expectNothingLeft(of: hanging)
        }
    }
}
