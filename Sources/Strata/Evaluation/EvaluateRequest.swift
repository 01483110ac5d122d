/// What `evaluate` is asked to do.
public struct EvaluateRequest: Sendable {
    public var modelID: ModelID
    /// The state to evaluate; nil takes the active one.
    public var stateID: StateID?
    /// Evaluates a snapshot's files and state instead, under its settings.
    public var snapshotID: SnapshotID?
    public var parameters: [ParameterInput]
    /// Nil takes a temporary launcher of the model's (or snapshot's) `evaluateLauncher`.
    public var location: ExecutionLocation?
    public var operationID: OperationID
    /// Leaves the state loaded, where the executor can, for later evaluations of it on the same persistent launcher.
    public var keepsInstance = false

    public init(
        modelID: ModelID, stateID: StateID? = nil, snapshotID: SnapshotID? = nil, parameters: [ParameterInput] = [],
        location: ExecutionLocation? = nil, operationID: OperationID = .random()
    ) {
        self.modelID = modelID
        self.stateID = stateID
        self.snapshotID = snapshotID
        self.parameters = parameters
        self.location = location
        self.operationID = operationID
    }
}

/// What became of an evaluation that was started. Refusals are thrown instead.
public struct EvaluateResult: Hashable, Sendable {
    public let id: OperationID
    /// Where it ran.
    public let location: ExecutionLocation
    public let durations: OperationDurations
    /// The outputs in the code's order; names may repeat.
    public let outcome: Result<[EvaluationOutput], ExecutionFailure>
}
