import ContentStore

/// Runs blocking work on the store's own threads, never on the cooperative pool.
func blocking<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await WorkerExecutor.run(body)
}
