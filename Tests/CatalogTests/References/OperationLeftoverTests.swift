import GRDB
import Strata
import StrataTesting
import Testing

@testable import Catalog

/// However an operation ends, the catalog holds none of its rows.
@Suite struct OperationLeftoverTests {
    private static let events: [ScriptedExecutor.Event?] = [
        nil, .fail(.serverOverloaded), .throwing(StrataError(.io, "broken")), .hang, .goOnWhenCancelled,
    ]

    @Test(arguments: ScriptedExecutor.Moment.all(of: .createState))
    func aCreationLeavesNoPinAndNoRow(moment: ScriptedExecutor.Moment) async throws {
        for event in Self.events {
            try await withTemporaryStore { store in
                let raw = try DatabaseQueue(path: store.path + "/catalog.sqlite")
                let request = try await Self.request(in: store)
                let executor = event.map { ScriptedExecutor($0, at: moment) } ?? ScriptedExecutor(keys: [("k", [1])])
                let task = Task { try await store.createState(request, on: executor) }
                if event != nil {
                    await executor.reached(moment)
                    try? await store.cancelCreateState(request.stateID, of: request.modelID)
                }
                _ = try await task.value
                try await Self.expectClean(raw)
                #expect(executor.leftovers == [])
                try raw.close()
            }
        }
    }

    /// With a mount of the start state, which is pinned as that is.
    @Test(arguments: ScriptedExecutor.Moment.all(of: .train) + [.evaluate])
    func aTrainingOrEvaluationLeavesNoPin(moment: ScriptedExecutor.Moment) async throws {
        for event in Self.events {
            try await withTemporaryStore { store in
                let raw = try DatabaseQueue(path: store.path + "/catalog.sqlite")
                let creation = try await Self.request(in: store)
                let model = creation.modelID
                _ = try await store.createState(creation, on: ScriptedExecutor(keys: [("k", [1])]))
                let (start, id) = (creation.stateID, OperationID.random())
                let executor = event.map { ScriptedExecutor($0, at: moment) } ?? ScriptedExecutor(keys: [("k", [1])])
                let task = Task {
                    if moment == .evaluate {
                        _ = try await store.evaluate(EvaluateRequest(modelID: model, stateID: start, operationID: id), on: executor)
                    } else {
                        try await store.train(TrainRequest(modelID: model, stateID: start, newStateName: "n", operationID: id), on: executor)
                        _ = try await store.waitForTraining(id, of: model)
                    }
                }
                if event != nil {
                    await executor.reached(moment)
                    try? await store.cancelOperation(id, of: model)
                }
                try await task.value
                try await Self.expectClean(raw)
                let running = try await store.operations(of: model, isRunning: true).total
                #expect(running == 0 && executor.leftovers == [])
                try raw.close()
            }
        }
    }

    @Test func aRefusalLeavesNoPinAndNoRow() async throws {
        try await withTemporaryStore { store in
            let raw = try DatabaseQueue(path: store.path + "/catalog.sqlite")
            var requests = [try await Self.request(in: store)]
            requests.append(requests[0])
            requests[0].parameters.append(.inline(name: "odd", items: []))
            requests[1].mounts.append(MountRequest(modelID: .random()))
            for request in requests {
                await #expect(throws: StrataError.self) { try await store.createState(request, on: ScriptedExecutor()) }
                try await Self.expectClean(raw)
                let records = try await store.operations(of: request.modelID).total
                #expect(records == 0)
            }
            await #expect(throws: StrataError.self) { try await store.withMounts(requests[1].mounts) { _ in } }
            try await Self.expectClean(raw)
            try raw.close()
        }
    }

    /// A model that declares its parameter, a dataset that fits, and another model to mount.
    private static func request(in store: StateStore) async throws -> CreateStateRequest {
        let settings = ModelSettings(parameterDefinitions: ParameterDefinitions(createState: [.init(name: "data", shape: [-1])]))
        let model = try await store.createModel(named: "m", options: ModelOptions(settings: settings)).id
        let other = try await store.createModel(named: "other").id
        let snapshot = try await store.createSnapshot(of: other, named: "s").id
        let dataset = try await store.createDataset(named: "d", keys: [.init(name: "x", shape: [-1])]).id
        try await store.appendEntries([["x": Item(elementType: "u8", shape: [3], bytes: [1, 2, 3])]], to: dataset)
        return CreateStateRequest(
            modelID: model, name: "s", parameters: [.dataset(name: "data", dataset: dataset, key: "x")],
            mounts: [MountRequest(modelID: model), MountRequest(modelID: other, selection: .snapshot(snapshot))])
    }

    private static func expectClean(_ raw: DatabaseQueue, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let (pins, creations, broken) = try await raw.read { db in
            (
                try Int.fetchOne(db, sql: "SELECT count(*) FROM pins"), try Int.fetchOne(db, sql: "SELECT count(*) FROM creations"),
                try CatalogInvariants(db: db).violations()
            )
        }
        #expect(pins == 0 && creations == 0 && broken == [], sourceLocation: sourceLocation)
    }
}
