/// The phases of running model code that a failure or a time limit can name.
public enum ExecutionPhase: String, Sendable, Codable {
    case codeStartup, createState, instantiateModel, train, getState, evaluate
}

/// Why an operation that was started came to nothing. A result, not a refusal: it is recorded with its durations.
public enum ExecutionFailure: Error, Hashable, Sendable {
    /// The host has no room for the operation now.
    case serverOverloaded
    /// The entry file is missing or cannot be read; `path` is relative to the model's files.
    case readExecutableFileFailed(path: String)
    /// The entry file is no program that this machine can run.
    case invalidExecutableFile(reason: String)
    /// Model code raised; `details` is its traceback where there was one.
    case exception(at: ExecutionPhase, details: String?)
    /// The process ended before it answered. Exactly one of `exitCode` and `signal` (such as `SIGKILL`) is set.
    case codeTerminated(exitCode: Int32?, signal: String?, outOfMemory: Bool)
    case maxDurationExceeded(at: ExecutionPhase)
    case cancelled
    case launcherTerminated
    /// What `evaluate` returned is not what it must be; `reason` says in which respect.
    case invalidOutput(InvalidOutputReason, details: String)
    /// The code broke the protocol, or the host failed; the reason is for logs.
    case unknown(reason: String)

    /// The API's name of the failure (spec: model-api.md section 4.2).
    public var code: String {
        switch self {
        case .serverOverloaded: "server_overloaded"
        case .readExecutableFileFailed: "read_executable_file_failed"
        case .invalidExecutableFile: "invalid_executable_file"
        case .exception: "exception"
        case .codeTerminated: "code_terminated"
        case .maxDurationExceeded: "max_duration_exceeded"
        case .cancelled: "cancelled"
        case .launcherTerminated: "launcher_terminated"
        case .invalidOutput: "invalid_output"
        case .unknown: "unknown"
        }
    }
}

/// In which respect an output is wrong (spec: model-api.md section 7.1).
public enum InvalidOutputReason: String, Sendable, Codable {
    /// It is not made of tensors.
    case invalid
    /// It does not fit what the model declares.
    case notApplicableToParameterDefinitions = "not_applicable_to_parameter_definitions"
}
