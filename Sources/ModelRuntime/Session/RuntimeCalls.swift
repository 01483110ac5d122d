import DecthingsAPI
import Logging
import Strata
import Synchronization

/// The conversation with one process: calls, one after another, each with its items served and its answer received.
final class RuntimeCalls: Sendable {
    let mediaLayout: MediaLayout
    private let frames: OutboundFrames
    private let events: RuntimeEvents
    private let ending: ConversationEnd
    private let logger: Logger
    private let count = Mutex(0)

    init(
        frames: OutboundFrames, events: RuntimeEvents, ending: ConversationEnd, mediaLayout: MediaLayout, logger: Logger
    ) {
        self.frames = frames
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

    /// Why no further call can be made; nil while all is well.
    var breakage: String? { frames.breakage }

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
        let server = ItemServer(datasets: datasets, frames: frames, logger: logger)
        let reception = CallReception(
            callID: id, phase: phase, content: content, events: events, server: server, logger: logger)
        do {
            return try await converse(server, command, reception)
        } catch is RuntimeConnection.Ended {
            if let breakage { throw ExecutionFailure.unknown(reason: breakage) }
            throw try await ending.failureOfEnd()
        } catch let error as WireError {
            throw ending.failureOfBrokenFrame(error)
        }
    }

    /// What happens in the course of a call.
    private enum Event {
        case served(Result<Void, any Error>)
        case answered(Result<[EvaluationOutput], ExecutionFailure>)
        case late
    }

    /// How long the items that had been asked for when the answer came may take to be read.
    private static let finishTime = Duration.seconds(2)

    /// The answer decides. The server may end before it, when the process has closed its socket; what it has still to send
    /// when the answer comes is finished first, since the next command would be taken for the rest of an item.
    private func converse(
        _ server: ItemServer, _ command: RuntimeCommand, _ reception: CallReception
    ) async throws -> [EvaluationOutput] {
        try await withThrowingTaskGroup(of: Event.self) { group in
            group.addTask {
                do {
                    return .served(.success(try await server.run(after: RuntimeFrames.command(command))))
                } catch {
                    return .served(.failure(error))
                }
            }
            group.addTask {
                do {
                    return .answered(.success(try await reception.run()))
                } catch let failure as ExecutionFailure {
                    return .answered(.failure(failure))
                }
            }
            defer { group.cancelAll() }
            var isServed = false
            var answer: Result<[EvaluationOutput], ExecutionFailure>?
            while let event = try await group.next() {
                switch event {
                case .served(let result):
                    if answer == nil { try result.get() }
                    isServed = true
                case .answered(let result):
                    answer = result
                    server.stop()
                    group.addTask {
                        try? await Task.sleep(for: Self.finishTime)
                        return .late
                    }
                case .late:
                    frames.shut(because: "the model process answered a call but did not read the items that it had asked for in it")
                    isServed = true
                }
                if isServed, let answer { return try answer.get() }
            }
            throw CancellationError()
        }
    }

    /// How long a process may take to read what it is told.
    private static let tellTime = Duration.seconds(1)

    /// Sends a command that is never answered; a process that is gone is no error. One that does not read is killed.
    ///
    /// Takes about a second at most, also under cancellation.
    func tell(_ command: RuntimeCommand) async {
        await uncancelled { [self] in
            let sent = OneShot<Void>()
            let sending = Task {
                try? await frames.send(RuntimeFrames.command(command))
                sent.fulfil(.success(()))
            }
            if (try? await sent.value(within: Self.tellTime)) != nil { return }
            frames.shut(because: "the model process did not read a command within \(Self.tellTime) and was killed")
            ending.endDeafProcess()
            sending.cancel()
        }
    }
}
