import Logging
import Strata
import Synchronization

/// What an executor's launchers share: the machine's capacity, and the list of persistent ones.
final class LauncherHost: Sendable {
    private struct State {
        var launchers: [LauncherID: StandingLauncher] = [:]
        /// Temporary launchers in use.
        var temporary: [ObjectIdentifier: OperationLauncher] = [:]
        var deletions: [LauncherID: Task<Void, Never>] = [:]
        var isClosed = false
    }

    let configuration: ProcessExecutor.Configuration
    let logger: Logger
    let admission: Admission
    /// Clears away what dead hosts have left.
    private let sweep: Task<Void, Never>
    private let state = Mutex(State())

    init(configuration: ProcessExecutor.Configuration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        admission = Admission(
            capacity: configuration.capacity, operationsMax: configuration.launchersMax,
            waitingMax: configuration.waitingOperationsMax)
        sweep = Task.detached(priority: .utility) {
            try? await blocking {
                DeadHosts.sweepOnce(
                    root: configuration.temporaryRoot,
                    places: { ControlGroupPlaces.find(preferring: configuration.confinement.controlGroupPath).places }, logger: logger)
            }
        }
    }

    /// Makes a launcher's room, once what dead hosts have left is gone.
    func makeRoom(spec: LauncherSpec, idleSessionsMax: Int) async throws -> LauncherRoom {
        await sweep.value
        return try await LauncherRoom.make(
            spec: spec, idleSessionsMax: idleSessionsMax, configuration: configuration, logger: logger)
    }

    func acquireTemporary(_ spec: LauncherSpec) async throws -> OperationLauncher {
        guard !state.withLock({ $0.isClosed }) else { throw ExecutionFailure.launcherTerminated }
        let demand = admission.clamped(
            Admission.Demand(cpus: spec.cpus, memoryMebibytes: spec.memoryMebibytes, operations: 1))
        do {
            try await admission.enter(demand)
        } catch let failure as ExecutionFailure {
            logger.info("a launcher was refused", metadata: ["launchers.max": "\(configuration.launchersMax)"])
            throw failure
        }
        do {
            let room = try await makeRoom(spec: spec, idleSessionsMax: 0)
            let launcher = OperationLauncher(room: room, isReused: false, logger: logger) { [weak self] launcher in
                await room.close()
                self?.admission.leave(demand)
                self?.state.withLock { $0.temporary[ObjectIdentifier(launcher)] = nil }
            }
            let isClosed = state.withLock { state in
                state.temporary[ObjectIdentifier(launcher)] = launcher
                return state.isClosed
            }
            if isClosed { launcher.terminate() }
            return launcher
        } catch {
            admission.leave(demand)
            throw error
        }
    }

    func acquirePersistent(_ id: LauncherID, for use: LauncherUse?) async throws -> OperationLauncher {
        guard let launcher = state.withLock({ $0.launchers[id] }) else { throw Self.notFound(id) }
        return try await launcher.acquire(for: use)
    }

    func create(name: String, spec: LauncherSpec) throws(StrataError) -> LauncherID {
        let launcher = StandingLauncher(id: .random(), name: name, spec: spec, host: self)
        try state.withLock { (state) throws(StrataError) in
            guard !state.isClosed, state.launchers.count < configuration.persistentLaunchersMax else {
                throw StrataError(
                    .quotaExceeded,
                    "there are \(state.launchers.count) persistent launchers, the most that this executor keeps; delete one",
                    context: ["persistentLaunchersMax": "\(configuration.persistentLaunchersMax)"])
            }
            state.launchers[launcher.id] = launcher
        }
        launcher.begin()
        return launcher.id
    }

    var all: [StandingLauncher] { state.withLock { Array($0.launchers.values) } }

    func launcher(_ id: LauncherID) throws(StrataError) -> StandingLauncher {
        guard let launcher = state.withLock({ $0.launchers[id] }) else { throw Self.notFound(id) }
        return launcher
    }

    /// Begins to delete; the launcher is gone when the answered task has ended.
    func delete(_ id: LauncherID, terminating: Bool) throws(StrataError) -> Task<Void, Never> {
        let launcher = try launcher(id)
        let isFirst = launcher.beginDeleting()
        if terminating { launcher.terminateOperations() }
        if !isFirst, !terminating {
            throw StrataError(
                .persistentLauncherBeingDeleted,
                "persistent launcher `\(id)` is being deleted already; it goes when nothing runs on it any more",
                context: ["persistentLauncherId": id.rawValue])
        }
        return state.withLock { state in
            if let deletion = state.deletions[id] { return deletion }
            let deletion = Task { [self] in
                await launcher.finish()
                self.state.withLock { state in
                    state.launchers[id] = nil
                    state.deletions[id] = nil
                }
            }
            state.deletions[id] = deletion
            return deletion
        }
    }

    /// A launcher that could not be made is none: whatever waits for it fails, and it does not count any more.
    func forget(_ id: LauncherID) { _ = try? delete(id, terminating: true) }

    /// Ends all that runs and takes no more.
    func close() async {
        let temporary = state.withLock { state in
            state.isClosed = true
            return Array(state.temporary.values)
        }
        for launcher in temporary { launcher.terminate() }
        for launcher in all { await (try? delete(launcher.id, terminating: true))?.value }
    }

    static func notFound(_ id: LauncherID) -> StrataError {
        StrataError(
            .persistentLauncherNotFound, "there is no persistent launcher `\(id)`; create one, or use a temporary launcher",
            context: ["persistentLauncherId": id.rawValue])
    }
}
