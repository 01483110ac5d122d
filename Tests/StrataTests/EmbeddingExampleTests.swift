import Strata
import StrataTesting
import Testing

/// README's embedding example, line for line.
@Suite struct EmbeddingExampleTests {
    @Test func exampleOfTheReadmeRuns() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/models.strata"
            let weights: [UInt8] = Array(repeating: 7, count: 100_000)

            let store = try await StateStore.open(at: path)
            let model = try await store.createModel(named: "counter")

            // A state is all there or not there: one transaction makes what the closure wrote visible.
            let first = try await store.commitState(of: model.id, named: "v1") { writer in
                try await writer.write("weights", weights)
                try await writer.write("meta", Array("{\"step\": 1}".utf8))
            }
            try await store.activateState(first.id, of: model.id)

            // createState runs code, here a closure, and commits what it provides. The code reads the mounted state.
            let executor = ClosureExecutor { call, receiver in
                let parent = try await call.otherModels[0].state[0].items.bytes(of: 0)
                try await receiver.provide("weights", parent.map { $0 &+ 1 })
            }
            let request = CreateStateRequest(modelID: model.id, name: "v2", mounts: [MountRequest(modelID: model.id)])
            let result = try await store.createState(request, on: executor)
            guard case .success(let second, _) = result else { throw CreationFailed(result) }

            let snapshot = try await store.createSnapshot(of: model.id, named: "release")
            let bytes = try await store.bytes(of: "weights", in: second, of: model.id)
            try await store.close()

            #expect(bytes == weights.map { $0 + 1 })
            #expect(snapshot.stateName == "v1")
        }
    }
}

private struct CreationFailed: Error {
    let result: CreateStateResult
    init(_ result: CreateStateResult) { self.result = result }
}
