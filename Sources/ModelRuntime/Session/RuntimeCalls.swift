import DecthingsAPI
import Logging
import NIOCore
import Strata
import Synchronization

/// The conversation with one process: calls, one after another, each with its items served and its answer received.
final class RuntimeCalls: Sendable {
    let mediaLayout: MediaLayout
    private let connection: RuntimeConnection
    private let events: RuntimeEvents
    private let ending: ConversationEnd
    private let logger: Logger
    private let count = Mutex(0)

    init(
        connection: RuntimeConnection, events: RuntimeEvents, ending: ConversationEnd, mediaLayout: MediaLayout, logger: Logger
    ) {
        self.connection = connection
        self.events = events
        self.ending = ending
        self.mediaLayout = mediaLayout
        self.logger = logger
    }

    /// An id that no call, instance or training of this process had before.
    func makeID() -> String {
        count.withLock { count in
            defer { count += 1 }
            return String(count)
        }
    }

    /// Makes one call and returns when it was answered with success.
    ///
    /// - Parameters:
    ///   - id: the call's id, which `command` names too.
    ///   - datasets: what the process may pull meanwhile.
    /// - Throws: `ExecutionFailure`; what the content's receivers and the item sources throw; `CancellationError`.
    @discardableResult
    func call(
        _ command: RuntimeCommand, id: String, at phase: ExecutionPhase, serving datasets: ServedDatasets,
        content: CallContent = .nothing
    ) async throws -> [EvaluationOutput] {
        let server = ItemServer(datasets: datasets, connection: connection, logger: logger)
        let reception = CallReception(
            callID: id, phase: phase, content: content, events: events, server: server, logger: logger)
        do {
            return try await withThrowingTaskGroup(of: [EvaluationOutput]?.self) { group in
                group.addTask {
                    try await server.run(after: RuntimeFrames.command(command))
                    return nil
                }
                group.addTask { try await reception.run() }
                defer { group.cancelAll() }
                // The server may end first, when the process has closed its socket; the answer decides.
                while let answer = try await group.next() {
                    if let answer { return answer }
                }
                throw CancellationError()
            }
        } catch is RuntimeConnection.Ended {
            throw try await ending.failureOfEnd()
        } catch let error as WireError {
            throw ending.failureOfBrokenFrame(error)
        }
    }

    /// Sends a command that is never answered; a process that is gone is no error.
    func tell(_ command: RuntimeCommand) async {
        try? await connection.write(ByteBuffer(bytes: RuntimeFrames.command(command)))
    }
}
