/// Whole milliseconds of making a model's first state; phases that did not happen are absent.
public struct InitialStateDurations: Sendable, Hashable, Codable {
    public var createLauncher: Int64
    /// Always present on success.
    public var codeStartup: Int64?
    /// Always present on success.
    public var createState: Int64?

    public init(createLauncher: Int64, codeStartup: Int64? = nil, createState: Int64? = nil) {
        self.createLauncher = createLauncher
        self.codeStartup = codeStartup
        self.createState = createState
    }
}

/// Why a model could not be made.
public enum CreateModelFailure: Sendable, Hashable, Codable {
    case cancelled
    case serverOverloaded
    case unknown
    /// The run that makes the first state failed.
    case createStateError(details: RunFailure, durations: InitialStateDurations)

    private enum CodingKeys: String, CodingKey { case code, details, createInitialStateDurations }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        switch try container.decode(String.self, forKey: .code) {
        case "cancelled": self = .cancelled
        case "server_overloaded": self = .serverOverloaded
        case "unknown": self = .unknown
        case "create_state_error":
            self = .createStateError(
                details: try container.decode(RunFailure.self, forKey: .details),
                durations: try container.decode(InitialStateDurations.self, forKey: .createInitialStateDurations))
        case let code: throw decoder.invalid("is the unknown code \(code.prefix(64))", key: CodingKeys.code)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .cancelled: try container.encode("cancelled", forKey: .code)
        case .serverOverloaded: try container.encode("server_overloaded", forKey: .code)
        case .unknown: try container.encode("unknown", forKey: .code)
        case .createStateError(let details, let durations):
            try container.encode("create_state_error", forKey: .code)
            try container.encode(details, forKey: .details)
            try container.encode(durations, forKey: .createInitialStateDurations)
        }
    }
}

/// Result of `waitForModelToBeCreated`: exactly one of `createModelSuccess` and `createModelFailed`.
public enum CreateModelOutcome: Sendable, Hashable, Codable {
    case success(InitialStateDurations)
    case failed(CreateModelFailure)

    private enum CodingKeys: String, CodingKey { case createModelSuccess, createModelFailed }
    private enum PartKeys: String, CodingKey { case createInitialStateDurations, error }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if container.contains(.createModelFailed) {
            let parts = try container.nestedContainer(keyedBy: PartKeys.self, forKey: .createModelFailed)
            self = .failed(try parts.decode(CreateModelFailure.self, forKey: .error))
        } else {
            let parts = try container.nestedContainer(keyedBy: PartKeys.self, forKey: .createModelSuccess)
            self = .success(try parts.decode(InitialStateDurations.self, forKey: .createInitialStateDurations))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .success(let durations):
            var parts = container.nestedContainer(keyedBy: PartKeys.self, forKey: .createModelSuccess)
            try parts.encode(durations, forKey: .createInitialStateDurations)
        case .failed(let error):
            var parts = container.nestedContainer(keyedBy: PartKeys.self, forKey: .createModelFailed)
            try parts.encode(error, forKey: .error)
        }
    }
}
