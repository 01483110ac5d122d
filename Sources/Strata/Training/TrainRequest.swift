/// What `train` is asked to do.
public struct TrainRequest: Sendable {
    public var modelID: ModelID
    /// The state that the training starts from; nil takes the active one.
    public var stateID: StateID?
    /// The name of the state that comes of it, 1 to 255 bytes.
    public var newStateName: String
    public var parameters: [ParameterInput]
    public var location: ExecutionLocation
    /// The training session's id.
    public var operationID: OperationID
    /// The id that the new state will have.
    public var newStateID: StateID

    public init(
        modelID: ModelID, stateID: StateID? = nil, newStateName: String, parameters: [ParameterInput] = [],
        location: ExecutionLocation = .temporaryLauncher(LauncherSpec()), operationID: OperationID = .random(), newStateID: StateID = .random()
    ) {
        self.modelID = modelID
        self.stateID = stateID
        self.newStateName = newStateName
        self.parameters = parameters
        self.location = location
        self.operationID = operationID
        self.newStateID = newStateID
    }
}

/// What became of a training that was started. Refusals are thrown instead.
public enum TrainResult: Hashable, Sendable {
    case success(stateID: StateID, durations: OperationDurations)
    case failed(ExecutionFailure, durations: OperationDurations)

    public var durations: OperationDurations {
        switch self {
        case .success(_, let durations), .failed(_, let durations): durations
        }
    }
}

/// How far a training has come (spec: model-api.md section 6.1).
public struct TrainingStatus: Hashable, Sendable {
    public enum Phase: Hashable, Sendable {
        /// Until the code has loaded the state.
        case starting
        /// `progress` is what the code reported last, 0 before.
        case running(progress: Double)
        /// The code gives the trained state.
        case gettingState
        case completed(StateID, finishedAtMilliseconds: Int64)
        case failed(ExecutionFailure, finishedAtMilliseconds: Int64)
    }

    public let id: OperationID
    public let modelID: ModelID
    public let newStateName: String
    public let createdAtMilliseconds: Int64
    /// Each metric with its number of entries, in the order in which they first came.
    public let metrics: [TrainingMetric]
    public let location: ExecutionLocation
    public let phase: Phase
    /// Of the phases that have ended.
    public let durations: OperationDurations

    init(_ record: OperationRecord, metrics: [TrainingMetric]) {
        id = record.id
        modelID = record.modelID
        newStateName = record.newStateName ?? ""
        createdAtMilliseconds = record.startedAtMilliseconds
        self.metrics = metrics
        location = record.location
        durations = record.durations
        let finishedAt = record.finishedAtMilliseconds ?? record.startedAtMilliseconds
        phase =
            switch record.status {
            case .running(.train): .running(progress: record.progress ?? 0)
            case .running(.getState): .gettingState
            case .running: .starting
            case .finished:
                record.newStateID.map { .completed($0, finishedAtMilliseconds: finishedAt) }
                    ?? .failed(.unknown(reason: "the record does not name the state"), finishedAtMilliseconds: finishedAt)
            case .failed(let failure): .failed(failure, finishedAtMilliseconds: finishedAt)
            }
    }
}
