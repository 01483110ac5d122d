import Foundation
import Logging
import ModelRuntime
import Strata
import Synchronization
import Testing

/// Runs a Python script as a model within limits, and checks that nothing is left of it: no process, no file, no group.
struct ConfinedRun: Sendable {
    var spec = LauncherSpec(cpus: 2, memoryMebibytes: 512)
    var isolation = ProcessExecutor.Configuration.Confinement.Isolation.automatic
    var limits = ProcessExecutor.Configuration.Confinement.Limits.automatic
    var createLimit = Duration.seconds(60)
    var configure: @Sendable (inout ProcessExecutor.Configuration) -> Void = { _ in }

    func run(_ script: String, sourceLocation: SourceLocation = #_sourceLocation) async throws -> ModelRun.Outcome {
        let log = KeptLog()
        var run = ModelRun("runs_script")
        run.spec = spec
        run.logger = log.logger
        run.createLimit = createLimit
        run.parameters = [CallParameter("script", [Array(script.utf8)])]
        run.configure = { [self] configuration in
            configuration.confinement.isolation = isolation
            configuration.confinement.limits = limits
            configure(&configuration)
        }
        let outcome = try await run.run(sourceLocation: sourceLocation)
        for group in log.groups {
            #expect(!FileManager.default.fileExists(atPath: group), "the group is left", sourceLocation: sourceLocation)
        }
        #expect(log.errors.isEmpty, sourceLocation: sourceLocation)
        return outcome
    }
}

/// Keeps what is logged.
final class KeptLog: Sendable {
    struct Entry: Sendable {
        let level: Logger.Level
        let message: String
        let metadata: Logger.Metadata
    }

    private let kept = Mutex<[Entry]>([])

    var entries: [Entry] { kept.withLock { $0 } }
    var errors: [String] { entries.filter { $0.level >= .error }.map { "\($0.message) \($0.metadata)" } }

    /// Folders of the control groups that sessions were put into.
    var groups: [String] {
        entries.flatMap { entry -> [String] in
            guard case .array(let values) = entry.metadata["groups"] else { return [] }
            return values.map { "\($0)" }
        }
    }

    var logger: Logger {
        var logger = Logger(label: "test") { [self] _ in Handler(log: self) }
        logger.logLevel = .debug
        return logger
    }

    fileprivate func keep(_ entry: Entry) { kept.withLock { $0.append(entry) } }

    private struct Handler: LogHandler {
        let log: KeptLog
        var metadata = Logger.Metadata()
        var logLevel = Logger.Level.debug

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            log.keep(Entry(level: event.level, message: "\(event.message)", metadata: event.metadata ?? [:]))
        }
    }
}
