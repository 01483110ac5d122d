import Glibc
import Logging
import Strata

/// What confines the processes of one model session, and tells what they did.
final class SessionConfinement: Sendable {
    private let folder: WorkingFolder
    private let configuration: ProcessExecutor.Configuration
    private let logger: Logger

    init(folder: WorkingFolder, configuration: ProcessExecutor.Configuration, logger: Logger) {
        self.folder = folder
        self.configuration = configuration
        self.logger = logger
    }

    /// The request that starts the same program inside its bounds. Blocks.
    func confine(_ request: SpawnRequest) throws -> SpawnRequest {
        guard configuration.endsWithHost else { return request }
        return HostDeath.binding(request, searchPath: configuration.searchPath)
    }

    /// Called once, when the program that `confine` described was started. Blocks.
    func began(_ process: ModelProcess) {}

    /// The failure that an operation reports when its process ended like this before it answered. Blocks.
    func failure(of status: ExitStatus) -> ExecutionFailure { status.failure }

    /// What the session's processes have used since they were started. Blocks.
    func usage() -> ResourceUsage? { nil }

    /// Kills every process that belongs to the session and still runs, its leader included.
    ///
    /// Blocks: call it again until it finds none.
    /// - Returns: how many were found.
    func kill(leader: pid_t?) -> Int { SessionProcesses(socketPath: folder.socket, leader: leader).kill() }

    /// Blocks. Call when no process is left.
    func close() {}
}
