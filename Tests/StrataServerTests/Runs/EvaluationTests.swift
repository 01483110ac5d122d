import DecthingsAPI
import Foundation
import Strata
import Testing

@testable import StrataServer

@Suite struct EvaluationTests {
    private func model(_ server: TestServer, definitions: String = "") async throws -> ModelID {
        let id = try await server.createModel(running: "scaler", definitions: definitions)
        let state = try await server.upload(["weight": [0, 0, 0, 64], "meta": Array("{}".utf8)], to: id, named: "two")
        try await server.store.activateState(state, of: id)
        return id
    }

    private func evaluate(_ server: TestServer, _ id: ModelID, more: String = "", client: ClientKind = .named) async throws -> TestServer.Answer {
        let blob = Tensor.concatenated([Tensor.scalar(Float(3)), Tensor.scalar(Float(4))])
        return try await server.call(
            "Model/evaluate", #"{"modelId": "\#(id)", "params": [{"name": "x"}]\#(more)}"#, blobs: [blob], client: client)
    }

    private func finished(_ server: TestServer, _ id: ModelID) async throws -> GetEvaluationsResult.Finished {
        let list = try await server.call("Model/getEvaluations", #"{"modelId": "\#(id)"}"#).result(as: GetEvaluationsResult.self)
        return try #require(list.finished.first)
    }

    @Test func outputsComeAsOneBlobEachInEveryClientsForm() async throws {
        try await TestServer.with { server in
            let id = try await model(server)
            let expected = Tensor.concatenated([Tensor.scalar(Float(6)), Tensor.scalar(Float(8))])
            let answer = try await evaluate(server, id)
            #expect(Array(answer.result.keys) == ["success"])
            #expect(answer.blobs == [expected])
            let success = try #require(answer.result["success"])
            #expect(success["output"] == [["name": "y"]])
            #expect(
                try success["executedOnLauncher"]?.decode(UsedLauncher.self)
                    == .temporaryLauncher(DecthingsAPI.LauncherSpec(cpus: 1, memoryMebibytes: 512)))
            for phase in ["createLauncher", "codeStartup", "createInstantiatedModel", "evaluate"] {
                #expect(success["durations"]?[phase]?.integerValue != nil)
            }
            #expect(success["totalDuration"]?.integerValue != nil)
            let entry = try await finished(server, id)
            #expect(entry.success && entry.finishedAt >= entry.startedAt)
            let params = #"{"modelId": "\#(id)", "evaluationId": "\#(entry.id)"}"#
            for (client, keys) in [(ClientKind.named, ["evaluationSuccess", "success"]), (.pythonRequests, ["evaluationSuccess", "success"]), (.unnamed, ["success"])] {
                let again = try await server.call("Model/getFinishedEvaluationResult", params, client: client)
                #expect(again.result.keys.sorted() == keys)
                #expect(again.result["success"] == success)
                #expect(again.blobs == [expected])
            }
            #expect(try await server.refusal("Model/cancelEvaluation", params) == .evaluationNotFound)
            for missing in [UUID().uuidString.lowercased(), "no id"] {
                let params = #"{"modelId": "\#(id)", "evaluationId": "\#(missing)"}"#
                #expect(try await server.refusal("Model/getFinishedEvaluationResult", params) == .evaluationNotFound)
            }
        }
    }

    @Test func aSnapshotIsEvaluatedAsItWas() async throws {
        try await TestServer.with { server in
            let id = try await model(server)
            let snapshot = try await server.store.createSnapshot(of: id, named: "s").id
            try await server.store.activateState(try await server.upload(["weight": [0, 0, 128, 63], "meta": Array("{}".utf8)], to: id), of: id)
            let now = try await evaluate(server, id)
            let then = try await evaluate(server, id, more: #", "snapshotId": "\#(snapshot)""#)
            #expect(try Tensor.decodeAll(now.blobs[0][...]).first?.numbers() == [Float(3)])
            #expect(try Tensor.decodeAll(then.blobs[0][...]).first?.numbers() == [Float(6)])
            for missing in [UUID().uuidString.lowercased(), "no id"] {
                #expect(try await evaluate(server, id, more: #", "snapshotId": "\#(missing)""#).error?.code == .snapshotNotFound)
            }
        }
    }

    @Test func failuresAreResultsWithTheirStage() async throws {
        try await TestServer.with { server in
            let id = try await model(
                server,
                definitions: """
                    {"createState": [], "train": [], "evaluateInput": [{"name": "x", "rules": {"shape": [], "allowedTypes": ["f32"]}}],
                     "evaluateOutput": [{"name": "z", "rules": {"shape": [], "allowedTypes": []}}]}
                    """)
            let failed = try #require(try await evaluate(server, id).result["failed"])
            #expect(failed["error"]?["code"] == "invalid_output")
            #expect(failed["error"]?["reason"] == "not_applicable_to_parameter_definitions")
            #expect(failed["error"]?["details"]?.stringValue?.contains("y") == true)
            #expect(failed["durations"]?["evaluate"]?.integerValue != nil)
            let entry = try await finished(server, id)
            #expect(!entry.success)
            let again = try await server.call("Model/getFinishedEvaluationResult", #"{"modelId": "\#(id)", "evaluationId": "\#(entry.id)"}"#)
            #expect(again.result == ["failed": failed])
            let wrong = try await server.call("Model/evaluate", #"{"modelId": "\#(id)", "params": []}"#)
            #expect((wrong.error?.code, wrong.error?.parameterName) == (.invalidParameter, "params"))
            // The first state has no keys, which this code cannot load.
            let first = try await server.shown(id)?.states.first?.id
            let initial = try #require(first.flatMap { StateID(rawValue: $0) })
            try await server.store.activateState(initial, of: id)
            let error = try await evaluate(server, id).result["failed"]?["error"]
            #expect((error?["code"], error?["at"]) == ("exception", "instantiateModel"))
        }
    }

    @Test func aRunningEvaluationIsListedAndCancelled() async throws {
        try await TestServer.with { server in
            let id = try await server.createModel(
                code: """
                    import time
                    class Instance:
                        def evaluate(self, options):
                            time.sleep(600)
                    class Entry:
                        def createModelState(self, options):
                            pass
                        def instantiateModel(self, options):
                            return Instance()
                    model = Entry()
                    """)
            let caller = Caller(try await server.store.createAPIKey(named: "reader", access: .read).key)
            async let running = server.call("Model/evaluate", #"{"modelId": "\#(id)", "params": []}"#, as: caller)
            var entry: GetEvaluationsResult.Running?
            while entry == nil {
                entry = try await server.call("Model/getEvaluations", #"{"modelId": "\#(id)"}"#).result(as: GetEvaluationsResult.self).running.first
            }
            let params = #"{"modelId": "\#(id)", "evaluationId": "\#(entry?.id ?? "")"}"#
            async let waiting = server.call("Model/getFinishedEvaluationResult", params)
            let reader = Caller(right: .read, keyID: "somebody else's")
            #expect(try await server.call("Model/cancelEvaluation", params, as: reader).error?.code == .evaluationNotFound)
            #expect(try await server.call("Model/cancelEvaluation", params, as: caller).result.isEmpty)
            #expect(try await running.result["failed"]?["error"] == ["code": "cancelled"])
            #expect(try await waiting.result["failed"]?["error"] == ["code": "cancelled"])
        }
    }
}
