import Foundation
import Logging
import Strata
import Synchronization

/// One persistent launcher: its room, which it makes as soon as there is memory for it, and the operations in it.
final class StandingLauncher: Sendable {
    private struct State {
        var room: LauncherRoom?
        var createdAt: Int64?
        /// Looks whether the room's bounds are still there, and makes it anew if not.
        var renewal: Task<Void, any Error>?
        var isRecreating = false
        var isDeleting = false
        /// What ran here was ended, and so is what has not begun yet.
        var isTerminated = false
        /// The operations that run here, and those that wait for the room.
        var operations: [ObjectIdentifier: OperationLauncher] = [:]
        var enteringCount = 0
        /// What those that said so are for, oldest first.
        var uses: [LauncherUse] = []
        var whenIdle: [CheckedContinuation<Void, Never>] = []

        var isIdle: Bool { operations.isEmpty && enteringCount == 0 }
    }

    let id: LauncherID
    let name: String
    let spec: LauncherSpec
    private let host: LauncherHost
    /// Taken for as long as the launcher exists.
    private let demand: Admission.Demand
    /// Taken while something runs on it: all that runs on it shares these processors.
    private let share: Admission.Demand
    private let state = Mutex(State())
    private let ready = OneShot<Void>()
    private let making = Mutex<Task<Void, Never>?>(nil)

    init(id: LauncherID, name: String, spec: LauncherSpec, host: LauncherHost) {
        self.id = id
        self.name = name
        self.spec = spec
        self.host = host
        demand = host.admission.clamped(Admission.Demand(memoryMebibytes: spec.memoryMebibytes))
        share = host.admission.clamped(Admission.Demand(cpus: spec.cpus))
    }

    /// Begins to make the room; operations that come meanwhile wait for it.
    func begin() {
        making.withLock { making in
            making = Task { [self] in
                do {
                    try await host.admission.enterStanding(demand)
                    do {
                        let room = try await makeRoom()
                        state.withLock { state in
                            state.room = room
                            state.createdAt = Int64(Date().timeIntervalSince1970 * 1000)
                        }
                        ready.fulfil(.success(()))
                    } catch {
                        host.admission.leaveStanding(demand)
                        throw error
                    }
                } catch {
                    // Deleted before there was room for it: nothing failed.
                    let level: Logger.Level = error is CancellationError ? .debug : .error
                    host.logger.log(level: level, "a persistent launcher could not be made", metadata: ["launcher.id": "\(id)", "error": "\(error)"])
                    ready.fulfil(.failure(error))
                    if !(error is CancellationError) { host.forget(id) }
                }
            }
        }
    }

    private func makeRoom() async throws -> LauncherRoom {
        try await host.makeRoom(spec: spec, idleSessionsMax: host.configuration.idleSessionsMax)
    }

    var description: PersistentLauncher {
        state.withLock { state in
            let now: PersistentLauncher.State =
                if state.isDeleting { .deleting } else if state.isRecreating { .recreating } else if state.room == nil { .creating } else { .active }
            return PersistentLauncher(
                id: id, name: name, spec: spec, createdAtMilliseconds: state.createdAt, state: now,
                operationCount: state.operations.count + state.enteringCount, uses: state.uses)
        }
    }

    func usage() async -> ResourceUsage? { await state.withLock { $0.room }?.usage() }

    /// A launcher for one operation; waits until the room is there.
    ///
    /// - Throws: `ExecutionFailure.serverOverloaded` when too many run here already, `.launcherTerminated` when the launcher
    ///   went meanwhile; `StrataError` with `persistent_launcher_not_found` when it is being deleted.
    func acquire(for use: LauncherUse?) async throws -> OperationLauncher {
        let isReady = try state.withLock { state in
            guard !state.isDeleting else { throw LauncherHost.notFound(id) }
            guard state.operations.count + state.enteringCount < host.configuration.operationsPerLauncherMax else {
                throw ExecutionFailure.serverOverloaded
            }
            state.enteringCount += 1
            if let use { state.uses.append(use) }
            return state.room != nil
        }
        do {
            do {
                try await ready.value()
            } catch {
                try Task.checkCancellation()
                throw ExecutionFailure.launcherTerminated
            }
            return try await enter(isReused: isReady, use)
        } catch {
            leave(nil, use)
            throw error
        }
    }

    /// Whoever finds nothing running has the room looked at first; whoever comes meanwhile waits for that.
    private func enter(isReused: Bool, _ use: LauncherUse?) async throws -> OperationLauncher {
        var isLookedAt = false
        while true {
            let (launcher, renewal) = try state.withLock { state -> (OperationLauncher?, Task<Void, any Error>?) in
                guard !state.isTerminated, let room = state.room else { throw ExecutionFailure.launcherTerminated }
                if let renewal = state.renewal { return (nil, renewal) }
                if state.operations.isEmpty, !isLookedAt {
                    let renewal = Task { try await self.renew(room) }
                    state.renewal = renewal
                    return (nil, renewal)
                }
                let launcher = OperationLauncher(room: room, isReused: isReused, logger: host.logger) { [weak self] launcher in
                    self?.leave(launcher, use)
                }
                state.enteringCount -= 1
                if state.operations.isEmpty { host.admission.occupy(share) }
                state.operations[ObjectIdentifier(launcher)] = launcher
                return (launcher, nil)
            }
            if let launcher { return launcher }
            try await renewal?.value
            isLookedAt = true
        }
    }

    /// Makes the room anew when its bounds are gone. Nothing runs in it, and nobody enters until this has ended.
    private func renew(_ room: LauncherRoom) async throws {
        defer { state.withLock { ($0.renewal, $0.isRecreating) = (nil, false) } }
        guard await !room.isIntact() else { return }
        host.logger.warning("a persistent launcher lost its place and is made again", metadata: ["launcher.id": "\(id)"])
        state.withLock { $0.isRecreating = true }
        let made = try await makeRoom()
        state.withLock { $0.room = made }
        await room.close()
    }

    private func leave(_ launcher: OperationLauncher?, _ use: LauncherUse?) {
        let (isLast, waiters) = state.withLock { state -> (Bool, [CheckedContinuation<Void, Never>]) in
            if let index = state.uses.firstIndex(where: { $0 == use }) { state.uses.remove(at: index) }
            if let launcher { state.operations[ObjectIdentifier(launcher)] = nil } else { state.enteringCount -= 1 }
            let isLast = launcher != nil && state.operations.isEmpty
            guard state.isIdle else { return (isLast, []) }
            defer { state.whenIdle = [] }
            return (isLast, state.whenIdle)
        }
        if isLast { host.admission.leave(share) }
        for waiter in waiters { waiter.resume() }
    }

    /// Takes no more operations; false when it was told so before.
    func beginDeleting() -> Bool {
        state.withLock { state in
            defer { state.isDeleting = true }
            return !state.isDeleting
        }
    }

    /// Ends what runs here: those operations fail with `launcher_terminated`.
    func terminateOperations() {
        let running = state.withLock { state in
            state.isTerminated = true
            return Array(state.operations.values)
        }
        for launcher in running { launcher.terminate() }
        if state.withLock({ $0.room == nil }) { ready.fulfil(.failure(ExecutionFailure.launcherTerminated)) }
    }

    /// Waits until nothing runs here and gives everything back. Call once, after `beginDeleting`.
    func finish() async {
        if state.withLock({ $0.room == nil }) { making.withLock { $0 }?.cancel() }
        await making.withLock { $0 }?.value
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if !state.isIdle { state.whenIdle.append(continuation) }
                return state.isIdle
            }
            if isIdle { continuation.resume() }
        }
        let room = state.withLock { state in
            defer { state.room = nil }
            return state.room
        }
        guard let room else { return }
        await room.close()
        host.admission.leaveStanding(demand)
    }
}
