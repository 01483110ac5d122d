/// Params of `train`.
public struct TrainParams: Sendable, Hashable, Codable {
    public var modelId: String
    /// The active state when absent.
    public var stateId: String?
    public var newStateName: String
    public var params: [ParameterProvider]
    public var executionLocation: ExecutionLocation

    public init(
        modelId: String, stateId: String? = nil, newStateName: String, params: [ParameterProvider],
        executionLocation: ExecutionLocation
    ) {
        self.modelId = modelId
        self.stateId = stateId
        self.newStateName = newStateName
        self.params = params
        self.executionLocation = executionLocation
    }
}

/// Params of `getTrainingStatus`, `cancelTrainingSession` and `clearPreviousTrainingSession`.
public struct TrainingSessionParams: Sendable, Hashable, Codable {
    public var modelId: String
    public var trainingSessionId: String

    public init(modelId: String, trainingSessionId: String) {
        self.modelId = modelId
        self.trainingSessionId = trainingSessionId
    }
}

/// Params of `getTrainingMetrics`.
public struct GetTrainingMetricsParams: Sendable, Hashable, Codable {
    public struct Range: Sendable, Hashable, Codable {
        public var name: String
        public var startIndex: UInt32
        public var amount: UInt32

        public init(name: String, startIndex: UInt32, amount: UInt32) {
            self.name = name
            self.startIndex = startIndex
            self.amount = amount
        }
    }

    public var modelId: String
    public var trainingSessionId: String
    public var metrics: [Range]

    public init(modelId: String, trainingSessionId: String, metrics: [Range]) {
        self.modelId = modelId
        self.trainingSessionId = trainingSessionId
        self.metrics = metrics
    }
}

/// Params of `getTrainingSysinfo`.
public struct GetTrainingSysinfoParams: Sendable, Hashable, Codable {
    public var modelId: String
    public var trainingSessionId: String
    /// Milliseconds since 1970; only later points are wanted.
    public var fromTimestamp: Int64?

    public init(modelId: String, trainingSessionId: String, fromTimestamp: Int64? = nil) {
        self.modelId = modelId
        self.trainingSessionId = trainingSessionId
        self.fromTimestamp = fromTimestamp
    }
}

/// Params of `evaluate`.
public struct EvaluateParams: Sendable, Hashable, Codable {
    public var modelId: String
    public var params: [ParameterProvider]
    /// The model's files and active state when absent.
    public var snapshotId: String?

    public init(modelId: String, params: [ParameterProvider], snapshotId: String? = nil) {
        self.modelId = modelId
        self.params = params
        self.snapshotId = snapshotId
    }
}

/// Params of `getFinishedEvaluationResult` and `cancelEvaluation`.
public struct EvaluationParams: Sendable, Hashable, Codable {
    public var modelId: String
    public var evaluationId: String

    public init(modelId: String, evaluationId: String) {
        self.modelId = modelId
        self.evaluationId = evaluationId
    }
}

/// How warm a persistent launcher is kept for evaluations.
public enum LauncherLevel: String, Sendable, Hashable, Codable {
    case launcher, codeStart, instantiatedModel
}

/// A persistent launcher that evaluations of a model use.
public struct UsedPersistentLauncher: Sendable, Hashable, Codable {
    public var persistentLauncherId: String
    public var level: LauncherLevel

    public init(persistentLauncherId: String, level: LauncherLevel) {
        self.persistentLauncherId = persistentLauncherId
        self.level = level
    }
}

/// Params of `setUsedPersistentLaunchersForEvaluate`.
public struct SetUsedPersistentLaunchersParams: Sendable, Hashable, Codable {
    public var modelId: String
    public var persistentLaunchers: [UsedPersistentLauncher]

    public init(modelId: String, persistentLaunchers: [UsedPersistentLauncher]) {
        self.modelId = modelId
        self.persistentLaunchers = persistentLaunchers
    }
}
