import Glibc
import Logging
import Strata
import Synchronization

/// Everything of a session that must not be left behind: folder, socket, process, output pipes.
///
/// A start adds them one by one as it makes them; `dismantle()` removes what there is, at whatever point.
final class SessionResources: Sendable {
    private struct State {
        var confinement: SessionConfinement?
        var connection: RuntimeConnection?
        var process: ModelProcess?
        var isKilled = false
        var standardOutput: OutputPipe?
        var standardError: OutputPipe?
        var mountCount = 0
        /// What was written, once the pipes are closed.
        var output: ExecutionOutput?
    }

    let folder: WorkingFolder
    private let configuration: ProcessExecutor.Configuration
    private let logger: Logger
    private let state = Mutex(State())

    init(folder: WorkingFolder, configuration: ProcessExecutor.Configuration, logger: Logger) {
        self.folder = folder
        self.configuration = configuration
        self.logger = logger
    }

    func add(_ confinement: SessionConfinement) { state.withLock { $0.confinement = confinement } }

    /// What confines the session's processes.
    var confinement: SessionConfinement? { state.withLock { $0.confinement } }

    func add(_ connection: RuntimeConnection) { state.withLock { $0.connection = connection } }
    func add(standardOutput pipe: OutputPipe) { state.withLock { $0.standardOutput = pipe } }
    func add(standardError pipe: OutputPipe) { state.withLock { $0.standardError = pipe } }

    /// A process that was started while the session was killed dies at once.
    func add(_ process: ModelProcess) {
        let isKilled = state.withLock { state in
            state.process = process
            return state.isKilled
        }
        if isKilled { process.signalGroup(SIGKILL) }
    }

    var process: ModelProcess? { state.withLock { $0.process } }

    /// Kills the process, be it started already or only later; whoever talks with it sees it end.
    func kill() {
        state.withLock { state in
            state.isKilled = true
            return state.process
        }?.signalGroup(SIGKILL)
    }

    func nextMount() -> Int {
        state.withLock { state in
            defer { state.mountCount += 1 }
            return state.mountCount
        }
    }

    /// What was written since the last `forgetOutput`, or in all when the session has ended.
    func output() async -> ExecutionOutput? {
        let (pipes, kept) = state.withLock { state in
            (state.standardOutput.flatMap { output in state.standardError.map { (output, $0) } }, state.output)
        }
        guard let (standardOutput, standardError) = pipes else { return kept }
        await standardOutput.settle()
        await standardError.settle()
        return ExecutionOutput(standardOutput: standardOutput.output.text, standardError: standardError.output.text)
    }

    /// What was written until now belongs to another operation.
    func forgetOutput() {
        let pipes = state.withLock { [$0.standardOutput, $0.standardError] }
        for pipe in pipes { pipe?.forget() }
    }

    /// What the process wrote to standard error, complete once it has ended and left no child that holds it.
    func standardError() async -> CapturedOutput {
        let pipe = state.withLock { $0.standardError }
        await pipe?.drain(within: Self.drainTime)
        return pipe?.output ?? CapturedOutput(partSizeBytesMax: 0)
    }

    /// Ends the process and all that came of it, closes every descriptor, removes the folder. Also under cancellation.
    ///
    /// Takes the time that the process needs to end on SIGTERM, at most the configured grace and a little more.
    func dismantle() async {
        await uncancelled { [self] in
            let parts = state.withLock { state in
                defer { state = State(output: state.output) }
                return state
            }
            await end(parts.process, parts.confinement)
            await parts.connection?.close()
            await close(parts)
            if let confinement = parts.confinement { try? await blocking { confinement.close() } }
            await removeFolder()
        }
    }

    /// The outputs of a process that is dead have all been written, but perhaps not all been read.
    private static let drainTime = Duration.milliseconds(200)
    /// A killed process is gone within milliseconds unless it hangs in the kernel, where nobody can help.
    private static let killTime = Duration.seconds(5)

    private func end(_ process: ModelProcess?, _ confinement: SessionConfinement?) async {
        if let process {
            process.signalGroup(SIGTERM)
            let status = try? await process.exit.value(within: configuration.terminationGrace)
            if status == nil {
                logger.info("a model process ignored SIGTERM and is killed", metadata: ["process.id": "\(process.id)"])
            }
            process.signalGroup(SIGKILL)
        }
        if let confinement { await killStragglers(of: process, confinement) }
        guard let process else { return }
        // The leader stays a zombie until here, so that the group's id could not pass to strangers.
        if (try? await process.exit.value(within: Self.killTime)) != nil {
            process.reap()
            logger.debug("a model process has ended", metadata: ["process.id": "\(process.id)"])
        } else {
            // It hangs in the kernel; it is reaped whenever it comes back.
            Task {
                if (try? await process.exit.value()) != nil { process.reap() }
            }
        }
    }

    private func killStragglers(of process: ModelProcess?, _ confinement: SessionConfinement) async {
        let leader = process?.id
        let deadline = ContinuousClock.now + Self.killTime
        while let count = try? await blocking({ confinement.kill(leader: leader) }), count > 0 {
            guard ContinuousClock.now < deadline else {
                logger.error("processes of a model do not die", metadata: ["processes": "\(count)"])
                return
            }
            try? await Task.sleep(for: .milliseconds(5))
        }
    }

    private func close(_ parts: State) async {
        await parts.standardOutput?.drain(within: Self.drainTime)
        await parts.standardError?.drain(within: Self.drainTime)
        if let standardOutput = parts.standardOutput?.output, let standardError = parts.standardError?.output {
            logger.debug(
                "a model wrote",
                metadata: ["stdout": "\(standardOutput.text)", "stderr": "\(standardError.text)"])
            keep(ExecutionOutput(standardOutput: standardOutput.text, standardError: standardError.text))
            configuration.receiveOutput?(
                SessionOutput(standardOutput: standardOutput, standardError: standardError))
        }
        await parts.standardOutput?.close()
        await parts.standardError?.close()
    }

    private func keep(_ output: ExecutionOutput) { state.withLock { $0.output = output } }

    private func removeFolder() async {
        let folder = folder
        let left = try? await blocking { folder.remove() }
        if let problem = left ?? nil {
            logger.error(
                "a model's folder could not be removed",
                metadata: ["path": "\(folder.path)", "error": "\(problem)"])
        }
    }
}
