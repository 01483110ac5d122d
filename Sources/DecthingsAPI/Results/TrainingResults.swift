/// Result of `train`.
public struct TrainResult: Sendable, Hashable, Codable {
    public var trainingSessionId: String

    public init(trainingSessionId: String) {
        self.trainingSessionId = trainingSessionId
    }
}

/// Whole milliseconds until a training session or evaluation could begin; phases that did not happen are absent.
public struct StartDurations: Sendable, Hashable, Codable {
    public var createLauncher: Int64?
    public var codeStartup: Int64?
    public var createInstantiatedModel: Int64?

    public init(createLauncher: Int64? = nil, codeStartup: Int64? = nil, createInstantiatedModel: Int64? = nil) {
        self.createLauncher = createLauncher
        self.codeStartup = codeStartup
        self.createInstantiatedModel = createInstantiatedModel
    }
}

/// How far a training session is. Durations are milliseconds.
public struct TrainingStatus: Sendable, Hashable, Codable {
    public enum State: String, Sendable, Hashable, Codable {
        case starting, running, gettingState, completed, failed
    }

    public var state: State
    /// In every state but `starting`.
    public var startDurations: StartDurations?
    /// `running`: what the model last reported, 0 before.
    public var progress: Double?
    /// `gettingState`, `completed`, and `failed` when training had ended.
    public var trainDuration: Int64?
    /// `completed`, and `failed` when the state had been got.
    public var getStateDuration: Int64?
    /// `completed` and `failed`: milliseconds since 1970.
    public var finishedAt: Int64?
    /// `completed`.
    public var createdStateId: String?
    /// `failed`.
    public var failReason: RunFailure?

    public init(
        state: State, startDurations: StartDurations? = nil, progress: Double? = nil, trainDuration: Int64? = nil,
        getStateDuration: Int64? = nil, finishedAt: Int64? = nil, createdStateId: String? = nil,
        failReason: RunFailure? = nil
    ) {
        self.state = state
        self.startDurations = startDurations
        self.progress = progress
        self.trainDuration = trainDuration
        self.getStateDuration = getStateDuration
        self.finishedAt = finishedAt
        self.createdStateId = createdStateId
        self.failReason = failReason
    }
}

/// Result of `getTrainingStatus`.
public struct TrainingStatusResult: Sendable, Hashable, Codable {
    public struct Metric: Sendable, Hashable, Codable {
        public var name: String
        /// Number of entries.
        public var amount: Int

        public init(name: String, amount: Int) {
            self.name = name
            self.amount = amount
        }
    }

    public var id: String
    public var modelId: String
    public var newStateName: String
    /// Milliseconds since 1970.
    public var createdAt: Int64
    public var metrics: [Metric]
    public var executionLocation: UsedLauncher
    public var status: TrainingStatus

    public init(
        id: String, modelId: String, newStateName: String, createdAt: Int64, metrics: [Metric],
        executionLocation: UsedLauncher, status: TrainingStatus
    ) {
        self.id = id
        self.modelId = modelId
        self.newStateName = newStateName
        self.createdAt = createdAt
        self.metrics = metrics
        self.executionLocation = executionLocation
        self.status = status
    }
}

/// Result of `getTrainingMetrics`; one blob with one tensor follows for each entry of each metric, in order.
public struct TrainingMetricsResult: Sendable, Hashable, Codable {
    public struct Entry: Sendable, Hashable, Codable {
        /// Milliseconds since 1970.
        public var timestamp: Int64

        public init(timestamp: Int64) {
            self.timestamp = timestamp
        }
    }

    public struct Metric: Sendable, Hashable, Codable {
        public var name: String
        public var startIndex: Int
        public var entries: [Entry]

        public init(name: String, startIndex: Int, entries: [Entry]) {
            self.name = name
            self.startIndex = startIndex
            self.entries = entries
        }
    }

    public var metrics: [Metric]

    public init(metrics: [Metric]) {
        self.metrics = metrics
    }
}
