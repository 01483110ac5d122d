/// How an operation's failure stands in the catalog, as JSON.
struct FailureRecord: Codable, Hashable {
    var code: String
    var at: ExecutionPhase?
    /// Traceback, reason or path.
    var details: String?
    var exitCode: Int32?
    var signal: String?
    var oom: Bool?
    var reason: InvalidOutputReason?

    init(_ failure: ExecutionFailure) {
        code = failure.code
        switch failure {
        case .serverOverloaded, .cancelled, .launcherTerminated: break
        case .readExecutableFileFailed(let path): details = path
        case .invalidExecutableFile(let reason), .unknown(let reason): details = reason
        case .exception(let phase, let details): (at, self.details) = (phase, details)
        case .codeTerminated(let exitCode, let signal, let outOfMemory): (self.exitCode, self.signal, oom) = (exitCode, signal, outOfMemory)
        case .maxDurationExceeded(let phase): at = phase
        case .invalidOutput(let reason, let details): (self.reason, self.details) = (reason, details)
        }
        details = details.map { String(decoding: OperationLimits.end(of: $0, bytesMax: OperationLimits.failureTextBytesMax), as: UTF8.self) }
    }

    /// What another version wrote, or damage left, is a failure of unknown kind.
    var failure: ExecutionFailure {
        switch (code, at) {
        case ("server_overloaded", _): .serverOverloaded
        case ("cancelled", _): .cancelled
        case ("launcher_terminated", _): .launcherTerminated
        case ("read_executable_file_failed", _): .readExecutableFileFailed(path: details ?? "")
        case ("invalid_executable_file", _): .invalidExecutableFile(reason: details ?? "")
        case ("exception", let phase?): .exception(at: phase, details: details)
        case ("code_terminated", _): .codeTerminated(exitCode: exitCode, signal: signal, outOfMemory: oom ?? false)
        case ("max_duration_exceeded", let phase?): .maxDurationExceeded(at: phase)
        case ("invalid_output", _): .invalidOutput(reason ?? .invalid, details: details ?? "")
        default: .unknown(reason: details ?? code)
        }
    }
}

/// How an operation's place stands in the catalog, as JSON; the form is the API's.
struct LocationRecord: Codable, Hashable {
    var type: String
    var persistentLauncherId: LauncherID?
    var spec: LauncherSpec?

    init(_ location: ExecutionLocation) {
        switch location {
        case .persistentLauncher(let id): (type, persistentLauncherId) = ("persistentLauncher", id)
        case .temporaryLauncher(let spec): (type, self.spec) = ("temporaryLauncher", spec)
        }
    }

    var location: ExecutionLocation? {
        if let persistentLauncherId { return .persistentLauncher(persistentLauncherId) }
        return spec.map { .temporaryLauncher($0) }
    }
}
