import DecthingsAPI
import Glibc
import Logging
import Strata

/// Finds out why a conversation with a process ended before its answer.
struct ConversationEnd: Sendable {
    let process: ModelProcess
    let connection: RuntimeConnection
    let confinement: SessionConfinement
    let logger: Logger

    /// How long a process that has closed its socket may take to end.
    private static let exitTime = Duration.seconds(2)

    /// The failure when the stream has ended, be it inside a frame: the process's own exit, which is waited for.
    ///
    /// A process that closed its socket but lives on is killed.
    func failureOfEnd() async throws -> ExecutionFailure {
        if let status = try await process.exit.value(within: Self.exitTime) {
            return try await blocking { [confinement] in confinement.failure(of: status) }
        }
        process.signalGroup(SIGKILL)
        return .unknown(reason: "the model process closed its socket without an answer and ran on; it was killed")
    }

    /// Kills a process that does not read what it is told.
    func endDeafProcess() {
        process.signalGroup(SIGKILL)
        logger.info("a model process did not read a command and was killed", metadata: ["process.id": "\(process.id)"])
    }

    /// The failure when a process breaks the protocol. Its stream has lost its frame, so it is killed.
    func failureOfBrokenFrame(_ error: WireError) -> ExecutionFailure {
        process.signalGroup(SIGKILL)
        logger.info("a model process broke the protocol and was killed", metadata: ["error": "\(error)"])
        return .unknown(reason: "the model process broke the runtime protocol: \(error.message)")
    }
}
