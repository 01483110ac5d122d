import NIOPosix

/// Runs blocking work on threads that exist for it, never on the cooperative pool.
///
/// The threads live as long as this process does.
/// - Throws: what `body` throws, or `CancellationError` when the task was cancelled before `body` began. A body that
///   has begun is waited for, so what it made is never lost.
func blocking<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await NIOThreadPool.singleton.runIfActive(body)
}

/// Runs `body` to its end even when the calling task is cancelled: for cleaning up.
func uncancelled<T: Sendable>(_ body: @escaping @Sendable () async -> T) async -> T {
    await Task { await body() }.value
}
