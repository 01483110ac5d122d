import Logging
import Strata
import Synchronization

/// A launcher as one operation holds it.
final class OperationLauncher: ModelLauncher {
    private struct State {
        var resources: SessionResources?
        var output: ExecutionOutput?
        var isTerminated = false
    }

    let isReused: Bool
    private let room: LauncherRoom
    private let logger: Logger
    private let whenReleased: @Sendable (OperationLauncher) async -> Void
    private let state = Mutex(State())

    /// - Parameter whenReleased: gives back what was acquired for the operation.
    init(
        room: LauncherRoom, isReused: Bool, logger: Logger, whenReleased: @escaping @Sendable (OperationLauncher) async -> Void
    ) {
        self.room = room
        self.isReused = isReused
        self.logger = logger
        self.whenReleased = whenReleased
    }

    func start(_ code: ModelCode) async throws -> any ModelSession {
        let (session, isReused) = try await explainingTermination {
            if let session = await room.takeIdle(code) {
                state.withLock { $0.resources = session.resources }
                session.resources.forgetOutput()
                return (session, true)
            }
            return (try await startSession(code), false)
        }
        if state.withLock({ $0.isTerminated }) {
            await end(session, code, reusable: false)
            throw ExecutionFailure.launcherTerminated
        }
        return OperationSession(session, code: code, isReused: isReused, launcher: self)
    }

    private func startSession(_ code: ModelCode) async throws -> ProcessSession {
        let configuration = room.configuration
        let program = try await blocking { try RuntimeProgram(for: code.language, configuration) }
        let resources = try await room.makeResources(for: code)
        state.withLock { $0.resources = resources }
        do {
            // Ended before there was anything to kill.
            try checkTermination()
            return try await SessionStart(program: program, resources: resources, configuration: configuration, logger: logger).run(code)
        } catch {
            await resources.dismantle()
            keep(await resources.output())
            throw error
        }
    }

    /// Ends the operation from outside: its process is killed, and it fails with `launcher_terminated`.
    func terminate() {
        state.withLock { state in
            state.isTerminated = true
            return state.resources
        }?.kill()
    }

    /// Whatever fails after the launcher was ended failed because of it.
    func explainingTermination<T>(_ body: () async throws -> T) async throws -> T {
        do {
            try checkTermination()
            return try await body()
        } catch {
            try checkTermination()
            throw error
        }
    }

    private func checkTermination() throws {
        if state.withLock({ $0.isTerminated }) { throw ExecutionFailure.launcherTerminated }
    }

    /// Takes the session back, for the next operation when it may be used again.
    func end(_ session: ProcessSession, _ code: ModelCode, reusable: Bool) async {
        if reusable, !state.withLock({ $0.isTerminated }) {
            keep(await session.resources.output())
            await uncancelled { [room] in await room.putBack(session, code: code) }
        } else {
            await session.resources.dismantle()
            keep(await session.resources.output())
        }
        state.withLock { $0.resources = nil }
    }

    private func keep(_ output: ExecutionOutput?) { state.withLock { $0.output = output } }

    func release() async -> ExecutionOutput? {
        await uncancelled { [self] in await whenReleased(self) }
        return state.withLock { $0.output }
    }
}

/// A session as one operation holds it.
struct OperationSession: ModelSession {
    private let session: ProcessSession
    private let code: ModelCode
    private let launcher: OperationLauncher
    /// What the session's processes had used before, of warm code: measured when it is first asked for, since most
    /// operations never ask and looking costs milliseconds.
    private let cpuSecondsBefore = OneShot<Double>()
    let isReused: Bool

    init(_ session: ProcessSession, code: ModelCode, isReused: Bool, launcher: OperationLauncher) {
        self.session = session
        self.code = code
        self.isReused = isReused
        self.launcher = launcher
        if !isReused { cpuSecondsBefore.fulfil(.success(0)) }
    }

    func createModelState(_ call: CreateModelStateCall, receiver: any StateReceiver) async throws {
        try await launcher.explainingTermination { try await session.createModelState(call, receiver: receiver) }
    }

    func instantiateModel(_ call: InstantiateModelCall) async throws -> any ModelInstance {
        try await launcher.explainingTermination {
            OperationInstance(base: try await session.instantiateModel(call), launcher: launcher)
        }
    }

    func usage() async -> ResourceUsage? {
        guard let usage = await session.resources.usageNow() else { return nil }
        cpuSecondsBefore.fulfil(.success(usage.cpuSeconds))
        let before = (try? cpuSecondsBefore.result?.get()) ?? 0
        return ResourceUsage(
            cpuSeconds: max(0, usage.cpuSeconds - before), memoryBytes: usage.memoryBytes, diskBytes: usage.diskBytes)
    }

    func terminate(reusable: Bool) async { await launcher.end(session, code, reusable: reusable) }
}

/// An instance as one operation holds it.
private struct OperationInstance: ModelInstance {
    let base: ProcessInstance
    let launcher: OperationLauncher

    var isReused: Bool { base.isReused }

    func evaluate(
        _ parameters: [CallParameter], expecting expected: [ParameterDefinition]
    ) async throws -> [EvaluationOutput] {
        try await launcher.explainingTermination { try await base.evaluate(parameters, expecting: expected) }
    }

    func train(_ parameters: [CallParameter], observer: any TrainingObserver) async throws {
        try await launcher.explainingTermination { try await base.train(parameters, observer: observer) }
    }

    func getModelState(receiver: any StateReceiver) async throws {
        try await launcher.explainingTermination { try await base.getModelState(receiver: receiver) }
    }

    func dispose() async { await base.dispose() }
}
