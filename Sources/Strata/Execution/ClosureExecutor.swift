/// Runs model code that is Swift closures in this process: for embedders whose models are not programs, and for tests.
///
/// There is no launcher to wait for and nothing to isolate: only phases that run a closure take time. A closure that
/// ignores cancellation is abandoned at its time limit; whatever it provides or reports afterwards is refused.
public struct ClosureExecutor: ModelExecutor {
    public typealias CreateState = @Sendable (CreateModelStateCall, any StateReceiver) async throws -> Void
    public typealias InstantiateModel = @Sendable (InstantiateModelCall) async throws -> Instance

    /// A state that closures have loaded. What they throw is reported as an exception at their phase, unless it is an
    /// `ExecutionFailure`; what is not given is refused.
    public struct Instance: Sendable {
        public typealias Evaluate = @Sendable ([CallParameter]) async throws -> [EvaluationOutput]
        public typealias Train = @Sendable ([CallParameter], any TrainingObserver) async throws -> Void
        public typealias GetModelState = @Sendable (any StateReceiver) async throws -> Void

        let evaluate: Evaluate
        let train: Train
        let getModelState: GetModelState

        public init(evaluate: Evaluate? = nil, train: Train? = nil, getModelState: GetModelState? = nil) {
            self.evaluate = evaluate ?? { _ in throw ExecutionFailure.unknown(reason: "this model has no closure that evaluates") }
            self.train = train ?? { _, _ in throw ExecutionFailure.unknown(reason: "this model has no closure that trains") }
            self.getModelState = getModelState ?? { _ in throw ExecutionFailure.unknown(reason: "this model has no closure that gives its state") }
        }
    }

    private let createState: CreateState
    private let instantiate: InstantiateModel

    /// - Parameters:
    ///   - createState: provides the state's keys to the receiver, one after another. What it throws is reported as an
    ///     exception at createState, unless it is an `ExecutionFailure`.
    ///   - instantiate: loads a state, for training and evaluation; the same rule.
    public init(createState: @escaping CreateState, instantiate: InstantiateModel? = nil) {
        self.createState = createState
        self.instantiate = instantiate ?? { _ in throw ExecutionFailure.unknown(reason: "this model has no closure that loads states") }
    }

    /// For models whose states come from elsewhere.
    public init(instantiate: @escaping InstantiateModel) {
        self.init(
            createState: { _, _ in throw ExecutionFailure.unknown(reason: "this model has no closure that creates states") },
            instantiate: instantiate)
    }

    public func acquireLauncher(at location: ExecutionLocation) async throws -> any ModelLauncher {
        if case .persistentLauncher(let id) = location {
            throw StrataError(
                .persistentLauncherNotFound,
                "there is no persistent launcher `\(id)`: code that runs in-process has none; use a temporary launcher",
                context: ["persistentLauncherId": id.rawValue])
        }
        return ClosureLauncher(createState: createState, instantiate: instantiate)
    }
}

private struct ClosureLauncher: ModelLauncher {
    let createState: ClosureExecutor.CreateState
    let instantiate: ClosureExecutor.InstantiateModel

    var isReused: Bool { true }

    func start(_ code: ModelCode) async throws -> any ModelSession { ClosureSession(createState: createState, instantiate: instantiate) }

    func release() async -> ExecutionOutput? { nil }
}

private struct ClosureSession: ModelSession {
    let createState: ClosureExecutor.CreateState
    let instantiate: ClosureExecutor.InstantiateModel

    var isReused: Bool { true }

    func createModelState(_ call: CreateModelStateCall, receiver: any StateReceiver) async throws {
        let gate = GatedReceiver(receiver)
        defer { gate.close() }
        try await AbandonableCall.run(at: .createState) { [createState] in try await createState(call, gate) }
    }

    func instantiateModel(_ call: InstantiateModelCall) async throws -> any ModelInstance {
        ClosureInstance(closures: try await AbandonableCall.run(at: .instantiateModel) { [instantiate] in try await instantiate(call) })
    }

    func terminate(reusable: Bool) async {}
}

private struct ClosureInstance: ModelInstance {
    let closures: ClosureExecutor.Instance

    func evaluate(_ parameters: [CallParameter], expecting expected: [ParameterDefinition]) async throws -> [EvaluationOutput] {
        try await AbandonableCall.run(at: .evaluate) { [closures] in try await closures.evaluate(parameters) }
    }

    func train(_ parameters: [CallParameter], observer: any TrainingObserver) async throws {
        let gate = GatedObserver(observer)
        defer { gate.close() }
        try await AbandonableCall.run(at: .train) { [closures] in try await closures.train(parameters, gate) }
    }

    func getModelState(receiver: any StateReceiver) async throws {
        let gate = GatedReceiver(receiver)
        defer { gate.close() }
        try await AbandonableCall.run(at: .getState) { [closures] in try await closures.getModelState(gate) }
    }

    func dispose() async {}
}
