/// What every operation has in common: from the launcher to the running code and back. A value: it owns no lifecycle beyond
/// `run()`.
///
/// ```
/// acquire launcher → start code → body → terminate session → release launcher
/// ```
/// However it ends, the session is terminated and the launcher released before `run()` returns; the session can be used
/// again only when all went well.
struct OperationPipeline: Sendable {
    let executor: any ModelExecutor
    let location: ExecutionLocation
    let code: ModelCode
    let limits: MaxDurations
    let journal: OperationJournal
    /// What the launcher is told that runs on it.
    var use: LauncherUse?
    /// Called once the launcher was acquired, after which nothing is a refusal any more.
    var onLaunch: @Sendable () -> Void = {}

    /// - Throws: `LauncherRefusal` when the executor refuses before anything ran; everything else is a failure of the run.
    func run<T: Sendable>(_ body: (any ModelSession) async throws -> T) async throws -> T {
        let launcher = try await acquire()
        onLaunch()
        do {
            let result = try await start(on: launcher, body)
            journal.keep(await launcher.release())
            return result
        } catch {
            journal.keep(await launcher.release())
            throw error
        }
    }

    private func acquire() async throws -> any ModelLauncher {
        let watch = Stopwatch()
        do {
            let launcher = try await executor.acquireLauncher(at: location, for: use)
            if !launcher.isReused { journal.setDuration(\.createLauncherMilliseconds, watch.milliseconds) }
            return launcher
        } catch let error as StrataError where error.code == .persistentLauncherNotFound {
            throw LauncherRefusal(error: error)
        }
    }

    private func start<T: Sendable>(on launcher: any ModelLauncher, _ body: (any ModelSession) async throws -> T) async throws -> T {
        let watch = Stopwatch()
        let session: any ModelSession
        do {
            session = try await withTimeLimit(seconds: limits.codeStartupSeconds, at: .codeStartup, lateSuccessCounts: true) { [code] in
                try await launcher.start(code)
            }
            if !session.isReused { journal.setDuration(\.codeStartupMilliseconds, watch.milliseconds) }
        } catch {
            journal.setDuration(\.codeStartupMilliseconds, watch.milliseconds)
            throw error
        }
        do {
            let result = try await body(session)
            await session.terminate(reusable: true)
            return result
        } catch {
            await session.terminate(reusable: false)
            throw error
        }
    }
}

/// The executor has no such launcher: nothing has run.
struct LauncherRefusal: Error {
    let error: StrataError
}

extension ExecutionFailure {
    /// What a caller is told when a started operation throws.
    init(of error: any Error) {
        self =
            switch error {
            case let failure as ExecutionFailure: failure
            case is CancellationError: .cancelled
            // A model that was deleted meanwhile took its operations with it.
            case let error as StrataError where [.cancelled, .modelNotFound].contains(error.code): .cancelled
            case let error as StrataError: .unknown(reason: error.description)
            case let error as ProvidedStateError: .unknown(reason: error.message)
            default: .unknown(reason: String(describing: error))
            }
    }
}

/// Runs `body` and cancels it after `seconds`; it must then return soon.
///
/// - Parameter lateSuccessCounts: a result that comes all the same is kept: for what would otherwise be lost unowned, as a
///   session is. Without it a success after the time is none, such as that of a training which was asked to stop and did.
func withTimeLimit<T: Sendable>(
    seconds: Int, at phase: ExecutionPhase, lateSuccessCounts: Bool = false, _ body: @escaping @Sendable () async throws -> T
) async throws -> T {
    try await withThrowingTaskGroup(of: T?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            // Ends quietly when the caller is cancelled, which the body notices by itself.
            try? await Task.sleep(for: .seconds(seconds))
            return nil
        }
        defer { group.cancelAll() }
        if let result = try await group.next()! { return result }
        group.cancelAll()
        if case .success(let result?)? = await group.nextResult(), lateSuccessCounts { return result }
        throw Task.isCancelled ? CancellationError() as any Error : ExecutionFailure.maxDurationExceeded(at: phase)
    }
}
