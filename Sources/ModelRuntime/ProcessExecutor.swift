public import Logging
public import Strata
import Synchronization

/// Runs real Decthings models, each operation in a process of its own that is gone afterwards.
///
/// Python models run in an interpreter with the package `decthings-model`; models in Rust and Go are executables that
/// speak the runtime protocol. A process gets a private folder with the code's files as its working directory, an
/// environment that holds nothing of the host's but `PATH`, no input, and one socket to the host. It is not confined
/// otherwise: it may use the machine as the host's user may. The launcher's spec is not enforced.
///
/// A running session costs four descriptors, one sleeping thread and a copy of the code's files; starting one takes some
/// 10 ms beside what the program itself needs, which for Python is the loading of its packages. Values and items are
/// streamed: a session keeps about 2 MiB of them at a time, whatever their size.
public struct ProcessExecutor: ModelExecutor {
    private let configuration: Configuration
    private let logger: Logger
    private let slots: LauncherSlots

    /// - Parameters:
    ///   - configuration: where and how processes run.
    ///   - logger: told of starts and ends at debug, of processes that failed or had to be killed at info and above.
    public init(
        configuration: Configuration = Configuration(), logger: Logger = Logger(label: "strata.model-runtime")
    ) {
        self.configuration = configuration
        self.logger = logger
        slots = LauncherSlots(countMax: configuration.launchersMax)
    }

    /// Gives a temporary launcher. There are no persistent ones: their ids are refused.
    ///
    /// - Throws: `StrataError` with code `persistent_launcher_not_found`; `ExecutionFailure.serverOverloaded` when
    ///   `launchersMax` are in use.
    public func acquireLauncher(at location: ExecutionLocation) async throws -> any ModelLauncher {
        let spec: LauncherSpec
        switch location {
        case .temporaryLauncher(let asked): spec = asked
        case .persistentLauncher(let id):
            throw StrataError(
                .persistentLauncherNotFound,
                "there is no persistent launcher `\(id)`: this executor has none; use a temporary launcher",
                context: ["persistentLauncherId": id.rawValue])
        }
        guard slots.take() else {
            logger.info("a launcher was refused", metadata: ["launchers.max": "\(configuration.launchersMax)"])
            throw ExecutionFailure.serverOverloaded
        }
        do {
            let confinement = try await blocking { [configuration, logger] in
                try LauncherConfinement(spec: spec, configuration: configuration, logger: logger)
            }
            return ProcessLauncher(configuration: configuration, logger: logger, confinement: confinement, slots: slots)
        } catch {
            slots.giveBack()
            throw error
        }
    }
}

/// Counts the launchers in use.
final class LauncherSlots: Sendable {
    private let countMax: Int
    private let count = Mutex(0)

    init(countMax: Int) { self.countMax = countMax }

    func take() -> Bool {
        count.withLock { count in
            guard count < countMax else { return false }
            count += 1
            return true
        }
    }

    func giveBack() { count.withLock { $0 -= 1 } }
}
