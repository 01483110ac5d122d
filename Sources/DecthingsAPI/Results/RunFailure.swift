/// The stage of a run at which it failed.
public enum RunStage: String, Sendable, Hashable, Codable {
    case codeStartup, createState, instantiateModel, train, getState, evaluate
}

/// Why a run of model code failed. A failed run is a result, not an API error.
public struct RunFailure: Error, Sendable, Hashable, Codable {
    public enum Code: String, Sendable, Hashable, Codable, CaseIterable {
        case launcherTerminated = "launcher_terminated"
        case cancelled
        case serverOverloaded = "server_overloaded"
        case invalidExecutableFile = "invalid_executable_file"
        case readExecutableFileFailed = "read_executable_file_failed"
        case unknown
        case maxDurationExceeded = "max_duration_exceeded"
        case codeTerminated = "code_terminated"
        case exception
        /// Evaluations only.
        case invalidOutput = "invalid_output"
    }

    public var code: Code
    /// With `exception` and `maxDurationExceeded`.
    public var at: RunStage?
    /// With `exception`: the stack trace.
    public var exceptionDetails: String?
    /// With `codeTerminated`, when the process exited.
    public var exitCode: Int32?
    /// With `codeTerminated`, when a signal ended the process: its name, such as `SIGKILL`.
    public var signal: String?
    /// With `codeTerminated`: whether the memory limit ended the process.
    public var oom: Bool?
    /// With `invalidOutput`: `invalid` or `not_applicable_to_parameter_definitions`.
    public var reason: String?
    /// With `invalidOutput`: a sentence.
    public var details: String?

    /// A failure without further fields. The codes that have fields have factories below.
    public init(_ code: Code) { self.code = code }

    public static func maxDurationExceeded(at stage: RunStage) -> RunFailure {
        var failure = RunFailure(.maxDurationExceeded)
        failure.at = stage
        return failure
    }

    public static func exception(at stage: RunStage, details: String?) -> RunFailure {
        var failure = RunFailure(.exception)
        failure.at = stage
        failure.exceptionDetails = details
        return failure
    }

    public static func codeTerminated(exitCode: Int32? = nil, signal: String? = nil, oom: Bool) -> RunFailure {
        var failure = RunFailure(.codeTerminated)
        failure.exitCode = exitCode
        failure.signal = signal
        failure.oom = oom
        return failure
    }

    /// - Parameter isWellFormed: true when the output is tensors, but not those that the model declares.
    public static func invalidOutput(isWellFormed: Bool, details: String) -> RunFailure {
        var failure = RunFailure(.invalidOutput)
        failure.reason = isWellFormed ? "not_applicable_to_parameter_definitions" : "invalid"
        failure.details = details
        return failure
    }
}

/// Why `createState` failed.
public typealias CreateStateFailure = RunFailure
