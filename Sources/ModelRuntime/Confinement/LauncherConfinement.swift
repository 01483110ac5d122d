import Glibc
import Logging
import Strata
import Synchronization

/// The bounds that all processes of one launcher share. Close it when its last session is closed.
final class LauncherConfinement: Sendable {
    private struct State {
        var sessionCount = 0
        var sessions: [Int: SessionConfinement] = [:]
        /// Of sessions that are closed, where no group counts it.
        var cpuSeconds = 0.0
    }

    let spec: LauncherSpec
    private let configuration: ProcessExecutor.Configuration
    private let logger: Logger
    private let bounds: ProcessBounds
    private let group: ControlGroup?
    private let bubblewrap: Bubblewrap?
    private let state = Mutex(State())

    /// Makes the launcher's control group. The first of a process also sees what the machine can do. Blocks.
    ///
    /// - Throws: `ExecutionFailure.unknown` when isolation is required and not to be had.
    init(spec: LauncherSpec, configuration: ProcessExecutor.Configuration, logger: Logger) throws {
        self.spec = spec
        self.configuration = configuration
        self.logger = logger
        let confinement = configuration.confinement
        bounds = ProcessBounds(spec, confinement)
        bubblewrap = try Self.bubblewrap(configuration, logger)
        let places = ControlGroupPlaces.find(preferring: confinement.controlGroupPath)
        group = confinement.limits == .automatic ? Self.makeGroup(places, bounds, logger) : nil
    }

    /// Makes what confines one model's processes. Blocks.
    ///
    /// - Throws: `ControlGroupError` when the session's group cannot be made; nothing is left then.
    func session(in folder: WorkingFolder) throws -> SessionConfinement {
        let number = state.withLock { state in
            state.sessionCount += 1
            return state.sessionCount
        }
        let session = SessionConfinement(
            folder: folder, configuration: configuration, logger: logger, bounds: bounds,
            group: try group?.makeChild("session-\(number)"), bubblewrap: bubblewrap
        ) { [weak self] used in
            self?.state.withLock { state in
                state.sessions[number] = nil
                state.cpuSeconds += used?.cpuSeconds ?? 0
            }
        }
        state.withLock { $0.sessions[number] = session }
        return session
    }

    /// False when what holds the bounds was removed by somebody else. Blocks.
    func isIntact() -> Bool { group?.exists ?? true }

    /// What all sessions use together; processor time also of those that are closed. Blocks.
    func usage() -> ResourceUsage? {
        let (sessions, closedSeconds) = state.withLock { (Array($0.sessions.values), $0.cpuSeconds) }
        let used = sessions.compactMap { $0.usage() }
        guard group != nil || !used.isEmpty || closedSeconds > 0 else { return nil }
        return ResourceUsage(
            cpuSeconds: group?.cpuSeconds() ?? used.reduce(closedSeconds) { $0 + $1.cpuSeconds },
            memoryBytes: group?.memoryBytes() ?? used.reduce(0) { $0 + $1.memoryBytes },
            diskBytes: used.reduce(0) { $0 + ($1.diskBytes ?? 0) })
    }

    /// Blocks.
    func close() {
        guard let problem = group?.remove() else { return }
        logger.error("a launcher's control group is left", metadata: ["error": "\(problem)"])
    }

    private static func bubblewrap(
        _ configuration: ProcessExecutor.Configuration, _ logger: Logger
    ) throws -> Bubblewrap? {
        let wanted = configuration.confinement.isolation
        if wanted == .none { return nil }
        switch Bubblewrap.find(searchPath: configuration.searchPath) {
        case .works(let bubblewrap): return bubblewrap
        case .fails(let reason) where wanted == .required:
            throw ExecutionFailure.unknown(reason: "models must be isolated here, and cannot be: \(reason); see `strata doctor`")
        case .fails(let reason):
            Warnings.once("models run without isolation: \(reason); they may use the machine as this user may", logger)
            return nil
        }
    }

    private static func makeGroup(_ found: ControlGroupPlaces, _ bounds: ProcessBounds, _ logger: Logger) -> ControlGroup? {
        let missing = [GroupController.memory, .cpu, .pids].filter { !found.controllers.contains($0) }
        if !missing.isEmpty {
            let names = missing.map(\.rawValue).joined(separator: ", ")
            Warnings.once("no control groups for \(names) here: models are watched instead; \(found.reasons(against: missing[0]))", logger)
        }
        guard !found.places.isEmpty else { return nil }
        do {
            return try ControlGroup.make(in: found.places, bounds: bounds)
        } catch {
            logger.warning("a launcher has no control group; its models are watched instead", metadata: ["error": "\(error)"])
            return nil
        }
    }
}

/// Warnings about the machine, which stay true.
enum Warnings {
    private static let given = Mutex<Set<String>>([])

    /// Logs `sentence` the first time in the life of this process.
    static func once(_ sentence: String, _ logger: Logger) {
        if given.withLock({ $0.insert(sentence).inserted }) { logger.warning("\(sentence)") }
    }
}
