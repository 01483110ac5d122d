import DecthingsAPI
import Foundation
import Strata
import StrataTesting
import Testing

@testable import StrataServer

@Suite struct UploadStateTests {
    @Test func anUploadedStateComesBackByteForByte() async throws {
        try await TestServer.with { server in
            let id = try await server.createModel()
            let large = SeededBytes.random(3_000_000, seed: 1)
            let state = try await server.upload(["weights": large, "empty": [], "small": [1, 2, 3]], to: id)
            let all = try await server.call("Model/getModelState", #"{"modelId": "\#(id)", "stateId": "\#(state)"}"#)
            #expect(all.result["stateKeyNames"] == ["weights", "empty", "small"])
            #expect(all.blobs == [large, [], [1, 2, 3]])
            let asked = try await server.call(
                "Model/getModelState", #"{"modelId": "\#(id)", "stateId": "\#(state)", "keys": ["small", "weights", "small"]}"#)
            #expect(asked.result["stateKeyNames"] == ["small", "weights", "small"])
            #expect(asked.blobs == [[1, 2, 3], large, [1, 2, 3]])
            // Stored, not active: the active one has no keys.
            let active = try await server.call("Model/getModelState", #"{"modelId": "\#(id)"}"#)
            #expect(active.result == ["stateKeyNames": []])
            #expect(active.blobs.isEmpty)
        }
    }

    @Test func aStateOrKeyThatIsNotThereIsRefused() async throws {
        try await TestServer.with { server in
            let id = try await server.createModel()
            let state = try await server.upload(["a": [1]], to: id)
            let nobody = UUID().uuidString.lowercased()
            #expect(try await server.refusal("Model/getModelState", #"{"modelId": "\#(nobody)"}"#) == .modelNotFound)
            #expect(try await server.refusal("Model/getModelState", #"{"modelId": "no id"}"#) == .modelNotFound)
            for missing in [nobody, "no id"] {
                let params = #"{"modelId": "\#(id)", "stateId": "\#(missing)"}"#
                for method in ["getModelState", "setActiveModelState", "setCurrentModelState", "deleteModelState", "cancelCreateState", "waitForStateToBeCreated"] {
                    #expect(try await server.refusal("Model/\(method)", params) == .stateNotFound, "\(method)")
                }
            }
            #expect(
                try await server.refusal("Model/getModelState", #"{"modelId": "\#(id)", "stateId": "\#(state)", "keys": ["b"]}"#)
                    == .stateKeyNotFound)
        }
    }

    @Test func statesAreReplacedInOneStepOrNotAtAll() async throws {
        try await TestServer.with { server in
            let id = try await server.createModel()
            let (first, second) = (try await server.upload(["a": [1]], to: id), try await server.upload(["a": [2]], to: id))
            let active = try #require(try await server.shown(id)?.activeState)
            func replace(_ states: String...) async throws -> TestServer.Answer {
                let list = states.map { "\"\($0)\"" }.joined(separator: ", ")
                return try await server.call(
                    "Model/uploadState", #"{"modelId": "\#(id)", "name": "new", "stateKeyNames": ["a"], "deleteStates": [\#(list)]}"#,
                    blobs: [[3]])
            }
            #expect(try await replace(first.rawValue, active).error?.code == .stateIsActive)
            #expect(try await replace(first.rawValue, UUID().uuidString.lowercased()).error?.code == .stateNotFound)
            #expect(try await server.shown(id)?.states.map(\.id) == [active, first.rawValue, second.rawValue])
            let new = try await replace(first.rawValue, second.rawValue, first.rawValue).result(as: UploadStateResult.self).stateId
            #expect(try await server.shown(id)?.states.map(\.id) == [active, new])
        }
    }

    @Test func namesMustFitTheBlobs() async throws {
        try await TestServer.with { server in
            let id = try await server.createModel()
            func upload(_ fields: String, _ blobs: [[UInt8]]) async throws -> TestServer.Answer {
                try await server.call("Model/uploadState", #"{"modelId": "\#(id)", "name": "s"\#(fields)}"#, blobs: blobs)
            }
            for (fields, blobs) in [
                (#", "stateKeyNames": ["a", "a"]"#, [[1], [2]]), (#", "stateKeyNames": ["a"]"#, [[1], [2]]),
                (#", "stateKeyNames": ["a", "b"]"#, [[1]]), ("", [[1]]),
                (#", "stateKeyNames": [\#((0..<101).map { "\"\($0)\"" }.joined(separator: ","))]"#, Array(repeating: [1], count: 101)),
            ] as [(String, [[UInt8]])] {
                let error = try await upload(fields, blobs).error
                #expect(error?.code == .invalidParameter)
                #expect(error?.parameterName == "stateKeyNames")
            }
            #expect(try await server.shown(id)?.states.count == 1)
            // The Rust client sends no names; without blobs there are none to miss.
            #expect(try await upload("", []).error == nil)
            #expect(try await server.call("Model/uploadState", #"{"modelId": "\#(id)", "name": "", "stateKeyNames": []}"#).error?.code == .invalidParameter)
        }
    }

    @Test func mountedModelsAreCheckedAndKept() async throws {
        try await TestServer.with { server in
            let (id, other) = (try await server.createModel("one"), try await server.createModel("two"))
            let snapshot = try await server.store.createSnapshot(of: other, named: "s").id
            func upload(_ mounts: String, as caller: Caller = .everybody) async throws -> TestServer.Answer {
                try await server.call(
                    "Model/uploadState", #"{"modelId": "\#(id)", "name": "s", "stateKeyNames": [], "mountModels": [\#(mounts)]}"#, as: caller)
            }
            let nobody = UUID().uuidString.lowercased()
            #expect(try await upload(#"{"modelId": "\#(nobody)"}"#).error?.code == .modelToMountNotFound)
            #expect(
                try await upload(#"{"modelId": "\#(other)"}"#, as: Caller(right: nil, rightsByID: [id.rawValue: .readwrite])).error?.code
                    == .modelToMountNotFound)
            #expect(try await upload(#"{"modelId": "\#(other)", "snapshotId": "\#(nobody)"}"#).error?.code == .snapshotForModelToMountNotFound)
            #expect(try await upload(#"{"modelId": "\#(other)", "snapshotId": "\#(snapshot)"}"#).error == nil)
            #expect(
                try await server.shown(id)?.states.last?.mountedModels
                    == [DecthingsAPI.MountedModel(modelId: other.rawValue, snapshotId: snapshot.rawValue)])
        }
    }

    @Test func aClientThatGoesAwayLeavesNoState() async throws {
        try await TestServer.with { server in
            let id = try await server.createModel()
            let call = Call(
                method: .uploadState,
                params: ["modelId": .string(id.rawValue), "name": "half", "stateKeyNames": ["a", "b"]], blobs: BreakingBlobs(),
                caller: .everybody, client: .named, requestID: "test")
            #expect(await server.service.answer(call, to: CollectingSink()) == nil)
            #expect(try await server.shown(id)?.states.map(\.name) == ["initial"])
        }
    }

    @Test func statesAreRenamedActivatedAndDeleted() async throws {
        try await TestServer.with { server in
            let id = try await server.createModel()
            let (first, second) = (try await server.upload(["a": [1]], to: id), try await server.upload(["a": [2]], to: id))
            func params(_ state: StateID) -> String { #"{"modelId": "\#(id)", "stateId": "\#(state)"}"# }
            #expect(try await server.call("Model/setCurrentModelState", params(first)).result.isEmpty)
            #expect(try await server.refusal("Model/deleteModelState", params(first)) == .stateIsActive)
            #expect(try await server.call("Model/setActiveModelState", params(second)).error == nil)
            try await server.call(
                "Model/updateModelState", #"{"modelId": "\#(id)", "stateId": "\#(first)", "properties": {"name": "renamed"}}"#)
            var model = try #require(try await server.shown(id))
            #expect(model.activeState == second.rawValue)
            #expect(model.states.map(\.name) == ["initial", "renamed", "uploaded"])
            #expect(try await server.call("Model/deleteModelState", params(first)).error == nil)
            model = try #require(try await server.shown(id))
            #expect(model.states.map(\.id).contains(first.rawValue) == false)
            let reader = Caller(right: .read)
            for method in ["setActiveModelState", "deleteModelState"] {
                #expect(try await server.refusal("Model/\(method)", params(second), as: reader) == .accessDenied)
            }
        }
    }

    @Test func aStateInUseIsMarkedAndGoesWithItsLastUse() async throws {
        try await TestServer.with { server in
            let id = try await server.createModel()
            let state = try await server.upload(["a": [1]], to: id)
            try await server.store.withMounts([MountRequest(modelID: id, selection: .state(state))]) { (_: [Mount]) async throws -> Void in
                #expect(try await server.call("Model/deleteModelState", #"{"modelId": "\#(id)", "stateId": "\#(state)"}"#).error == nil)
                #expect(try await server.shown(id)?.states.last?.beingDeleted == true)
            }
            #expect(try await server.shown(id)?.states.count == 1)
        }
    }

    @Test func aSnapshotsStateIsReadAsItWas() async throws {
        try await TestServer.with { server in
            let id = try await server.createModel()
            let state = try await server.upload(["a": [1, 2], "b": [3]], to: id)
            try await server.store.activateState(state, of: id)
            let snapshot = try await server.call("Model/snapshotModel", #"{"modelId": "\#(id)", "snapshotName": "s"}"#)
                .result(as: SnapshotModelResult.self).snapshotId
            let answer = try await server.call("Model/getSnapshotState", #"{"modelId": "\#(id)", "snapshotId": "\#(snapshot)", "keys": ["b", "a"]}"#)
            #expect(answer.result["stateKeyNames"] == ["b", "a"])
            #expect(answer.blobs == [[3], [1, 2]])
            #expect(
                try await server.refusal("Model/getSnapshotState", #"{"modelId": "\#(id)", "snapshotId": "\#(snapshot)", "keys": ["c"]}"#)
                    == .stateKeyNotFound)
            try await server.call(
                "Model/updateSnapshot", #"{"modelId": "\#(id)", "snapshotId": "\#(snapshot)", "properties": {"name": "new"}}"#)
            #expect(try await server.shown(id)?.snapshots.map(\.name) == ["new"])
            let params = #"{"modelId": "\#(id)", "snapshotId": "\#(snapshot)"}"#
            #expect(try await server.call("Model/deleteSnapshot", params).result.isEmpty)
            for method in ["deleteSnapshot", "getSnapshotState"] {
                #expect(try await server.refusal("Model/\(method)", params) == .snapshotNotFound)
            }
        }
    }
}

/// A client that breaks off within its second blob.
private struct BreakingBlobs: RequestBlobs {
    var sizesBytes: [Int] { [100_000, 100_000] }

    func read(_ index: Int, _ consume: (ArraySlice<UInt8>) async throws -> Void) async throws {
        try await consume([UInt8](repeating: UInt8(index), count: 50_000)[...])
        if index == 1 { throw CallAborted() }
        try await consume([UInt8](repeating: UInt8(index), count: 50_000)[...])
    }
}
