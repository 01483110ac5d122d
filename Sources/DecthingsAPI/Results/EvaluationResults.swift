/// Whole milliseconds of the phases of an evaluation; phases that did not happen are absent.
public struct EvaluateDurations: Sendable, Hashable, Codable {
    public var createLauncher: Int64?
    public var codeStartup: Int64?
    public var createInstantiatedModel: Int64?
    /// Always present on success.
    public var evaluate: Int64?

    public init(
        createLauncher: Int64? = nil, codeStartup: Int64? = nil, createInstantiatedModel: Int64? = nil,
        evaluate: Int64? = nil
    ) {
        self.createLauncher = createLauncher
        self.codeStartup = codeStartup
        self.createInstantiatedModel = createInstantiatedModel
        self.evaluate = evaluate
    }
}

/// An output of an evaluation; its tensors are the blob at the same place.
public struct EvaluateOutput: Sendable, Hashable, Codable {
    public var name: String

    public init(name: String) {
        self.name = name
    }
}

/// An evaluation that ended well.
public struct EvaluateSuccess: Sendable, Hashable, Codable {
    /// Milliseconds.
    public var totalDuration: Int64
    public var durations: EvaluateDurations
    public var executedOnLauncher: UsedLauncher
    public var output: [EvaluateOutput]

    public init(
        totalDuration: Int64, durations: EvaluateDurations, executedOnLauncher: UsedLauncher,
        output: [EvaluateOutput]
    ) {
        self.totalDuration = totalDuration
        self.durations = durations
        self.executedOnLauncher = executedOnLauncher
        self.output = output
    }
}

/// An evaluation that failed.
public struct EvaluateFailed: Sendable, Hashable, Codable {
    /// Milliseconds.
    public var totalDuration: Int64
    public var durations: EvaluateDurations
    public var executedOnLauncher: UsedLauncher
    public var error: RunFailure

    public init(
        totalDuration: Int64, durations: EvaluateDurations, executedOnLauncher: UsedLauncher, error: RunFailure
    ) {
        self.totalDuration = totalDuration
        self.durations = durations
        self.executedOnLauncher = executedOnLauncher
        self.error = error
    }
}

/// Result of `evaluate` and `getFinishedEvaluationResult`: `success` or `failed`.
///
/// For clients that read an older field, `repeatedSuccess` sends the success under `evaluationSuccess` as well; the Rust
/// client refuses that, so send it only where a `User-Agent` is present, and never for `evaluate`.
public enum EvaluateResult: Sendable, Hashable, Codable {
    case success(EvaluateSuccess)
    case repeatedSuccess(EvaluateSuccess)
    case failed(EvaluateFailed)

    private enum CodingKeys: String, CodingKey { case success, evaluationSuccess, failed }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if container.contains(.failed) {
            self = .failed(try container.decode(EvaluateFailed.self, forKey: .failed))
        } else {
            let success = try container.decode(EvaluateSuccess.self, forKey: .success)
            self = container.contains(.evaluationSuccess) ? .repeatedSuccess(success) : .success(success)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .success(let success):
            try container.encode(success, forKey: .success)
        case .repeatedSuccess(let success):
            try container.encode(success, forKey: .success)
            try container.encode(success, forKey: .evaluationSuccess)
        case .failed(let failed):
            try container.encode(failed, forKey: .failed)
        }
    }
}

/// Result of `getEvaluations`. Times are milliseconds since 1970.
public struct GetEvaluationsResult: Sendable, Hashable, Codable {
    public struct Running: Sendable, Hashable, Codable {
        public var id: String
        public var startedAt: Int64

        public init(id: String, startedAt: Int64) {
            self.id = id
            self.startedAt = startedAt
        }
    }

    public struct Finished: Sendable, Hashable, Codable {
        public var id: String
        public var startedAt: Int64
        public var finishedAt: Int64
        public var success: Bool

        public init(id: String, startedAt: Int64, finishedAt: Int64, success: Bool) {
            self.id = id
            self.startedAt = startedAt
            self.finishedAt = finishedAt
            self.success = success
        }
    }

    public var running: [Running]
    public var finished: [Finished]

    public init(running: [Running], finished: [Finished]) {
        self.running = running
        self.finished = finished
    }
}

/// Result of `getUsedPersistentLaunchersForEvaluate`.
public struct UsedPersistentLaunchersResult: Sendable, Hashable, Codable {
    public var usedPersistentLaunchers: [UsedPersistentLauncher]

    public init(usedPersistentLaunchers: [UsedPersistentLauncher]) {
        self.usedPersistentLaunchers = usedPersistentLaunchers
    }
}
