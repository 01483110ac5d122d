import Foundation
import GRDB
import Strata
import StrataTesting
import Testing

/// Another program that keeps the catalog locked for longer than we wait.
@Suite struct LockedCatalogTests {
    private func refusal(_ body: () async throws -> Void) async -> StrataError? {
        do {
            try await body()
            Issue.record("nothing was refused")
            return nil
        } catch {
            return error as? StrataError
        }
    }

    @Test
    func aWriteIsRefusedAfterTheTimeoutAndTakenLater() async throws {
        var options = StateStore.Options()
        options.catalogTimeoutSeconds = 0.3
        try await withTemporaryStore(options: options) { store async throws in
            let model = try await store.createModel(named: "m")
            var configuration = Configuration()
            configuration.allowsUnsafeTransactions = true
            let stranger = try DatabaseQueue(path: store.path + "/catalog.sqlite", configuration: configuration)
            try await stranger.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
            let error = await refusal { _ = try await store.createModel(named: "n") }
            #expect(error?.code == .io)
            for word in ["another program", "catalog.sqlite", "0.3 s", "end it"] {
                #expect(error?.message.contains(word) == true, "\(String(describing: error)) lacks `\(word)`")
            }
            let seen = try await store.models().total
            #expect(seen == 1, "readers do not wait")
            try await stranger.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
            _ = try await store.createModel(named: "n")
            #expect(try await store.model(model.id).name == "m")
            #expect(try await store.verify().isSound)
            try stranger.close()
        }
    }

    /// Broke: each of 200 attempts waited for the whole timeout.
    @Test
    func openingAnExclusivelyLockedCatalogEndsWithTheTimeout() async throws {
        try await withTemporaryFolder { folder in
            try await withStore(at: folder + "/s") { _ in }
            var configuration = Configuration()
            configuration.allowsUnsafeTransactions = true
            configuration.prepareDatabase { db in try db.execute(sql: "PRAGMA locking_mode = EXCLUSIVE") }
            let stranger = try DatabaseQueue(path: folder + "/s/catalog.sqlite", configuration: configuration)
            try await stranger.writeWithoutTransaction { try $0.execute(sql: "BEGIN EXCLUSIVE; UPDATE store SET sequence = sequence") }
            var options = StateStore.Options()
            options.catalogTimeoutSeconds = 0.5
            for mode in [StateStore.OpenMode.readWrite, .readOnly] {
                let error = await refusal { _ = try await StateStore.open(at: folder + "/s", mode, options: options) }
                #expect(error?.code == .io && error?.message.contains("another program") == true, "\(String(describing: error))")
            }
            try await stranger.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
            try stranger.close()
            try await withStore(at: folder + "/s") { store async throws in
                let report = try await store.verify()
                #expect(report.isSound)
            }
        }
    }
}
