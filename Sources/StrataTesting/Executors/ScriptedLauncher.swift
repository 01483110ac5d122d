import Strata
import Synchronization

/// A launcher of a `ScriptedExecutor`.
final class ScriptedLauncher: ModelLauncher {
    private let executor: ScriptedExecutor
    private let openSessions = Mutex(0)

    init(executor: ScriptedExecutor) { self.executor = executor }

    var isReused: Bool { executor.script.reusesLauncher }

    func start(_ code: ModelCode) async throws -> any ModelSession {
        executor.record.started()
        do {
            try await executor.perform(executor.script.events[.codeStartup], at: .codeStartup)
            let files = executor.script.readsEverything ? try await code.files.listing() : nil
            openSessions.withLock { $0 += 1 }
            return ScriptedSession(executor: executor, code: code, codeFiles: files) { [self] in
                openSessions.withLock { $0 -= 1 }
            }
        } catch {
            executor.record.notStarted()
            throw error
        }
    }

    func release() async -> ExecutionOutput? {
        if openSessions.withLock({ $0 }) != 0 { executor.record.violated("a launcher was released before its session ended") }
        executor.record.released()
        return executor.script.output
    }
}

/// A session of a `ScriptedExecutor`.
final class ScriptedSession: ModelSession {
    private let executor: ScriptedExecutor
    private let code: ModelCode
    private let codeFiles: FolderListing?
    private let onEnd: @Sendable () -> Void
    private let isTerminated = Atomic<Bool>(false)

    init(
        executor: ScriptedExecutor, code: ModelCode, codeFiles: FolderListing?, onEnd: @escaping @Sendable () -> Void
    ) {
        self.executor = executor
        self.code = code
        self.codeFiles = codeFiles
        self.onEnd = onEnd
    }

    var isReused: Bool { executor.script.reusesCode }

    func createModelState(_ call: CreateModelStateCall, receiver: any StateReceiver) async throws {
        try await executor.perform(executor.script.events[.createState], at: .createState)
        if executor.script.readsEverything {
            executor.record.called(try await ScriptedExecutor.Call(call, code: code, codeFiles: codeFiles))
        }
        try await executor.provide(to: receiver)
    }

    func instantiateModel(_ call: InstantiateModelCall) async throws -> any ModelInstance {
        try await executor.perform(executor.script.events[.instantiateModel], at: .instantiateModel)
        if executor.script.readsEverything {
            executor.record.called(try await ScriptedExecutor.Call(call, code: code, codeFiles: codeFiles))
        }
        return ScriptedInstance(executor: executor)
    }

    func usage() async -> ResourceUsage? { executor.script.usage }

    func terminate(reusable: Bool) async {
        if isTerminated.exchange(true, ordering: .acquiringAndReleasing) {
            executor.record.violated("a session was terminated twice")
        }
        onEnd()
        executor.record.terminated(reusable: reusable)
    }
}
