import Foundation
import Strata
import StrataTesting
import Testing

/// What is cancelled gives back what it took: a lock, a session, its folder.
@Suite struct CancelledOpeningTests {
    @Test func anOpeningThatIsCancelledLeavesNoSession() async throws {
        try await withTemporaryFolder { folder in
            try await withStore(at: folder + "/s") { _ in }
            let opening = Self.cancelled { try await StateStore.open(at: folder + "/s", .readWrite) }
            // Whoever gets a handle closes it.
            if case .success(let store) = await opening.result { try await store.close() }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/s/staging") == [])
        }
    }

    @Test func aHandleIsClosedWholeByATaskThatIsCancelled() async throws {
        try await withTemporaryFolder { folder in
            let store = try await StateStore.open(at: folder + "/s")
            try await store.commit([("k", [1])], to: try await store.createModel(named: "m").id)
            try await Self.cancelled { try await store.close() }.value
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/s/staging") == [])
            #expect(try await withStore(at: folder + "/s", .readWrite) { try StoreFolder($0).sessions().count } == 1)
        }
    }

    /// Begins `body` in a task that has been cancelled by then.
    private static func cancelled<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) -> Task<T, any Error> {
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await body()
        }
        task.cancel()
        return task
    }
}
