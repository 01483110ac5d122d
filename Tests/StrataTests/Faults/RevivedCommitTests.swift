import Foundation
import Strata
import StrataTesting
import Testing

/// A commit whose log could not be synced: its frames stand in the file and nobody sees them, until SQLite reads the log anew.
@Suite struct RevivedCommitTests {
    /// Sweeping up after such a writer removes its pack. Its commit must not come back then without it.
    @Test
    func aCommitWhoseLogWasNotSyncedDoesNotComeBackWithoutItsPack() async throws {
        try await withTemporaryFolder { folder in
            var hitCount = 0
            for number in 1... {
                let path = folder + "/s\(number)"
                let model = try await withStore(at: path) { try await $0.createModel(named: "m").id }
                // Keeps the log's index alive, as any other process would: nobody reads the log anew.
                let outcome = try await withStore(at: path) { _ in
                    let outcome = try await Self.dyingCommit(at: path, model, failing: number)
                    try await StateStore.open(at: path).close()
                    try Self.copyWithoutIndex(path, to: path + "-left")
                    return outcome
                }
                guard outcome.hasFired else { break }
                hitCount += outcome.hitTheLogsSync ? 1 : 0
                try await withStore(at: path + "-left") { store in
                    let report = try await store.verify()
                    #expect(report.isSound, "operation \(number): \(report.damages)")
                }
            }
            #expect(hitCount > 0, "the sync of the log was among the operations that failed")
        }
    }

    /// A commit on a disk that fails from one operation on; then its process is gone.
    private static func dyingCommit(
        at path: String, _ model: ModelID, failing number: Int
    ) async throws -> (hasFired: Bool, hitTheLogsSync: Bool) {
        let disk = FaultDisk()
        let store = try await StateStore.open(at: path, options: FaultSample.options(disk))
        disk.record()
        disk.arm(Fault(operation: number, .lasting))
        _ = try? await store.commit([("k", SeededBytes.random(200_000, seed: 1))], to: model)
        let failed = disk.log.first { $0.hasFailed }
        disk.die()
        try? await store.close()
        guard let failed, case .sync = failed.action else { return (disk.hasFired, false) }
        return (disk.hasFired, failed.path.hasSuffix("-wal"))
    }

    private static func copyWithoutIndex(_ path: String, to copy: String) throws {
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        try FileManager.default.removeItem(atPath: copy + "/catalog.sqlite-shm")
    }
}
