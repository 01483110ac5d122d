/// What kind of run an operation is.
public enum OperationKind: String, Sendable, Codable, CaseIterable {
    case createState, train, evaluate
}

/// A creation, training or evaluation of a model, running or ended: what the store remembers of it.
///
/// It is durable from the moment at which the operation was accepted, and goes with its model.
public struct OperationRecord: Hashable, Sendable, Identifiable {
    public enum Status: Hashable, Sendable {
        /// It runs, in this process or another. A training tells its phase; nil before the code starts, and for others.
        case running(phase: ExecutionPhase?)
        case finished
        /// `launcherTerminated` also when the process that ran it died.
        case failed(ExecutionFailure)
    }

    public let id: OperationID
    public let kind: OperationKind
    public let modelID: ModelID
    /// The state that the code loaded; it may be gone. Nil for creations, and for evaluations of a snapshot.
    public let baseStateID: StateID?
    /// The snapshot that was evaluated; it may be gone.
    public let baseSnapshotID: SnapshotID?
    /// The id that the new state has, or would have had; nil for evaluations.
    public let newStateID: StateID?
    public let newStateName: String?
    public let location: ExecutionLocation
    public let startedAtMilliseconds: Int64
    public let finishedAtMilliseconds: Int64?
    public let status: Status
    /// The last number that training code reported.
    public let progress: Double?
    /// Of the phases that have ended.
    public let durations: OperationDurations
    /// Somebody asked for its end, and it has not ended yet.
    public let isCancelRequested: Bool
    /// Entries of all metrics that are kept.
    public let metricCount: Int
    /// Entries beyond the bounds (100,000 entries, 16 MiB, 1,000 names an operation), or with a name that cannot be kept.
    public let droppedMetricCount: Int
    /// The key for which it was begun (`StateStore.making`); nil for nobody's.
    public let maker: APIKeyID?

    public var isRunning: Bool { if case .running = status { true } else { false } }
}

/// A metric of a training and how many entries it has.
public struct TrainingMetric: Hashable, Sendable, Codable {
    public let name: String
    public let amount: Int

    public init(name: String, amount: Int) {
        self.name = name
        self.amount = amount
    }
}

/// One value of a metric.
public struct MetricEntry: Hashable, Sendable {
    /// When the host received it.
    public let timestampMilliseconds: Int64
    /// The serialized tensor, as the code gave it.
    public let tensor: [UInt8]
}

/// What an operation's processes used at one moment.
public struct UsageSample: Hashable, Sendable, Codable {
    public let timestampMilliseconds: Int64
    /// Cores in use since the sample before, to a thousandth.
    public let cpus: Double
    public let memoryBytes: Int64
    /// Nil where that is not measured.
    public let diskBytes: Int64?
}
