import Logging

/// Runs one creation from launcher to commit. A value: it owns no lifecycle beyond `run()`.
///
/// ```
/// acquire launcher → start code → call createModelState, streaming keys into an ingest session → commit
/// ```
/// However it ends, the session is terminated and the launcher released before `run()` returns, and unless the commit
/// succeeded nothing of the state remains.
struct CreationPipeline: Sendable {
    let store: StateStore
    let request: CreateStateRequest
    let resolved: ResolvedOperation
    let executor: any ModelExecutor
    /// Called the moment before the commit; false when the creation was cancelled by then.
    let beginCommit: @Sendable () -> Bool

    /// - Throws: `StrataError` when the executor refuses before anything ran.
    func run() async throws -> CreateStateResult {
        let total = Stopwatch()
        var durations = OperationDurations()
        var outcome: Result<StateID, ExecutionFailure>
        do {
            outcome = .success(try await execute(&durations))
        } catch let refusal as StrataError where refusal.code == .persistentLauncherNotFound {
            throw refusal
        } catch {
            // Whatever a cancelled run throws: code that was killed reports its end, not why.
            outcome = .failure(Task.isCancelled ? .cancelled : Self.failure(for: error))
        }
        durations.totalMilliseconds = total.milliseconds
        switch outcome {
        case .success(let id): return .success(stateID: id, durations: durations)
        case .failure(let failure):
            store.logger.debug(
                "state creation failed",
                metadata: ["model.id": "\(request.modelID)", "failure.code": "\(failure.code)"])
            return .failed(failure, durations: durations)
        }
    }

    private func execute(_ durations: inout OperationDurations) async throws -> StateID {
        let watch = Stopwatch()
        let launcher = try await executor.acquireLauncher(at: request.location)
        if !launcher.isReused { durations.createLauncherMilliseconds = watch.milliseconds }
        do {
            let id = try await start(on: launcher, &durations)
            await launcher.release()
            return id
        } catch {
            await launcher.release()
            throw error
        }
    }

    private func start(on launcher: any ModelLauncher, _ durations: inout OperationDurations) async throws -> StateID {
        let watch = Stopwatch()
        let limit = resolved.settings.maxDurations.codeStartupSeconds
        let session: any ModelSession
        do {
            session = try await withTimeLimit(seconds: limit, at: .codeStartup) { [resolved] in
                try await launcher.start(resolved.code)
            }
            if !session.isReused { durations.codeStartupMilliseconds = watch.milliseconds }
        } catch {
            durations.codeStartupMilliseconds = watch.milliseconds
            throw error
        }
        do {
            let id = try await createState(in: session, &durations)
            await session.terminate(reusable: true)
            return id
        } catch {
            await session.terminate(reusable: false)
            throw error
        }
    }

    private func createState(in session: any ModelSession, _ durations: inout OperationDurations) async throws -> StateID {
        let watch = Stopwatch()
        defer { durations.createStateMilliseconds = watch.milliseconds }
        let limit = resolved.settings.maxDurations.createStateSeconds
        var options = StateOptions()
        options.mounts = resolved.mounts.map(\.record)
        options.stateID = request.stateID
        options.isCreation = true
        options.baseKeySets = resolved.mounts.map(\.keys)
        let state = try await store.commitState(of: request.modelID, named: request.name, options: options) { writer in
            let receiver = WriterReceiver(writer)
            try await withTimeLimit(seconds: limit, at: .createState) { [resolved] in
                try await session.createModelState(resolved.call, receiver: receiver)
            }
            try receiver.finish()
            guard beginCommit() else { throw ExecutionFailure.cancelled }
        }
        return state.id
    }

    /// What a caller is told when a started creation throws.
    private static func failure(for error: any Error) -> ExecutionFailure {
        switch error {
        case let failure as ExecutionFailure: failure
        case let error as ProvidedStateError: .exception(at: .createState, details: error.message)
        case is CancellationError: .cancelled
        // A model that was deleted meanwhile took its creations with it.
        case let error as StrataError where [.cancelled, .modelNotFound].contains(error.code): .cancelled
        case let error as StrataError: .unknown(reason: error.message)
        default: .unknown(reason: String(describing: error))
        }
    }
}

/// Runs `body` and cancels it after `seconds`; it must then return soon.
func withTimeLimit<T: Sendable>(
    seconds: Int, at phase: ExecutionPhase, _ body: @escaping @Sendable () async throws -> T
) async throws -> T {
    try await withThrowingTaskGroup(of: T?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            // Ends quietly when the caller is cancelled: what the body makes of that counts.
            try? await Task.sleep(for: .seconds(seconds))
            return nil
        }
        defer { group.cancelAll() }
        if let result = try await group.next()! { return result }
        // The body may have ended at the last moment: its own success counts, a result in hand is never thrown away.
        group.cancelAll()
        if case .success(let result?)? = await group.nextResult() { return result }
        throw Task.isCancelled ? CancellationError() as any Error : ExecutionFailure.maxDurationExceeded(at: phase)
    }
}
