import ContentStore
import Foundation
import Glibc
import Strata
import StrataTesting
import Testing

/// What a write or a sync of the catalog that failed leaves of a handle.
@Suite struct PoisonedCatalogTests {
    /// Nobody knows what of the log is durable after that: a later sync that succeeds would say more than is true.
    @Test func aHandleWhoseCatalogCouldNotBeWrittenWritesNoMore() async throws {
        try await withTemporaryFolder { folder in
            let writes = try await Self.numbersOfWrites(folder + "/measured")
            try #require(writes.count >= 2)
            for (number, isSync) in writes {
                let path = folder + "/\(number)"
                let (store, model, disk) = try await Self.open(path)
                disk.arm(Fault(operation: number, .transient, .error(EIO)))
                let failed = await Result.of { try await store.commit([("k", [2])], to: model, named: "during") }
                #expect(throws: StrataError.self, "operation \(number), a sync: \(isSync)") { try failed.get() }
                await expectRefusal(.io) { try await store.commit([("k", [3])], to: model, named: "after") }
                await expectRefusal(.io) { _ = try await store.createModel(named: "after") }
                let seen = try await store.states(of: model).items.map(\.name)
                #expect(!seen.contains("after"))
                try? await store.close()
                try await withStore(at: path) { store in
                    let names = try await store.states(of: model).items.map(\.name)
                    #expect(names.starts(with: ["initial", "before"]) && !names.contains("after"), "\(names)")
                    try await store.commit([("k", [4])], to: model, named: "later")
                    let report = try await store.verify()
                    #expect(report.isSound)
                }
            }
        }
    }

    /// Without space nothing is in doubt: a handle goes on once there is some.
    @Test func aHandleThatFoundNoSpaceGoesOnOnceThereIsSome() async throws {
        try await withTemporaryFolder { folder in
            let (store, model, disk) = try await Self.open(folder + "/s")
            disk.limitSpace(bytes: 0)
            await expectRefusal(.noSpace) { try await store.commit([("k", [2])], to: model, named: "during") }
            disk.heal()
            try await store.commit([("k", [3])], to: model, named: "after")
            let names = try await store.states(of: model).items.map(\.name)
            #expect(names == ["initial", "before", "after"])
            try await store.close()
        }
    }

    private static func open(_ path: String) async throws -> (StateStore, ModelID, FaultDisk) {
        let disk = FaultDisk()
        var options = StateStore.Options()
        options.disk = disk
        let store = try await StateStore.open(at: path, options: options)
        let model = try await store.createModel(named: "m").id
        try await store.commit([("k", [1])], to: model, named: "before")
        return (store, model, disk)
    }

    /// Which of a small commit's operations write to the catalog or sync it.
    private static func numbersOfWrites(_ path: String) async throws -> [(Int, isSync: Bool)] {
        let (store, model, disk) = try await open(path)
        disk.record()
        try await store.commit([("k", [2])], to: model, named: "during")
        let log = disk.log
        try await store.close()
        return log.enumerated().compactMap { index, operation in
            guard operation.isDatabase else { return nil }
            switch operation.action {
            case .write: return (index + 1, false)
            case .sync: return (index + 1, true)
            default: return nil
            }
        }
    }
}

extension Result where Failure == any Error {
    fileprivate static func of(_ body: () async throws -> Success) async -> Self {
        do { return .success(try await body()) } catch { return .failure(error) }
    }
}
