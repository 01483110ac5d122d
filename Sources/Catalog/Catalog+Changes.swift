import ContentStore
import GRDB
import Synchronization

extension Catalog {
    /// A number that differs from an earlier answer of this object when anybody has committed since, in this process or
    /// another. What was read after it was asked for is at least as new as it.
    ///
    /// - Complexity: a look at SQLite's shared memory, no reading of pages; callers that ask at the same time share one.
    public func changeVersion() async throws -> Int64 {
        let queue = try await watchQueue()
        do {
            return try await changeReading.value {
                // The queue never writes, and one statement needs no transaction around it.
                try await queue.unsafeRead { db in try db.number("PRAGMA data_version") ?? 0 }
            }
        } catch {
            throw Self.mapped(error, path: path, waited: busyTimeoutSeconds)
        }
    }

    /// SQLite counts, for each connection, the commits of all others that it meets: hence a connection that never writes.
    private func watchQueue() async throws -> DatabaseQueue {
        if let queue = watch.withLock({ $0 }) { return queue }
        return try await WorkerExecutor.run { [self] () throws(CatalogError) in
            do {
                return try watch.withLock { watch in
                    if let watch { return watch }
                    var configuration = Configuration()
                    configuration.label = "strata.catalog.watch"
                    configuration.readonly = true
                    configuration.busyMode = .timeout(busyTimeoutSeconds)
                    let queue = try DatabaseQueue(path: pool.path, configuration: configuration)
                    watch = queue
                    return queue
                }
            } catch {
                throw Self.mapped(error, path: path, waited: busyTimeoutSeconds) as? CatalogError ?? CatalogError(.io, "\(error)")
            }
        }
    }
}
