import DecthingsAPI
import Foundation
import Strata
import StrataServer

/// The result of `createState` as the API gives it.
struct CreationOutcome: JSONDocument {
    private let result: DecthingsAPI.CreateStateResult

    init(_ result: Strata.CreateStateResult) { self.result = DecthingsAPI.CreateStateResult(result) }

    func encode(to encoder: any Encoder) throws { try result.encode(to: encoder) }

    private static let durationFields: [JSONField] = [
        .init("durations.total", "whole milliseconds"),
        .init("durations.createLauncher", "of acquiring the launcher, where that happened"),
        .init("durations.codeStartup", "of loading the code, where that happened"),
        .init("durations.createState", "of createModelState and the commit, where that happened"),
    ]

    static let fields: [JSONField] = .all(
        durationFields.below("success"), [.init("success.stateId", "the new state's id")],
        durationFields.below("failed"),
        [
            .init("failed.error.code", "the API's name of the failure, such as exception or code_terminated"),
            .init("failed.error.at", "the phase: codeStartup or createState"),
            .init("failed.error.exceptionDetails", "the traceback"),
            .init("failed.error.exitCode", "how the process exited"), .init("failed.error.signal", "what ended the process"),
            .init("failed.error.oom", "whether the memory limit did"),
        ])

    static func text(_ state: State, _ durations: OperationDurations) -> String {
        let phases = [
            durations.codeStartupMilliseconds.map { "code start-up \(Text.duration(milliseconds: $0))" },
            durations.createStateMilliseconds.map { "creating \(Text.duration(milliseconds: $0))" },
        ]
        let size = "\(Text.count(state.keys.count, "key")), \(Text.size(state.sizeBytes))"
        let time = Text.duration(milliseconds: durations.totalMilliseconds)
        let parts = phases.compactMap(\.self).joined(separator: ", ")
        let active = state.isActive ? "; it is active now" : ""
        return "created state `\(Text.printable(state.name))` (\(state.id)): \(size) in \(time) (\(parts))\(active)"
    }

    /// - Parameter output: what the code printed, shown where it may explain the failure.
    static func sentence(_ failure: ExecutionFailure, output: String) -> String {
        let printed = output.isEmpty ? "" : "\nIt printed:\n" + output.suffix(4000)
        switch failure {
        case .serverOverloaded: return "there is no room for the operation now"
        case .readExecutableFileFailed(let path): return "the model's entry file `\(path)` is missing or cannot be read"
        case .invalidExecutableFile(let reason): return "the model's code cannot be run: \(reason)"
        case .exception(let phase, let details):
            let trace = (details ?? "(no details)").trimmingCharacters(in: .newlines)
            return "the model's code raised at \(phase.rawValue):\n\(trace)"
        case .codeTerminated(let exitCode, let signal, let outOfMemory):
            let how = outOfMemory ? "was killed at its memory limit" : signal.map { "was killed by \($0)" } ?? "exited with \(exitCode ?? -1)"
            return "the model's process \(how) before it answered\(printed)"
        case .maxDurationExceeded(let phase): return "the time limit of \(phase.rawValue) has passed\(printed)"
        case .cancelled: return "the operation was cancelled"
        case .launcherTerminated: return "the launcher was ended"
        case .invalidOutput(_, let details): return "the model's output is not what it must be: \(details)"
        case .unknown(let reason): return "the run failed: \(reason)\(printed)"
        }
    }
}
