import DecthingsAPI
import Foundation
import Strata
import Testing

@testable import StrataServer

@Suite struct ModelListTests {
    private func list(_ server: TestServer, _ params: String = "{}", as caller: Caller = .everybody) async throws -> GetModelsResult {
        try await server.call("Model/getModels", params, as: caller).result(as: GetModelsResult.self)
    }

    @Test func aNewModelIsShownWithEveryFieldOfTheSpec() async throws {
        try await TestServer.with { server in
            let id = try await server.createModel("minilm", more: #", "tags": [{"tag": "a", "value": "b"}]"#)
            let model = try #require(try await server.call("Model/getModels").result["models"]?.arrayValue?.first)
            guard case .object(let members) = model else { return #expect(Bool(false), "a model is an object") }
            #expect(Set(members.keys) == [
                "id", "name", "description", "publicAccess", "createdAt", "tags", "owner", "access", "beingCreated", "language", "wasm",
                "image", "parameterDefinitions", "defaultLauncherSpecs", "maxDurationsSeconds", "filesystemSizeMebibytes",
                "ongoingTrainingSessions", "trainingSessions", "states", "activeState", "currentState", "snapshots",
            ])
            #expect(members["id"] == .string(id.rawValue))
            #expect(members["tags"] == [["tag": "a", "value": "b"]])
            #expect(members["owner"] == ["type": "user", "userId": "local", "username": "local"])
            #expect(members["access"] == "readwrite")
            #expect(members["filesystemSizeMebibytes"] == 32)
            #expect(members["maxDurationsSeconds"]
                == ["codeStartup": 60, "instantiateModel": 60, "createState": 600, "train": 86400, "evaluate": 60])
            #expect(members["defaultLauncherSpecs"]?["evaluate"] == ["cpus": 1, "memoryMebibytes": 512])
            #expect(members["image"]?["repository"] == "decthings/python")
            #expect(members["image"]?["targetReference"] == "latest")
            #expect(members["activeState"] == members["currentState"])
            let state = try #require(members["states"]?.arrayValue?.first)
            #expect(state["id"] == members["activeState"])
            #expect(state["name"] == "initial")
            #expect(state["state"] == [])
            #expect(state["beingDeleted"] == false)
        }
    }

    @Test func pagesAreCutSortedAndCounted() async throws {
        try await TestServer.with { server in
            for number in 0..<23 { try await server.createModel("model \(10 + number)") }
            let newest = try await list(server)
            #expect(newest.models.map(\.name) == (3..<23).reversed().map { "model \(10 + $0)" })
            #expect((newest.total, newest.offset, newest.limit) == (23, 0, 20))
            let rest = try await list(server, #"{"offset": 20, "limit": 1000, "sort": "name", "sortDirection": "asc"}"#)
            #expect(rest.models.map(\.name) == ["model 30", "model 31", "model 32"])
            #expect((rest.total, rest.offset, rest.limit) == (23, 20, 100))
            let none = try await list(server, #"{"limit": 0}"#)
            #expect((none.models.count, none.total, none.limit) == (0, 23, 0))
            #expect(try await server.call("Model/getModels", #"{"sort": "size"}"#).error?.parameterName == "sort")
            #expect(try await server.call("Model/getModels", #"{"offset": -1}"#).error?.parameterName == "offset")
        }
    }

    @Test func filtersAreCombined() async throws {
        try await TestServer.with { server in
            let red = try await server.createModel("Red one", more: #", "tags": [{"tag": "colour", "value": "red"}]"#)
            let blue = try await server.createModel("Blue one", more: #", "tags": [{"tag": "colour", "value": "blue"}]"#)
            func found(_ filter: String) async throws -> [String] {
                try await list(server, #"{"sort": "name", "filter": \#(filter)}"#).models.map(\.id)
            }
            #expect(try await found(#"{"searchName": "ONE"}"#) == [red.rawValue, blue.rawValue])
            #expect(try await found(#"{"searchName": "one", "tags": [{"tag": "colour", "value": "blue"}]}"#) == [blue.rawValue])
            #expect(try await found(#"{"names": ["Red one", "Green one"]}"#) == [red.rawValue])
            #expect(try await found(#"{"ids": ["\#(blue)", "nobody"]}"#) == [blue.rawValue])
            #expect(try await found(#"{"owners": ["local", "somebody"]}"#).count == 2)
            #expect(try await found(#"{"owners": ["somebody"]}"#) == [])
        }
    }

    @Test func aCallerSeesWhatItHasARightToAndWhatIsPublic() async throws {
        try await TestServer.with { server in
            let (mine, other) = (try await server.createModel("mine"), try await server.createModel("other"))
            let open = try await server.createModel("open")
            try await server.call("Model/updateModel", #"{"modelId": "\#(open)", "properties": {"publicAccess": true}}"#)
            let caller = Caller(right: nil, rightsByID: [mine.rawValue: .readwrite])
            let seen = try await list(server, as: caller)
            #expect(seen.models.map(\.id) == [open.rawValue, mine.rawValue])
            #expect(seen.models.map(\.access) == [.read, .readwrite])
            #expect(seen.total == 2)
            // What one caller was answered is not another's answer.
            #expect(try await list(server).total == 3)
            #expect(try await list(server, as: Caller(right: .read)).models.map(\.access) == [.read, .read, .read])
            #expect(try await list(server, as: Caller(right: nil)).models.map(\.id) == [open.rawValue])
            #expect(try await server.shown(other, as: caller) == nil)
        }
    }

    @Test func aKeptAnswerGoesWithEveryChangeOfThisAndOtherProcesses() async throws {
        try await TestServer.with { server in
            let id = try await server.createModel("first")
            for _ in 0..<3 { #expect(try await list(server).models.map(\.name) == ["first"]) }
            try await server.store.updateModel(id, ModelChange(name: "second"))
            for _ in 0..<3 { #expect(try await list(server).models.map(\.name) == ["second"]) }
            let other = try await StateStore.open(at: server.store.path)
            try await other.updateModel(id, ModelChange(name: "third"))
            for _ in 0..<3 { #expect(try await list(server).models.map(\.name) == ["third"]) }
            try await other.commitState(of: id, named: "state") { try await $0.write("key", [1, 2, 3]) }
            #expect(try await list(server).models[0].states.map(\.name) == ["initial", "state"])
            try await other.close()
        }
    }

    @Test func statesAndSnapshotsAreShownWithTheirKeysAndMounts() async throws {
        try await TestServer.with { server in
            let (id, mounted) = (try await server.createModel("one"), try await server.createModel("two"))
            var options = StateOptions(makeActive: true)
            options.mounts = [MountRecord(modelID: mounted)]
            let state = try await server.store.commitState(of: id, named: "v1", options: options) { writer in
                try await writer.write("b", [1])
                try await writer.write("a", [UInt8](repeating: 7, count: 100_000))
            }
            let snapshot = try await server.call("Model/snapshotModel", #"{"modelId": "\#(id)", "snapshotName": "kept"}"#)
                .result(as: SnapshotModelResult.self).snapshotId
            let model = try #require(try await server.shown(id))
            let keys = [DecthingsAPI.StateKey(key: "b", byteSize: 1), DecthingsAPI.StateKey(key: "a", byteSize: 100_000)]
            #expect(model.activeState == state.id.rawValue)
            #expect(model.states.last?.state == keys)
            #expect(model.states.last?.mountedModels == [DecthingsAPI.MountedModel(modelId: mounted.rawValue)])
            #expect(model.snapshots.map(\.id) == [snapshot])
            #expect(model.snapshots.first?.state.state == keys)
            #expect(model.snapshots.first?.state.name == "v1")
            #expect(model.snapshots.first?.filesystemSizeMebibytes == 32)
        }
    }
}
