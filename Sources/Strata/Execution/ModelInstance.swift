/// A state that running code has loaded. It lives as long as its session, or until it is disposed of.
///
/// Calls come one after another. Each may be cancelled at any await; the session must be terminated then, as not reusable.
public protocol ModelInstance: Sendable {
    /// True when it was kept from an earlier operation: this one then has no duration of its loading.
    var isReused: Bool { get }

    /// Calls the code's `evaluate`.
    ///
    /// - Parameter expected: what the model declares of its outputs, which some runtimes are told.
    /// - Returns: the outputs in the code's order; names may repeat. All of them are in memory, within the executor's bound.
    /// - Throws: `ExecutionFailure`, `.invalidOutput` among them when what came back is not made of tensors.
    func evaluate(_ parameters: [CallParameter], expecting expected: [ParameterDefinition]) async throws -> [EvaluationOutput]

    /// Calls the code's `train` and passes on what it reports, in order.
    ///
    /// - Throws: `ExecutionFailure`; errors of `observer` pass through unchanged.
    func train(_ parameters: [CallParameter], observer: any TrainingObserver) async throws

    /// Calls the code's `getModelState` and streams what it provides into `receiver`, as `createModelState` does.
    ///
    /// - Throws: `ExecutionFailure`; errors of `receiver` pass through unchanged.
    func getModelState(receiver: any StateReceiver) async throws

    /// Forgets the instance; the code may keep its memory. Called at most once, and not after a call that failed.
    func dispose() async
}

extension ModelInstance {
    public var isReused: Bool { false }
}

/// One named output of an evaluation.
public struct EvaluationOutput: Hashable, Sendable {
    public let name: String
    public let items: [Item]

    public init(name: String, items: [Item]) {
        self.name = name
        self.items = items
    }
}

/// Is told what training code reports. Calls come one after another, from one task.
public protocol TrainingObserver: Sendable {
    /// A finite number that the code chose; by custom from 0 to 1.
    func progress(_ value: Double) async throws
    /// One value of a metric.
    func metric(_ name: String, _ item: Item) async throws
}
