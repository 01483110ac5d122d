import DecthingsAPI
import Foundation
import Strata
import Testing

@testable import StrataServer

@Suite struct TrainingTests {
    /// A model with an active state of weight 1.
    private func model(_ server: TestServer) async throws -> ModelID {
        let id = try await server.createModel(running: "scaler")
        let state = try await server.upload(["weight": [0, 0, 128, 63], "meta": Array("{}".utf8)], to: id, named: "start")
        try await server.store.activateState(state, of: id)
        return id
    }

    private func train(_ server: TestServer, _ id: ModelID, more: String = "", location: String = temporary, as caller: Caller = .everybody) async throws
        -> TestServer.Answer
    {
        let xs = Tensor.concatenated([Tensor([Float(1), 2], shape: [2]), Tensor([Float(3), 4], shape: [2])])
        let ys = Tensor.concatenated([Tensor([Float(5), 10], shape: [2]), Tensor([Float(15), 20], shape: [2])])
        return try await server.call(
            "Model/train",
            #"{"modelId": "\#(id)", "newStateName": "trained", "params": [{"name": "x"}, {"name": "y"}], "executionLocation": \#(location)\#(more)}"#,
            blobs: [xs, ys], as: caller)
    }

    private func ended(_ server: TestServer, _ id: ModelID, _ session: String) async throws -> TrainingStatusResult {
        while true {
            let status = try await server.call("Model/getTrainingStatus", #"{"modelId": "\#(id)", "trainingSessionId": "\#(session)"}"#)
                .result(as: TrainingStatusResult.self)
            if [.completed, .failed].contains(status.status.state) { return status }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    @Test func aTrainingIsFollowedFromItsStartToItsState() async throws {
        try await TestServer.with { server in
            let id = try await model(server)
            let session = try await train(server, id).result(as: DecthingsAPI.TrainResult.self).trainingSessionId
            let status = try await ended(server, id, session)
            #expect((status.id, status.modelId, status.newStateName) == (session, id.rawValue, "trained"))
            #expect(status.metrics == [TrainingStatusResult.Metric(name: "loss", amount: 2)])
            #expect(status.executionLocation == .temporaryLauncher(DecthingsAPI.LauncherSpec(cpus: 1, memoryMebibytes: 512)))
            #expect(status.status.state == .completed)
            #expect(status.status.startDurations?.createInstantiatedModel != nil)
            #expect(status.status.trainDuration != nil && status.status.getStateDuration != nil && status.status.finishedAt != nil)
            #expect(status.status.progress == nil)
            let made = try #require(StateID(rawValue: status.status.createdStateId ?? ""))
            #expect(try await server.store.bytes(of: "weight", in: made, of: id) == [0, 0, 160, 64])
            let shown = try #require(try await server.shown(id))
            #expect(shown.trainingSessions == [session])
            #expect(shown.ongoingTrainingSessions == [])
            #expect(shown.states.last?.trainingOperations == [session])
            #expect(shown.activeState != made.rawValue)
        }
    }

    @Test func aTrainedStateCountsForTheKeyThatBeganTheTraining() async throws {
        try await TestServer.with { server in
            let id = try await model(server)
            let (key, _) = try await server.store.createAPIKey(named: "k", access: .readwrite, limits: APIKeyLimits())
            let session = try await train(server, id, as: Caller(key)).result(as: DecthingsAPI.TrainResult.self).trainingSessionId
            let made = try #require(StateID(rawValue: try await ended(server, id, session).status.createdStateId ?? ""))
            let sizeBytes = try await server.store.state(made, of: id).keys.reduce(0) { $0 + $1.sizeBytes }
            while try await server.store.holdings(of: key.id).states == 0 { try await Task.sleep(for: .milliseconds(5)) }
            let holdings = try await server.store.holdings(of: key.id)
            #expect(holdings.states == 1 && holdings.sizeBytes == sizeBytes && sizeBytes > 0)
        }
    }

    @Test func metricsComeInRangesWithTheirTensors() async throws {
        try await TestServer.with { server in
            let id = try await model(server)
            let session = try await train(server, id).result(as: DecthingsAPI.TrainResult.self).trainingSessionId
            _ = try await ended(server, id, session)
            let answer = try await server.call(
                "Model/getTrainingMetrics",
                #"""
                {"modelId": "\#(id)", "trainingSessionId": "\#(session)", "metrics": [{"name": "loss", "startIndex": 1, "amount": 50},
                 {"name": "nothing", "startIndex": 0, "amount": 5}, {"name": "loss", "startIndex": 0, "amount": 0},
                 {"name": "loss", "startIndex": 0, "amount": 1}]}
                """#)
            let result = try answer.result(as: TrainingMetricsResult.self)
            #expect(result.metrics.map(\.name) == ["loss", "nothing", "loss", "loss"])
            #expect(result.metrics.map(\.startIndex) == [1, 0, 0, 0])
            #expect(result.metrics.map(\.entries.count) == [1, 0, 0, 1])
            #expect(answer.blobs.count == 2)
            for blob in answer.blobs { #expect(try Tensor.decode(blob).type == .f32) }
            let sysinfo = try await server.call("Model/getTrainingSysinfo", #"{"modelId": "\#(id)", "trainingSessionId": "\#(session)"}"#)
            let points = try sysinfo.result(as: SysinfoResult.self).sysinfo
            let last = try #require(points.last)
            let later = try await server.call(
                "Model/getTrainingSysinfo", #"{"modelId": "\#(id)", "trainingSessionId": "\#(session)", "fromTimestamp": \#(last.timestamp)}"#)
            #expect(later.result == ["sysinfo": []])
        }
    }

    @Test func aSessionIsCancelledAndForgotten() async throws {
        try await TestServer.with { server in
            let id = try await server.createModel(
                code: """
                    import time
                    class Instance:
                        def train(self, options):
                            options.tracker.progress(0.25)
                            time.sleep(600)
                        def evaluate(self, options):
                            return []
                        def getModelState(self, options):
                            pass
                    class Entry:
                        def createModelState(self, options):
                            pass
                        def instantiateModel(self, options):
                            return Instance()
                    model = Entry()
                    """)
            let session = try await train(server, id).result(as: DecthingsAPI.TrainResult.self).trainingSessionId
            let params = #"{"modelId": "\#(id)", "trainingSessionId": "\#(session)"}"#
            #expect(try await server.shown(id)?.ongoingTrainingSessions == [session])
            #expect(try await server.refusal("Model/clearPreviousTrainingSession", params) == .trainingSessionRunning)
            #expect(try await server.refusal("Model/cancelTrainingSession", params, as: Caller(right: .read)) == .accessDenied)
            while try await server.call("Model/getTrainingStatus", params).result["status"]?["state"] != "running" { try await Task.sleep(for: .milliseconds(5)) }
            #expect(try await server.call("Model/cancelTrainingSession", params).result.isEmpty)
            let status = try await ended(server, id, session).status
            #expect(status.failReason == RunFailure(.cancelled))
            #expect(status.startDurations != nil && status.finishedAt != nil)
            #expect(try await server.refusal("Model/cancelTrainingSession", params) == .trainingSessionNotRunning)
            #expect(try await server.call("Model/clearPreviousTrainingSession", params).result.isEmpty)
            for method in ["getTrainingStatus", "getTrainingSysinfo", "cancelTrainingSession", "clearPreviousTrainingSession"] {
                #expect(try await server.refusal("Model/\(method)", params) == .trainingSessionNotFound, "\(method)")
            }
            #expect(try await server.shown(id)?.trainingSessions == [])
        }
    }

    @Test func aTrainingThatCannotBeginIsRefused() async throws {
        try await TestServer.with { server in
            let id = try await model(server)
            let nobody = UUID().uuidString.lowercased()
            for missing in [nobody, "no id"] {
                #expect(try await train(server, id, more: #", "stateId": "\#(missing)""#).error?.parameterName == "stateId")
                let location = #"{"type": "persistentLauncher", "persistentLauncherId": "\#(missing)"}"#
                #expect(try await train(server, id, location: location).error?.code == .persistentLauncherNotFound)
                let params = #"{"modelId": "\#(id)", "trainingSessionId": "\#(missing)", "metrics": []}"#
                #expect(try await server.refusal("Model/getTrainingMetrics", params) == .trainingSessionNotFound)
            }
            #expect(try await server.shown(id)?.trainingSessions == [])
        }
    }

    @Test func aStateWhoseMountIsGoneCannotBeLoaded() async throws {
        try await TestServer.with { server in
            let (id, other) = (try await model(server), try await server.createModel("mounted"))
            var options = StateOptions(makeActive: true)
            options.mounts = [MountRecord(modelID: other)]
            try await server.store.commitState(of: id, named: "s", options: options) { try await $0.write("a", [1]) }
            try await server.store.deleteModel(other)
            #expect(try await train(server, id).error?.code == .modelToMountNoLongerExists)
            #expect(try await server.refusal("Model/evaluate", #"{"modelId": "\#(id)", "params": []}"#) == .modelToMountNoLongerExists)
        }
    }
}
