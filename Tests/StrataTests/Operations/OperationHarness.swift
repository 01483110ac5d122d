import Strata
import StrataTesting
import Testing

/// A store with one model, its active state `start` and code, for running trainings and evaluations.
struct OperationHarness {
    /// What hangs in a test hangs until the test lets it go, however slow the machine is.
    static let patient = MaxDurations(
        codeStartupSeconds: 86400, instantiateModelSeconds: 86400, createStateSeconds: 86400, trainSeconds: 86400, evaluateSeconds: 86400)
    static let weights = SeededBytes.weights(40_000, seed: 1)

    let store: StateStore
    let model: ModelID
    let start: State

    static func run(
        settings: ModelSettings = ModelSettings(maxDurations: patient), options: StateStore.Options = StateStore.Options(),
        _ body: (OperationHarness) async throws -> Void
    ) async throws {
        try await withTemporaryStore(options: options) { store in
            let model = try await store.createModel(named: "m", options: ModelOptions(settings: settings))
            try await store.changeFiles(of: model.id) { try await $0.put("main.py", Array("run".utf8)) }
            let start = try await store.commit(
                [("w", weights), ("empty", [])], to: model.id, named: "start", options: StateOptions(makeActive: true))
            try await body(OperationHarness(store: store, model: model.id, start: start))
        }
    }

    func trainRequest(_ parameters: [ParameterInput] = [], stateID: StateID? = nil) -> TrainRequest {
        TrainRequest(modelID: model, stateID: stateID, newStateName: "trained", parameters: parameters)
    }

    /// Trains and waits.
    func train(_ request: TrainRequest? = nil, on executor: any ModelExecutor) async throws -> TrainResult {
        let id = try await store.train(request ?? trainRequest(), on: executor)
        return try await store.waitForTraining(id, of: model)
    }

    /// Expects the two states that the model begins with and those that were made, and nothing of an operation but records. (Pins: CatalogTests.)
    func expectNothingLeft(
        of executor: ScriptedExecutor? = nil, made: Int = 0, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let leftovers = executor?.leftovers ?? []
        #expect(leftovers == [], sourceLocation: sourceLocation)
        let total = try await store.states(of: model).total
        #expect(total == 2 + made, sourceLocation: sourceLocation)
        let running = try await store.operations(of: model, isRunning: true).total
        #expect(running == 0, sourceLocation: sourceLocation)
        try await StrataTests.expectNothingLeft(in: store, sourceLocation: sourceLocation)
    }
}

extension Item {
    static func byte(_ value: UInt8) -> Item { Item(elementType: "u8", shape: [], bytes: [value]) }
}

extension TrainResult {
    var failure: ExecutionFailure? { if case .failed(let failure, _) = self { failure } else { nil } }
    var stateID: StateID? { if case .success(let id, _) = self { id } else { nil } }
}
