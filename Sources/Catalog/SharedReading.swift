import Synchronization

/// Lets callers that ask at the same time share one reading. Each gets one that began after it asked.
///
/// One reading runs at a time; who asks meanwhile waits for the next one, which serves all of them.
final class SharedReading<Value: Sendable>: Sendable {
    private enum Turn {
        /// The caller is to read, for itself and for those who wait.
        case read
        case take(Result<Value, any Error>)
    }

    private struct State {
        var isReading = false
        var waiting: [CheckedContinuation<Turn, Never>] = []
    }

    private let state = Mutex(State())

    /// - Throws: what `read` throws, to everybody who shares it. A caller's cancellation is nobody else's.
    func value(_ read: @escaping @Sendable () async throws -> Value) async throws -> Value {
        if case .take(let result) = await turn() { return try result.get() }
        let sharing = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        // Not a child: it is not cancelled with the caller.
        let result = await Task { try await read() }.result
        let next = state.withLock { state -> CheckedContinuation<Turn, Never>? in
            state.isReading = !state.waiting.isEmpty
            return state.waiting.popLast()
        }
        next?.resume(returning: .read)
        for continuation in sharing { continuation.resume(returning: .take(result)) }
        return try result.get()
    }

    private func turn() async -> Turn {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.isReading { state.waiting.append(continuation) }
                defer { state.isReading = true }
                return !state.isReading
            }
            if isFree { continuation.resume(returning: .read) }
        }
    }
}
