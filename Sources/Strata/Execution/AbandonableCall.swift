import Synchronization

/// A call of a closure that may ignore its cancellation: it is waited for no longer than the caller's own life.
enum AbandonableCall {
    /// - Throws: what the closure throws that the pipeline knows; anything else as an exception at `phase`.
    static func run<T: Sendable>(at phase: ExecutionPhase, _ body: @escaping @Sendable () async throws -> T) async throws -> T {
        do {
            return try await value(of: Task { try await body() })
        } catch let failure as ExecutionFailure {
            throw failure
        } catch let error as ProvidedStateError {
            throw error
        } catch let error as StrataError {
            throw error
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw ExecutionFailure.exception(at: phase, details: String(describing: error))
        }
    }

    private static func value<T: Sendable>(of work: Task<T, any Error>) async throws -> T {
        let box = ContinuationBox<T>()
        return try await withTaskCancellationHandler {
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
private final class ContinuationBox<T: Sendable>: Sendable {
    private enum State {
        case waiting(CheckedContinuation<T, any Error>?)
        case early(Result<T, any Error>)
        case resumed
    }

    private let state = Mutex(State.waiting(nil))

    func set(_ continuation: CheckedContinuation<T, any Error>) {
        let early = state.withLock { state -> Result<T, any Error>? in
            if case .early(let result) = state {
                state = .resumed
                return result
            }
            state = .waiting(continuation)
            return nil
        }
        if let early { continuation.resume(with: early) }
    }

    func resume(with result: Result<T, any Error>) {
        let continuation = state.withLock { state -> CheckedContinuation<T, any Error>? in
            guard case .waiting(let continuation) = state else { return nil }
            state = continuation == nil ? .early(result) : .resumed
            return continuation
        }
        continuation?.resume(with: result)
    }
}

/// Passes calls on until it is closed: an abandoned closure must not write into a session that is over.
final class GatedReceiver: StateReceiver {
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

/// The same for what training reports.
final class GatedObserver: TrainingObserver {
    private let observer: any TrainingObserver
    private let isClosed = Atomic<Bool>(false)

    init(_ observer: any TrainingObserver) { self.observer = observer }

    func close() { isClosed.store(true, ordering: .releasing) }

    func progress(_ value: Double) async throws {
        try check()
        try await observer.progress(value)
    }

    func metric(_ name: String, _ item: Item) async throws {
        try check()
        try await observer.metric(name, item)
    }

    private func check() throws {
        if isClosed.load(ordering: .acquiring) { throw CancellationError() }
    }
}
