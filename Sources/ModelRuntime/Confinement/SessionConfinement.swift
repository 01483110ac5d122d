import Glibc
import Logging
import Strata
import Synchronization

/// What confines the processes of one model session, and tells what they did.
final class SessionConfinement: Sendable {
    private struct State {
        var tree: ProcessTree?
        var watchdog: Watchdog?
        /// How many processes the kernel had killed for memory before the present operation.
        var outOfMemoryKillsBefore: Int64 = 0
    }

    private let folder: WorkingFolder
    private let configuration: ProcessExecutor.Configuration
    private let logger: Logger
    private let bounds: ProcessBounds
    private let group: ControlGroup?
    private let bubblewrap: Bubblewrap?
    private let scratch: ScratchMeasure
    private let whenClosed: @Sendable (ResourceUsage?) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - group: the session's own; nil: processes are watched.
    ///   - bubblewrap: nil: processes are not isolated.
    ///   - whenClosed: gets what was used in all.
    init(
        folder: WorkingFolder, configuration: ProcessExecutor.Configuration, logger: Logger, bounds: ProcessBounds,
        group: ControlGroup?, bubblewrap: Bubblewrap?, whenClosed: @escaping @Sendable (ResourceUsage?) -> Void
    ) {
        self.folder = folder
        self.configuration = configuration
        self.logger = logger
        self.bounds = bounds
        self.group = group
        self.bubblewrap = bubblewrap
        self.whenClosed = whenClosed
        // Isolated code cannot write to its model's folder.
        scratch = ScratchMeasure(folders: [folder.home, folder.temporary] + (bubblewrap == nil ? [folder.model] : []))
    }

    private var limits: ProcessExecutor.Configuration.Confinement.Limits { configuration.confinement.limits }

    /// The request that starts the same program inside its bounds. Blocks.
    func confine(_ request: SpawnRequest) throws -> SpawnRequest {
        var request = request
        if limits != .none, let count = Processors.share(of: bounds.cpus) { request.environment["OMP_NUM_THREADS"] = "\(count)" }
        var confined = request
        if let bubblewrap {
            confined = isolate(request, bubblewrap)
        } else if configuration.endsWithHost {
            confined = HostDeath.binding(request, searchPath: configuration.searchPath)
        }
        if limits != .none, !isGrouped(.cpu) {
            if let pinned = FrontCommand.pin(confined, cpus: bounds.cpus, searchPath: configuration.searchPath) {
                confined = pinned
            } else {
                Warnings.once("models' processors cannot be limited: neither a control group nor the command taskset is there", logger)
            }
        }
        guard limits != .none || bubblewrap != nil else { return confined }
        return FrontCommand.wrap(
            confined, entrances: group?.entrances ?? [], bounds: limits == .none ? nil : bounds,
            ignoresTermination: bubblewrap?.resetsSignals == true)
    }

    private func isolate(_ request: SpawnRequest, _ bubblewrap: Bubblewrap) -> SpawnRequest {
        var program = request.path
        var python: PythonPlaces?
        if PythonPlaces.isPython(program) {
            let flags = Array(request.arguments.prefix { $0 != "-m" })
            python = PythonPlaces.ask(program, flags: flags, searchPath: configuration.searchPath)
            program = python?.executable ?? program
        }
        let confinement = configuration.confinement
        let readable = ReadablePaths(
            program: program, arguments: request.arguments, python: python?.folders ?? [],
            further: confinement.readablePaths, own: folder.path)
        let plan = IsolationPlan(
            bubblewrap: bubblewrap, folder: folder, readable: readable, network: confinement.network,
            memoryBytes: limits == .none ? nil : bounds.memoryBytes)
        var isolated = request
        isolated.path = bubblewrap.path
        // SIGTERM goes to the whole group. The outer process of bwrap must live on, since with it dies everything at
        // once; so it ignores the signal, and the program gets the default back.
        let reset = bubblewrap.resetsSignals ? [Bubblewrap.signalReset, Bubblewrap.signalResetFlag, "-u", "PWD"] : []
        isolated.arguments = plan.arguments + reset + [program] + request.arguments
        return isolated
    }

    private func isGrouped(_ controller: GroupController) -> Bool {
        group?.parts.contains { $0.place.controllers.contains(controller) } == true
    }

    /// Called once, when the program that `confine` described was started. Blocks.
    func began(_ process: ModelProcess) {
        let tree = ProcessTree(socketPath: folder.socket, leader: process.id)
        state.withLock { $0.tree = tree }
        logger.debug(
            "a model is confined",
            metadata: [
                "isolated": "\(bubblewrap != nil)",
                "groups": .array(group?.parts.map { "\($0.folder)" } ?? []),
            ])
        guard limits != .none, bounds.diskBytes != nil || !isGrouped(.memory) || !isGrouped(.pids) else { return }
        let leader = process.id
        // Memory is taken faster than disk, of which no single file may go beyond the bound.
        let watchdog = Watchdog(
            pauseMilliseconds: isGrouped(.memory) && isGrouped(.pids) ? 200 : 25,
            look: { [weak self] in self?.findBreach(tree, leader) },
            whenFound: { [weak self] _ in (self?.kill(leader: leader) ?? 0) == 0 })
        state.withLock { $0.watchdog = watchdog }
    }

    private func findBreach(_ tree: ProcessTree, _ leader: pid_t) -> Watchdog.Breach? {
        let processes = group == nil ? tree.members() : []
        let breach = memoryBreach(tree, leader, processes) ?? processBreach(processes) ?? diskBreach(processes)
        if let breach { logger.info("a model went beyond a limit and is killed", metadata: ["reason": "\(breach.reason)"]) }
        return breach
    }

    /// The cheap sum counts shared pages for each process; only when that is too much is it worth to look closer.
    private func memoryBreach(_ tree: ProcessTree, _ leader: pid_t, _ processes: [ProcessStatus]) -> Watchdog.Breach? {
        guard !isGrouped(.memory) else { return nil }
        let processes = processes.isEmpty ? tree.members() : processes
        var inMemory: Int64 = 0
        if bubblewrap != nil, let inner = processes.first(where: { $0.id != leader && $0.parent != leader }) {
            inMemory = IsolationPlan.memoryBytes(seenBy: inner.id)
        }
        guard ProcessTree.residentBytes(processes) + inMemory > bounds.memoryBytes else { return nil }
        let bytes = inMemory + ProcessTree.unreclaimableBytes(processes, withShared: bubblewrap == nil)
        let bytesMax = bounds.memoryBytes + bounds.swapBytes
        return bytes > bytesMax ? .memory(bytes: bytes, bytesMax: bytesMax) : nil
    }

    private func processBreach(_ processes: [ProcessStatus]) -> Watchdog.Breach? {
        guard !isGrouped(.pids) else { return nil }
        let count = processes.reduce(0) { $0 + $1.threadCount }
        return count > bounds.processCount ? .processes(count: count, countMax: bounds.processCount) : nil
    }

    private func diskBreach(_ processes: [ProcessStatus]) -> Watchdog.Breach? {
        guard let bytesMax = bounds.diskBytes else { return nil }
        let bytes = scratch.bytes(openIn: group?.members() ?? processes.map(\.id))
        // A single file cannot grow beyond the bound, only up to it.
        return bytes >= bytesMax ? .disk(bytes: bytes, bytesMax: bytesMax) : nil
    }

    /// The failure that an operation reports when its process ended like this before it answered. Blocks.
    ///
    /// Out of memory is told when the kernel has counted that it killed a process of this session for want of memory, or
    /// the watchdog killed the session for it, and never otherwise. A child that was killed so counts: a process that
    /// ends by itself after it has lost a child to the limit ended for the limit's sake. What was lost before
    /// `forgetLosses()` does not count.
    func failure(of status: ExitStatus) -> ExecutionFailure {
        if let breach = state.withLock({ $0.watchdog?.breach }) {
            if case .memory = breach { return .codeTerminated(exitCode: nil, signal: "SIGKILL", outOfMemory: true) }
            return .unknown(reason: breach.reason)
        }
        let status = seenFromInside(status)
        if status == .signalled(SIGXFSZ), let bytesMax = bounds.diskBytes, limits != .none {
            return .unknown(
                reason: "the model wrote a file of more than \(bytesMax) bytes, its disk limit; raise the launcher's diskMebibytes")
        }
        let killsBefore = state.withLock { $0.outOfMemoryKillsBefore }
        guard (group?.outOfMemoryKillCount() ?? 0) > killsBefore else { return status.failure }
        switch status.failure {
        case .codeTerminated(let code, let signal, _): return .codeTerminated(exitCode: code, signal: signal, outOfMemory: true)
        case let other: return other
        }
    }

    /// Called between two operations: what the memory limit killed until now is no reason for what ends later. Blocks.
    func forgetLosses() {
        guard let count = group?.outOfMemoryKillCount() else { return }
        state.withLock { $0.outOfMemoryKillsBefore = count }
    }

    /// `bwrap` exits with 128 and the signal's number when its child was killed by one. A program that exits with such a
    /// number itself, as shells do for the same reason, is taken for killed.
    private func seenFromInside(_ status: ExitStatus) -> ExitStatus {
        guard bubblewrap != nil, case .exited(let code) = status, (129...159).contains(code) else { return status }
        return .signalled(code - 128)
    }

    /// What the session's processes have used since they were started. Blocks.
    func usage() -> ResourceUsage? {
        guard let tree = state.withLock({ $0.tree }) else { return nil }
        let processes = tree.members()
        return ResourceUsage(
            cpuSeconds: group?.cpuSeconds() ?? tree.cpuSeconds(),
            memoryBytes: group?.memoryBytes() ?? ProcessTree.residentBytes(processes),
            diskBytes: scratch.bytes(openIn: processes.map(\.id)))
    }

    /// Kills every process that belongs to the session and still runs, its leader included.
    ///
    /// Blocks: call it again until it finds none.
    /// - Returns: how many were found.
    func kill(leader: pid_t?) -> Int {
        // The group holds them all, unless a process of root that is not isolated has left it; looking through /proc costs more.
        if let group {
            let count = group.kill()
            if count > 0 { return count }
        }
        var found = Set(SessionProcesses(socketPath: folder.socket, leader: leader).find())
        if group == nil, let tree = state.withLock({ $0.tree }) { found.formUnion(tree.members().map(\.id)) }
        for id in found { _ = Glibc.kill(id, SIGKILL) }
        return found.count
    }

    /// Blocks. Call when no process is left.
    func close() {
        state.withLock { $0.watchdog }?.stop()
        if let count = group?.outOfMemoryKillCount(), count > 0 {
            logger.info("the kernel killed processes of a model for want of memory", metadata: ["processes": "\(count)"])
        }
        whenClosed(state.withLock { $0.tree }.map { tree in
            ResourceUsage(cpuSeconds: group?.cpuSeconds() ?? tree.cpuSeconds(), memoryBytes: 0)
        })
        if let problem = group?.remove() {
            logger.error("a session's control group is left", metadata: ["error": "\(problem)"])
        }
    }
}
