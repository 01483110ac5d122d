/// Which state of a model running code loads.
public enum LoadSelection: Hashable, Sendable {
    /// The state with this id, or the active one.
    case state(String?)
    /// A snapshot's state, with the snapshot's files and settings.
    case snapshot(String)
}

/// The state that running code loads, pinned.
public struct LoadedState: Sendable {
    /// Nil for a snapshot's.
    public let stateID: String?
    public let snapshotID: String?
    public let keys: [KeyRow]
    public let lineageJSON: String
    public let mountsJSON: String
}

/// What a new operation's record says.
public struct OperationInsertion: Sendable {
    public let operationID: String
    public let kind: String
    public let newStateID: String?
    public let newStateName: String?
    public let startedAt: Int64
    /// Where the operation runs, which may depend on the settings of the model or snapshot.
    public let launcherJSON: @Sendable (_ settingsJSON: String) throws -> String

    public init(
        operationID: String, kind: String, newStateID: String? = nil, newStateName: String? = nil, startedAt: Int64,
        launcherJSON: @escaping @Sendable (_ settingsJSON: String) throws -> String
    ) {
        self.operationID = operationID
        self.kind = kind
        self.newStateID = newStateID
        self.newStateName = newStateName
        self.startedAt = startedAt
        self.launcherJSON = launcherJSON
    }
}

/// The record of an operation, without what its processes wrote.
public struct OperationRow: Hashable, Sendable {
    let row: Int64
    public let operationID: String
    public let kind: String
    public let modelID: String
    public let isRunning: Bool
    public let baseState: String?
    public let baseSnapshot: String?
    public let newState: String?
    public let newStateName: String?
    public let launcherJSON: String
    public let startedAt: Int64
    public let finishedAt: Int64?
    public let status: String
    public let phase: String?
    public let isCancelRequested: Bool
    public let progress: String?
    public let durationsJSON: String
    public let failureJSON: String?
    public let metricCount: Int
    public let droppedMetrics: Int64
    /// Public id of the key that began it.
    public let madeBy: String?
}

/// What an operation reported since the last time; written in one transaction.
public struct OperationNote: Sendable {
    /// A metric's name, its number in the operation, and how many entries it has with those of this note.
    public struct MetricName: Hashable, Sendable {
        public let number: Int
        public let name: String
        public let entryCount: Int

        public init(number: Int, name: String, entryCount: Int) {
            self.number = number
            self.name = name
            self.entryCount = entryCount
        }
    }

    public struct MetricEntry: Hashable, Sendable {
        public let metricNumber: Int
        public let index: Int
        public let timestamp: Int64
        public let tensor: [UInt8]

        public init(metricNumber: Int, index: Int, timestamp: Int64, tensor: [UInt8]) {
            self.metricNumber = metricNumber
            self.index = index
            self.timestamp = timestamp
            self.tensor = tensor
        }
    }

    public var phase: String?
    public var progress: String?
    public var durationsJSON: String?
    public var metricNames: [MetricName] = []
    public var metrics: [MetricEntry] = []
    public var droppedMetrics: Int64 = 0
    public var usage: [UsageRow] = []
    /// Only samples whose number this divides are kept, of those that are there already too; nil keeps all.
    public var usageStride: Int?

    public init() {}

    public var isEmpty: Bool {
        phase == nil && progress == nil && durationsJSON == nil && metrics.isEmpty && droppedMetrics == 0 && usage.isEmpty && usageStride == nil
    }
}

/// How an operation ended.
public struct OperationEnding: Sendable {
    public let operationID: String
    public let finishedAt: Int64
    public let durationsJSON: String
    /// Nil for success.
    public let failureJSON: String?
    public let standardOutput: [UInt8]?
    public let standardError: [UInt8]?
    /// What is left to write.
    public let note: OperationNote
    /// How many ended operations of this kind the model keeps.
    public let recordsMax: Int

    public init(
        operationID: String, finishedAt: Int64, durationsJSON: String, failureJSON: String?, standardOutput: [UInt8]?,
        standardError: [UInt8]?, note: OperationNote, recordsMax: Int
    ) {
        self.operationID = operationID
        self.finishedAt = finishedAt
        self.durationsJSON = durationsJSON
        self.failureJSON = failureJSON
        self.standardOutput = standardOutput
        self.standardError = standardError
        self.note = note
        self.recordsMax = recordsMax
    }
}

/// What becomes of an operation's record when the operation gives back what it held.
public enum OperationEnd: Sendable {
    /// It was refused before it ran: no record stays.
    case discarded(operationID: String)
    case ended(OperationEnding)
}

/// A metric and the number of its entries.
public struct MetricNameRow: Hashable, Sendable {
    public let name: String
    public let entryCount: Int
}

public struct MetricEntryRow: Hashable, Sendable {
    public let timestamp: Int64
    public let tensor: [UInt8]
}

/// What an operation's processes used at one moment.
public struct UsageRow: Hashable, Sendable {
    public let sample: Int
    public let timestamp: Int64
    /// Thousandths of a core.
    public let cpuMilli: Int64
    public let memoryBytes: Int64
    public let diskBytes: Int64?

    public init(sample: Int, timestamp: Int64, cpuMilli: Int64, memoryBytes: Int64, diskBytes: Int64?) {
        self.sample = sample
        self.timestamp = timestamp
        self.cpuMilli = cpuMilli
        self.memoryBytes = memoryBytes
        self.diskBytes = diskBytes
    }
}

/// What came of asking something of an operation that may have ended or never been.
public enum OperationAnswer: Hashable, Sendable {
    case done, notFound, isRunning, hasEnded
}
