import Synchronization

/// Runs model code that is a Swift closure in this process: for embedders whose models are not programs, and for tests.
///
/// There is no launcher to wait for and nothing to isolate: phases other than `createState` take no time. A closure that
/// ignores cancellation is abandoned at its time limit; whatever it provides afterwards is refused.
public struct ClosureExecutor: ModelExecutor {
    public typealias CreateState = @Sendable (CreateModelStateCall, any StateReceiver) async throws -> Void

    private let createState: CreateState

    /// - Parameter createState: provides the state's keys to the receiver, one after another. What it throws is reported
    ///   as an exception at createState, unless it is an `ExecutionFailure`.
    public init(createState: @escaping CreateState) { self.createState = createState }

    public func acquireLauncher(at location: ExecutionLocation) async throws -> any ModelLauncher {
        if case .persistentLauncher(let id) = location {
            throw StrataError(
                .persistentLauncherNotFound,
                "there is no persistent launcher `\(id)`: code that runs in-process has none; use a temporary launcher",
                context: ["persistentLauncherId": id.rawValue])
        }
        return ClosureLauncher(createState: createState)
    }
}

private struct ClosureLauncher: ModelLauncher {
    let createState: ClosureExecutor.CreateState

    var isReused: Bool { true }

    func start(_ code: ModelCode) async throws -> any ModelSession { ClosureSession(createState: createState) }

    func release() async -> ExecutionOutput? { nil }
}

private struct ClosureSession: ModelSession {
    let createState: ClosureExecutor.CreateState

    var isReused: Bool { true }

    func createModelState(_ call: CreateModelStateCall, receiver: any StateReceiver) async throws {
        let gate = GatedReceiver(receiver)
        let work = Task { try await createState(call, gate) }
        defer { gate.close() }
        do {
            try await value(of: work)
        } catch let failure as ExecutionFailure {
            throw failure
        } catch let error as ProvidedStateError {
            throw error
        } catch let error as StrataError {
            throw error
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw ExecutionFailure.exception(at: .createState, details: String(describing: error))
        }
    }

    func terminate(reusable: Bool) async {}

    /// Waits for the closure, but no longer than the caller's own life.
    private func value(of work: Task<Void, any Error>) async throws {
        let box = ContinuationBox()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                box.set(continuation)
                Task { box.resume(with: await work.result) }
            }
        } onCancel: {
            work.cancel()
            box.resume(with: .failure(CancellationError()))
        }
    }
}

/// Resumes one continuation once, whichever of two events comes first.
private final class ContinuationBox: Sendable {
    private enum State {
        case waiting(CheckedContinuation<Void, any Error>?)
        case early(Result<Void, any Error>)
        case resumed
    }

    private let state = Mutex(State.waiting(nil))

    func set(_ continuation: CheckedContinuation<Void, any Error>) {
        let early = state.withLock { state -> Result<Void, any Error>? in
            if case .early(let result) = state {
                state = .resumed
                return result
            }
            state = .waiting(continuation)
            return nil
        }
        if let early { continuation.resume(with: early) }
    }

    func resume(with result: Result<Void, any Error>) {
        let continuation = state.withLock { state -> CheckedContinuation<Void, any Error>? in
            guard case .waiting(let continuation) = state else { return nil }
            state = continuation == nil ? .early(result) : .resumed
            return continuation
        }
        continuation?.resume(with: result)
    }
}

/// Passes calls on until it is closed: an abandoned closure must not write into a session that is over.
private final class GatedReceiver: StateReceiver {
    private let receiver: any StateReceiver
    private let isClosed = Atomic<Bool>(false)

    init(_ receiver: any StateReceiver) { self.receiver = receiver }

    func close() { isClosed.store(true, ordering: .releasing) }

    func beginKey(_ key: String, sizeBytes: Int64?) async throws {
        try check()
        try await receiver.beginKey(key, sizeBytes: sizeBytes)
    }

    func write(_ bytes: ArraySlice<UInt8>) async throws {
        try check()
        try await receiver.write(bytes)
    }

    func endKey() async throws {
        try check()
        try await receiver.endKey()
    }

    private func check() throws {
        if isClosed.load(ordering: .acquiring) {
            throw ProvidedStateError("state was provided after the call had ended; provide every key before returning")
        }
    }
}
