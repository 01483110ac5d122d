package import DecthingsAPI
package import Strata

/// Outcomes of runs in the API's words; the command prints the same.

extension RunFailure {
    package init(of failure: ExecutionFailure) {
        self =
            switch failure {
            case .serverOverloaded: RunFailure(.serverOverloaded)
            case .readExecutableFileFailed: RunFailure(.readExecutableFileFailed)
            case .invalidExecutableFile: RunFailure(.invalidExecutableFile)
            case .exception(let phase, let details): .exception(at: RunStage(phase), details: details)
            case .codeTerminated(let exitCode, let signal, let outOfMemory):
                .codeTerminated(exitCode: exitCode, signal: signal, oom: outOfMemory)
            case .maxDurationExceeded(let phase): .maxDurationExceeded(at: RunStage(phase))
            case .cancelled: RunFailure(.cancelled)
            case .launcherTerminated: RunFailure(.launcherTerminated)
            case .invalidOutput(let reason, let details):
                .invalidOutput(isWellFormed: reason == .notApplicableToParameterDefinitions, details: details)
            case .unknown: RunFailure(.unknown)
            }
    }
}

extension RunStage {
    package init(_ phase: ExecutionPhase) {
        self =
            switch phase {
            case .codeStartup: .codeStartup
            case .createState: .createState
            case .instantiateModel: .instantiateModel
            case .train: .train
            case .getState: .getState
            case .evaluate: .evaluate
            }
    }
}

extension DecthingsAPI.CreateStateResult {
    package init(_ result: Strata.CreateStateResult) {
        let durations = CreateStateDurations(
            total: Int64(result.durations.totalMilliseconds),
            createLauncher: result.durations.createLauncherMilliseconds.map(Int64.init),
            codeStartup: result.durations.codeStartupMilliseconds.map(Int64.init),
            createState: result.durations.createStateMilliseconds.map(Int64.init))
        switch result {
        case .success(let id, _): self = .success(durations: durations, stateId: id.rawValue)
        case .failed(let failure, _): self = .failed(durations: durations, error: RunFailure(of: failure))
        }
    }
}

extension UsedLauncher {
    /// - Parameter spec: of a persistent launcher, by its id.
    init(_ location: Strata.ExecutionLocation, spec: (LauncherID) -> Strata.LauncherSpec) {
        self =
            switch location {
            case .persistentLauncher(let id): .persistentLauncher(id: id.rawValue, DecthingsAPI.LauncherSpec(spec(id)))
            case .temporaryLauncher(let spec): .temporaryLauncher(DecthingsAPI.LauncherSpec(spec))
            }
    }
}
