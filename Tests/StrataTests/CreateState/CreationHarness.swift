import Strata
import StrataTesting
import Testing

/// A store with one model of generous time limits, for running creations.
struct CreationHarness {
    let store: StateStore
    let model: ModelID

    static func run(
        settings: ModelSettings = ModelSettings(), _ body: (CreationHarness) async throws -> Void
    ) async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m", options: ModelOptions(settings: settings))
            try await store.changeFiles(of: model.id) { try await $0.put("main.py", Array("run".utf8)) }
            try await body(CreationHarness(store: store, model: model.id))
        }
    }

    func request(
        _ parameters: [ParameterInput] = [], mounts: [MountRequest] = [], location: ExecutionLocation? = nil,
        stateID: StateID = .random()
    ) -> CreateStateRequest {
        CreateStateRequest(
            modelID: model, name: "created", parameters: parameters, mounts: mounts,
            location: location ?? .temporaryLauncher(LauncherSpec()), stateID: stateID)
    }

    func create(_ request: CreateStateRequest? = nil, on executor: any ModelExecutor) async throws -> CreateStateResult {
        try await store.createState(request ?? self.request(), on: executor)
    }

    /// Runs a creation that must fail in this way and leave nothing.
    @discardableResult
    func expectFailure(
        _ failure: ExecutionFailure, request: CreateStateRequest? = nil, on executor: ScriptedExecutor,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> OperationDurations {
        let result = try await create(request, on: executor)
        guard case .failed(let actual, let durations) = result else {
            Issue.record("the creation succeeded", sourceLocation: sourceLocation)
            return result.durations
        }
        #expect(actual == failure, sourceLocation: sourceLocation)
        try await expectNothingLeft(of: executor, sourceLocation: sourceLocation)
        return durations
    }

    /// Expects the one state that the model was made with, and nothing of an operation. (Pins: CatalogTests.)
    func expectNothingLeft(
        of executor: ScriptedExecutor? = nil, states: Int = 1, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let leftovers = executor?.leftovers ?? []
        #expect(leftovers == [], sourceLocation: sourceLocation)
        let total = try await store.states(of: model).total
        #expect(total == states, sourceLocation: sourceLocation)
        let creating = try await store.creatingStates(of: model)
        #expect(creating == [], sourceLocation: sourceLocation)
        try await StrataTests.expectNothingLeft(in: store, sourceLocation: sourceLocation)
    }
}

extension OperationDurations {
    /// Which phases have a duration; all of them must be whole numbers of milliseconds from zero on.
    var phases: Set<String> {
        let named = [
            ("createLauncher", createLauncherMilliseconds), ("codeStartup", codeStartupMilliseconds),
            ("createState", createStateMilliseconds),
        ]
        return Set(named.compactMap { name, value in value.map { _ in name } })
    }
}
