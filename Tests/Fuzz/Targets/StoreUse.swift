import Foundation
import Strata

/// Does with a store what users do. Anything may be refused; nothing may end the process.
enum StoreUse {
    static func reading(_ path: String, _ mode: StateStore.OpenMode) async { await with(path, mode) { await read($0) } }

    static func verifying(_ path: String) async {
        await with(path, .readWrite) { store in
            _ = try? await store.verify()
            _ = try? await store.verify(.percent(50))
            _ = try? await store.planCollection()
            _ = try? await store.statistics()
        }
    }

    static func writing(_ path: String) async { await with(path, .readWrite) { await write($0) } }

    static func deleting(_ path: String) async {
        await with(path, .readWrite) { store in
            _ = try? await store.collect()
            await delete(store)
            _ = try? await store.collect()
        }
    }

    private static func with(_ path: String, _ mode: StateStore.OpenMode, _ body: (StateStore) async -> Void) async {
        guard let store = try? await StateStore.open(at: path, mode, options: FuzzStore.options) else { return }
        await body(store)
        try? await store.close()
    }

    static func repair(_ path: String, dryRun: Bool) async {
        _ = try? await StateStore.repair(at: path, dryRun: dryRun, options: FuzzStore.options)
    }

    private static func read(_ store: StateStore) async {
        let models = (try? await store.models(ListFilter(), limit: 100).items) ?? []
        for model in models {
            _ = try? await store.model(model.id)
            _ = try? await store.footprint(of: model.id)
            for state in (try? await store.states(of: model.id).items) ?? [] {
                _ = try? await store.footprint(of: state.id, of: model.id)
                for key in state.keys {
                    _ = try? await store.withState(state.id, of: model.id) { reader in
                        _ = try? await reader.bytes(of: key.key)
                        _ = try? await reader.bytes(of: key.key, in: 10..<20)
                    }
                }
            }
            for snapshot in (try? await store.snapshots(of: model.id).items) ?? [] {
                _ = try? await store.withSnapshotState(snapshot.id, of: model.id) { reader in
                    for key in snapshot.keys { _ = try? await reader.bytes(of: key.key) }
                }
                _ = try? await store.files(ofSnapshot: snapshot.id, of: model.id)
            }
            for file in (try? await store.files(of: model.id)) ?? [] where file.kind == .file {
                _ = try? await store.fileBytes(at: file.path, of: model.id)
            }
            _ = try? await store.creatingStates(of: model.id)
            await readOperations(of: model.id, in: store)
            var policy = RetentionPolicy()
            policy.last = 1
            _ = try? await store.planPruning(policy, of: [model.id])
        }
        for dataset in (try? await store.datasets(ListFilter(), limit: 100).items) ?? [] {
            for key in dataset.keys { _ = try? await store.items(of: key.name, in: 0..<max(0, min(10, dataset.entryCount)), of: dataset.id) }
        }
    }

    private static func readOperations(of model: ModelID, in store: StateStore) async {
        for record in (try? await store.operations(of: model).items) ?? [] {
            _ = try? await store.operation(record.id, of: model)
            _ = try? await store.operationOutput(record.id, of: model)
            for metric in (try? await store.trainingStatus(record.id, of: model).metrics) ?? [] {
                _ = try? await store.trainingMetric(metric.name, in: record.id, of: model)
            }
            _ = try? await store.trainingUsage(of: record.id, model: model)
            _ = try? await store.waitForTraining(record.id, of: model)
        }
    }

    private static func write(_ store: StateStore) async {
        for model in (try? await store.models(ListFilter(), limit: 100).items) ?? [] {
            _ = try? await store.commitState(of: model.id, named: "next") { writer in
                try await writer.write("weights", seededBytes(40_000, seed: 9))
                try await writer.write("note", [1])
            }
            _ = try? await store.changeFiles(of: model.id) { try await $0.put("more.txt", [1, 2]) }
            _ = try? await store.createSnapshot(of: model.id, named: "another")
            await FuzzStore.train(model.id, in: store)
        }
    }

    private static func delete(_ store: StateStore) async {
        for model in (try? await store.models(ListFilter(), limit: 100).items) ?? [] {
            for state in (try? await store.states(of: model.id).items) ?? [] { try? await store.deleteState(state.id, of: model.id) }
            for record in (try? await store.operations(of: model.id).items) ?? [] { try? await store.clearOperation(record.id, of: model.id) }
        }
        for model in (try? await store.models(ListFilter(), limit: 100).items) ?? [] { try? await store.deleteModel(model.id) }
        for dataset in (try? await store.datasets(ListFilter(), limit: 100).items) ?? [] { try? await store.deleteDataset(dataset.id) }
    }
}
