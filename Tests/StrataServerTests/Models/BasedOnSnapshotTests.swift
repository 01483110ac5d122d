import DecthingsAPI
import Foundation
import Strata
import Testing

@testable import StrataServer

@Suite struct BasedOnSnapshotTests {
    /// A model with a snapshot whose active state is 1.0.
    private func source(_ server: TestServer, running folder: String = "scaler") async throws -> (id: ModelID, snapshot: SnapshotID) {
        let id = try await server.createModel(running: folder, "source")
        let state = try await server.upload(["weight": [0, 0, 128, 63], "meta": Array("{}".utf8)], to: id, named: "v1")
        try await server.store.activateState(state, of: id)
        return (id, try await server.store.createSnapshot(of: id, named: "s").id)
    }

    private func create(
        _ server: TestServer, _ source: (id: ModelID, snapshot: SnapshotID), _ initial: String, blobs: [[UInt8]] = []
    ) async throws -> TestServer.Answer {
        try await server.call(
            "Model/createModel",
            #"""
            {"name": "based", "description": "", "options": {"type": "basedOnModelSnapshot", "modelId": "\#(source.id)",
             "snapshotId": "\#(source.snapshot)", "initialState": \#(initial)}}
            """#, blobs: blobs)
    }

    private func wait(_ server: TestServer, _ id: ModelID) async throws -> TestServer.Answer {
        try await server.call("Model/waitForModelToBeCrated", #"{"modelId": "\#(id)"}"#)
    }

    @Test func aCopiedStateIsThereAtOnce() async throws {
        try await TestServer.with { server in
            let source = try await source(server)
            let answer = try await create(server, source, #"{"method": "copy"}"#)
            #expect(answer.result["isNowCreating"] == false)
            let id = try #require(ModelID(rawValue: answer.result["modelId"]?.stringValue ?? ""))
            #expect(try await wait(server, id).error?.code == .modelAlreadyCreated)
            let shown = try #require(try await server.shown(id))
            #expect(shown.basedOnSnapshot == DecthingsAPI.BasedOnSnapshot(
                modelId: source.id.rawValue, snapshotId: source.snapshot.rawValue, noLongerExists: false))
            #expect(shown.states.map(\.name) == ["v1"])
            #expect(shown.beingCreated == false)
        }
    }

    @Test func anUploadedStateIsTheOnlyOne() async throws {
        try await TestServer.with { server in
            let source = try await source(server)
            let answer = try await create(
                server, source, #"{"method": "upload", "name": "mine", "stateKeyNames": ["a", "b"]}"#, blobs: [[1], [2, 3]])
            let id = try #require(ModelID(rawValue: answer.result["modelId"]?.stringValue ?? ""))
            let shown = try #require(try await server.shown(id))
            #expect(shown.states.map(\.name) == ["mine"])
            #expect(shown.activeState == shown.states.first?.id)
            #expect(try await server.store.bytes(of: "b", of: id) == [2, 3])
            let twice = try await create(server, source, #"{"method": "upload", "name": "m", "stateKeyNames": ["a", "a"]}"#, blobs: [[1], [2]])
            #expect(twice.error?.parameterName == "stateKeyNames")
        }
    }

    @Test func aComputedStateReplacesTheSnapshotsInOneStep() async throws {
        try await TestServer.with { server in
            let source = try await source(server)
            let answer = try await create(
                server, source,
                #"{"method": "create", "name": "made", "params": [{"name": "weight"}], "launcherSpec": {"cpus": 1, "memoryMebibytes": 512}}"#,
                blobs: [Tensor.blob(Float(5))])
            #expect(answer.result["isNowCreating"] == true)
            let id = try #require(ModelID(rawValue: answer.result["modelId"]?.stringValue ?? ""))
            #expect(try await server.shown(id)?.beingCreated == true)
            let outcome = try await wait(server, id)
            let durations = outcome.result["createModelSuccess"]?["createInitialStateDurations"]
            for phase in ["createLauncher", "codeStartup", "createState"] { #expect(durations?[phase]?.integerValue != nil) }
            let shown = try #require(try await server.shown(id))
            #expect(shown.beingCreated == false)
            #expect(shown.states.map(\.name) == ["made"])
            #expect(shown.activeState == shown.states.first?.id)
            #expect(try await server.store.bytes(of: "weight", of: id) == [0, 0, 160, 64])
            #expect(try await wait(server, id).error?.code == .modelAlreadyCreated)
        }
    }

    @Test func aCreationThatFailsTakesTheModelAlong() async throws {
        try await TestServer.with { server in
            let source = try await source(server, running: "raise_in_create")
            let answer = try await create(
                server, source, #"{"method": "create", "name": "made", "params": [], "launcherSpec": {"cpus": 1, "memoryMebibytes": 512}}"#)
            let id = try #require(ModelID(rawValue: answer.result["modelId"]?.stringValue ?? ""))
            let outcome = try await wait(server, id)
            let error = outcome.result["createModelFailed"]?["error"]
            #expect(error?["code"] == "create_state_error")
            #expect(error?["details"]?["code"] == "exception")
            #expect(error?["details"]?["at"] == "createState")
            #expect(error?["createInitialStateDurations"]?["createLauncher"]?.integerValue != nil)
            #expect(try await wait(server, id).error?.code == .modelNotFound)
            #expect(try await server.shown(id) == nil)
        }
    }

    @Test func aCreationThatIsRefusedLeavesNoModel() async throws {
        try await TestServer.with { server in
            let source = try await source(server)
            let nobody = UUID().uuidString.lowercased()
            let spec = #""launcherSpec": {"cpus": 1, "memoryMebibytes": 512}"#
            let missing = try await create(
                server, source,
                #"{"method": "create", "name": "m", "params": [{"name": "d", "data": {"type": "dataset", "dataset_id": "\#(nobody)", "dataset_key": "k"}}], \#(spec)}"#)
            #expect(missing.error?.code == .datasetNotFound)
            #expect(missing.error?.datasetId == nobody)
            #expect(try await create(server, source, #"{"method": "create", "name": "", "params": [], \#(spec)}"#).error?.parameterName == "name")
            #expect(try await server.call("Model/getModels").result["total"] == 1)
        }
    }

    @Test func aModelThatIsDeletedWhileItIsMadeEndsTheRun() async throws {
        try await TestServer.with { server in
            let source = try await source(server, running: "hang_in_create")
            let answer = try await create(
                server, source, #"{"method": "create", "name": "made", "params": [], "launcherSpec": {"cpus": 1, "memoryMebibytes": 512}}"#)
            let id = try #require(ModelID(rawValue: answer.result["modelId"]?.stringValue ?? ""))
            async let outcome = wait(server, id)
            while try await server.store.creatingStates(of: id).isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            #expect(try await server.call("Model/deleteModel", #"{"modelId": "\#(id)"}"#).error == nil)
            let ended = try await outcome
            #expect(ended.error?.code == .modelNotFound || ended.result["createModelFailed"]?["error"]?["code"] == "cancelled")
            #expect(try await server.shown(id) == nil)
        }
    }

    @Test func aSnapshotThatIsGoneIsShownAndRefused() async throws {
        try await TestServer.with { server in
            let source = try await source(server)
            let answer = try await create(server, source, #"{"method": "copy"}"#)
            let id = try #require(ModelID(rawValue: answer.result["modelId"]?.stringValue ?? ""))
            try await server.call("Model/deleteSnapshot", #"{"modelId": "\#(source.id)", "snapshotId": "\#(source.snapshot)"}"#)
            #expect(try await server.shown(id)?.basedOnSnapshot?.noLongerExists == true)
            let run = #""params": [], "executionLocation": \#(temporary)"#
            #expect(try await server.refusal("Model/createState", #"{"modelId": "\#(id)", "name": "n", \#(run)}"#) == .snapshotNoLongerExists)
            #expect(try await server.refusal("Model/train", #"{"modelId": "\#(id)", "newStateName": "n", \#(run)}"#) == .snapshotNoLongerExists)
            #expect(
                try await server.refusal("Model/setUsedPersistentLaunchersForEvaluate", #"{"modelId": "\#(id)", "persistentLaunchers": []}"#)
                    == .snapshotNoLongerExists)
            // These have no such code.
            #expect(try await server.refusal("Model/evaluate", #"{"modelId": "\#(id)", "params": []}"#) == .snapshotNotFound)
            #expect(try await server.refusal("Model/snapshotModel", #"{"modelId": "\#(id)", "snapshotName": "n"}"#) == .invalidParameter)
            // Its states are still there.
            #expect(try await server.call("Model/getModelState", #"{"modelId": "\#(id)"}"#).blobs.count == 2)
        }
    }
}
