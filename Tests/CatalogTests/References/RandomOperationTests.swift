import GRDB
import Strata
import StrataTesting
import Testing

@testable import Catalog

/// Whatever is done to a store in whatever order, what the catalog counts stays what stands in it.
@Suite struct RandomOperationTests {
    @Test func countsHoldAfterEveryOperation() async throws {
        var generator = SeededGenerator.announced("random operations on a catalog")
        try await withTemporaryStore { store in
            let raw = try DatabaseQueue(path: store.path + "/catalog.sqlite")
            var models = [try await store.createModel(named: "first").id]
            for step in 0..<150 {
                let operation = try await Self.operate(on: store, &models, step, &generator)
                let violations = try await raw.read { db in try CatalogInvariants(db: db).violations() }
                #expect(violations == [], "step \(step): \(operation)")
                guard violations.isEmpty else { break }
            }
            for model in models { try await store.deleteModel(model) }
            let left = try await raw.read { db in
                try CatalogInvariants(db: db).violations()
                    + (try Int.fetchOne(db, sql: "SELECT count(*) FROM stored_values WHERE refs > 0") == 0 ? [] : ["values are left"])
            }
            #expect(left == [])
            try raw.close()
        }
    }

    /// A few contents that come again and again.
    private static func content(_ generator: inout SeededGenerator) -> [UInt8] {
        let size = [0, 5, 5000, 40_000, 150_000].randomElement(using: &generator)!
        return SeededBytes.random(size, seed: UInt64.random(in: 0..<3, using: &generator))
    }

    /// Does one thing; refusals are part of the game.
    private static func operate(
        on store: StateStore, _ models: inout [ModelID], _ step: Int, _ generator: inout SeededGenerator
    ) async throws -> String {
        guard let model = models.randomElement(using: &generator) else {
            models.append(try await store.createModel(named: "again \(step)").id)
            return "create the only model"
        }
        let choice = Int.random(in: 0..<12, using: &generator)
        do {
            switch choice {
            case 0, 1, 2:
                let contents = (0..<Int.random(in: 0...3, using: &generator)).map { _ in content(&generator) }
                try await store.commitState(of: model, named: "s", options: StateOptions(makeActive: step % 3 == 0)) { writer in
                    for (key, bytes) in contents.enumerated() { try await writer.write("k\(key)", bytes) }
                }
            case 3, 4: try await store.deleteState(try await randomState(store, model, &generator), of: model)
            case 5: try await store.activateState(try await randomState(store, model, &generator), of: model)
            case 6: try await store.createSnapshot(of: model, named: "s")
            case 7:
                let snapshots = try await store.snapshots(of: model).items
                if let snapshot = snapshots.randomElement(using: &generator) { try await store.deleteSnapshot(snapshot.id, of: model) }
            case 8, 9:
                let (bytes, name, step) = (content(&generator), "f\(Int.random(in: 0..<4, using: &generator))", step)
                try await store.changeFiles(of: model, replacingAll: step % 5 == 0) { files in
                    try await files.put("d/\(name)", bytes)
                    if step % 2 == 0 { try files.rename("d/\(name)", to: "e/\(name)") }
                    if step % 3 == 0 { try files.remove("d", recursively: true) }
                }
            case 10: models.append(try await newModel(store, from: model, step, &generator))
            default:
                guard models.count > 3 else { return "nothing" }
                try await deleteMounted(store, model)
                models.removeAll { $0 == model }
            }
        } catch let error as StrataError {
            return "\(choice) was refused: \(error)"
        }
        return "\(choice)"
    }

    private static func randomState(
        _ store: StateStore, _ model: ModelID, _ generator: inout SeededGenerator
    ) async throws -> StateID {
        try await store.states(of: model).items.randomElement(using: &generator)!.id
    }

    private static func newModel(
        _ store: StateStore, from model: ModelID, _ step: Int, _ generator: inout SeededGenerator
    ) async throws -> ModelID {
        let snapshot = try await store.snapshots(of: model).items.randomElement(using: &generator)
        let origin: ModelOptions.Origin =
            if let snapshot { step % 2 == 0 ? .basedOnSnapshot(snapshot.id, of: model) : .copyOfSnapshot(snapshot.id, of: model) }
            else { .copyOfModel(model) }
        return try await store.createModel(named: "model \(step)", options: ModelOptions(origin: origin)).id
    }

    /// Deletes a model while it is mounted.
    private static func deleteMounted(_ store: StateStore, _ model: ModelID) async throws {
        try await store.withMounts([MountRequest(modelID: model)]) { mounts in
            try await store.deleteModel(model)
            for key in mounts[0].state.keys { _ = try await mounts[0].state.bytes(of: key.key) }
        }
    }
}
