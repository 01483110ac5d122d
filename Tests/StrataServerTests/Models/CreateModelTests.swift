import DecthingsAPI
import Foundation
import Strata
import Testing

@testable import StrataServer

@Suite struct CreateModelTests {
    private func create(
        _ server: TestServer, _ name: String, options: String, blobs: [[UInt8]] = [], as caller: Caller = .everybody
    ) async throws -> TestServer.Answer {
        try await server.call(
            "Model/createModel", #"{"name": "\#(name)", "description": "text", "options": \#(options)}"#, blobs: blobs, as: caller)
    }

    private func entryFiles(_ server: TestServer, _ preset: String?, language: String = "python") async throws -> [String: Int64] {
        let preset = preset.map { #", "preset": "\#($0)""# } ?? ""
        let answer = try await create(
            server, UUID().uuidString, options: #"{"type": "code", "language": "\#(language)"\#(preset)}"#)
        #expect(answer.result["isNowCreating"] == false)
        let id = try #require(ModelID(rawValue: answer.result["modelId"]?.stringValue ?? ""))
        return Dictionary(uniqueKeysWithValues: try await server.store.files(of: id).map { ($0.path, $0.sizeBytes) })
    }

    @Test func presetsWriteTheEntryFileThatTheyPromise() async throws {
        try await TestServer.with { server in
            #expect(try await entryFiles(server, "none") == [:])
            #expect(try await entryFiles(server, "empty") == ["main.py": 0])
            for preset in [nil, "pytorch", "tensorflow"] {
                let size = try #require(try await entryFiles(server, preset)["main.py"])
                #expect(size > 100)
            }
            let script = try #require(try await entryFiles(server, "tensorflowjs", language: "javascript")["index.js"])
            #expect(script > 100)
            #expect(try await entryFiles(server, "empty", language: "typescript") == ["index.js": 0])
            #expect(try await entryFiles(server, nil, language: "rust") == [:])
        }
    }

    @Test func theSampleMultipliesFromItsFirstStateOn() async throws {
        try await TestServer.with { server in
            let id = try await server.createModel(preset: "pytorch")
            func product() async throws -> [Double]? {
                let answer = try await server.call(
                    "Model/evaluate", #"{"modelId": "\#(id)", "params": [{"name": "x"}]}"#, blobs: [Tensor.blob(21.0)])
                #expect(answer.result["success"]?["output"] == [["name": "x"]])
                return try Tensor.decode(answer.blobs[0]).numbers()
            }
            #expect(try await product() == [42])
            let created = try await server.call(
                "Model/createState",
                #"{"modelId": "\#(id)", "name": "three", "params": [{"name": "factor"}], "executionLocation": \#(temporary)}"#,
                blobs: [Tensor.blob(3.0)])
            let state = try #require(created.result["success"]?["stateId"]?.stringValue)
            try await server.call("Model/setActiveModelState", #"{"modelId": "\#(id)", "stateId": "\#(state)"}"#)
            #expect(try await product() == [63])
        }
    }

    @Test func namesAndOptionsThatCannotBeAreRefused() async throws {
        try await TestServer.with { server in
            try await server.createModel("taken")
            let code = #"{"type": "code", "language": "python", "preset": "none"}"#
            #expect(try await create(server, "taken", options: code).error?.code == .nameAlreadyUsed)
            #expect(try await create(server, "team/model", options: code).error?.code == .organizationNotFound)
            #expect(try await create(server, "", options: code).error?.parameterName == "name")
            #expect(try await create(server, "m", options: code, blobs: [[1]]).error?.parameterName == "params")
            #expect(try await create(server, "m", options: #"{"type": "code", "language": "cobol"}"#).error?.code == .invalidParameter)
            let upload = try await create(server, "m", options: #"{"type": "upload", "format": "onnx"}"#, blobs: [[1, 2]])
            #expect(upload.error?.parameterName == "options")
            #expect(try await create(server, "m", options: code, as: Caller(right: .read)).error?.code == .accessDenied)
            let nobody = UUID().uuidString.lowercased()
            #expect(try await create(server, "m", options: #"{"type": "fromExisting", "modelId": "\#(nobody)"}"#).error?.code == .modelNotFound)
            #expect(try await server.call("Model/getModels").result["total"] == 1)
        }
    }

    @Test func aCopyHasFilesDefinitionsAndOneStateOfItsOwn() async throws {
        try await TestServer.with { server in
            let id = try await server.createModel(running: "scaler", "original")
            let state = try await server.upload(["weight": [0, 0, 128, 63]], to: id, named: "v1")
            try await server.store.activateState(state, of: id)
            let snapshot = try await server.store.createSnapshot(of: id, named: "s").id
            try await server.store.activateState(try await server.upload(["weight": [0, 0, 0, 64]], to: id, named: "v2"), of: id)
            for (source, name, value) in [("", "v2", [0, 0, 0, 64]), (#", "snapshotId": "\#(snapshot)""#, "v1", [0, 0, 128, 63])] as [(String, String, [UInt8])] {
                let answer = try await create(server, "copy of \(name)", options: #"{"type": "fromExisting", "modelId": "\#(id)"\#(source)}"#)
                let copy = try #require(ModelID(rawValue: answer.result["modelId"]?.stringValue ?? ""))
                let shown = try #require(try await server.shown(copy))
                #expect(shown.states.map(\.name) == [name])
                #expect(shown.basedOnSnapshot == nil)
                #expect(shown.description == "text")
                #expect(try await server.store.bytes(of: "weight", of: copy) == value)
                #expect(try await server.store.files(of: copy).map(\.path) == ["main.py"])
            }
            let nobody = UUID().uuidString.lowercased()
            #expect(
                try await create(server, "m", options: #"{"type": "fromExisting", "modelId": "\#(id)", "snapshotId": "\#(nobody)"}"#).error?.code
                    == .snapshotNotFound)
        }
    }

    @Test func modelsAreChangedAsAskedAndKeepTheRest() async throws {
        try await TestServer.with { server in
            let id = try await server.createModel("before")
            try await server.createModel("other")
            func update(_ properties: String, as caller: Caller = .everybody) async throws -> APIErrorCode? {
                try await server.refusal("Model/updateModel", #"{"modelId": "\#(id)", "properties": \#(properties)}"#, as: caller)
            }
            #expect(try await update(#"{"name": "after", "description": "new", "publicAccess": true, "tags": [{"tag": "a", "value": ""}]}"#) == nil)
            #expect(try await update(#"{"defaultLauncherSpecs": {"evaluate": {"cpus": 0.5, "memoryMebibytes": 64, "gpus": {"model": "L4", "count": 2}}}}"#) == nil)
            #expect(
                try await update(
                    #"{"maxDurationsSeconds": {"codeStartup": 1, "instantiateModel": 2, "createState": 3, "train": 4, "evaluate": 5}}"#) == nil)
            #expect(
                try await update(
                    #"{"parameterDefinitions": {"createState": [{"name": "x", "rules": {"shape": [-1], "allowedTypes": ["f32"]}}], "train": [], "evaluateInput": [], "evaluateOutput": []}}"#)
                    == nil)
            #expect(try await update(#"{"name": "other"}"#) == .nameAlreadyUsed)
            #expect(try await update(#"{"description": "x"}"#, as: Caller(right: .read)) == .accessDenied)
            #expect(
                try await update(
                    #"{"maxDurationsSeconds": {"codeStartup": 0, "instantiateModel": 2, "createState": 3, "train": 4, "evaluate": 5}}"#)
                    == .invalidParameter)
            let model = try #require(try await server.shown(id))
            #expect((model.name, model.description, model.publicAccess) == ("after", "new", true))
            #expect(model.tags == [DecthingsAPI.Tag(tag: "a", value: "")])
            #expect(model.defaultLauncherSpecs.evaluate.gpus == DecthingsAPI.GPUSpec(model: "L4", count: 2))
            #expect(model.defaultLauncherSpecs.createState.memoryMebibytes == 512)
            #expect(model.maxDurationsSeconds.evaluate == 5)
            #expect(model.parameterDefinitions.createState.first?.required == true)
            #expect(model.parameterDefinitions.createState.first?.rules.annotations == [])
        }
    }

    @Test func concurrentChangesOfSettingsDoNotUndoOneAnother() async throws {
        try await TestServer.with { server in
            let id = try await server.createModel()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...10 {
                    group.addTask {
                        try await server.call(
                            "Model/updateModel",
                            #"{"modelId": "\#(id)", "properties": {"defaultLauncherSpecs": {"evaluate": {"cpus": \#(number), "memoryMebibytes": 64}}}}"#)
                    }
                    group.addTask {
                        try await server.call(
                            "Model/setImage", #"{"modelId": "\#(id)", "domain": "d", "repository": "r", "reference": "v\#(number)"}"#)
                    }
                }
                try await group.waitForAll()
            }
            let model = try #require(try await server.shown(id))
            #expect(model.defaultLauncherSpecs.evaluate.memoryMebibytes == 64)
            #expect((model.image.domain, model.image.targetDomain, model.image.targetRepository) == ("d", "d", "r"))
        }
    }

    @Test func filesHaveRoomThatCanBeSetAndMeasured() async throws {
        try await TestServer.with { server in
            let id = try await server.createModel()
            func setSize(_ mebibytes: Int, of model: ModelID) async throws -> APIErrorCode? {
                try await server.refusal("Model/setFilesystemSize", #"{"modelId": "\#(model)", "newFilesystemSizeMebibytes": \#(mebibytes)}"#)
            }
            let empty = try await server.call("Model/getFilesystemUsage", #"{"modelId": "\#(id)"}"#).result
            #expect(empty == ["blockSize": 4096, "totalBlocks": 8192, "freeBlocks": 8192, "totalInodes": 2048, "freeInodes": 2047])
            try await server.store.changeFiles(of: id) { writer in
                try await writer.put("a", [UInt8](repeating: 1, count: 2 << 20))
                try await writer.put("b", [1])
            }
            let usage = try await server.call("Model/getFilesystemUsage", #"{"modelId": "\#(id)"}"#).result
            #expect(usage["freeBlocks"] == 7679)
            #expect(usage["freeInodes"] == 2045)
            #expect(try await setSize(64, of: id) == nil)
            #expect(try await server.shown(id)?.filesystemSizeMebibytes == 64)
            #expect(try await setSize(2, of: id) == .notEnoughSpace)
            #expect(try await setSize(0, of: id) == .invalidParameter)
            let snapshot = try await server.store.createSnapshot(of: id, named: "s").id
            let based = try await server.store.createModel(named: "based", options: ModelOptions(origin: .basedOnSnapshot(snapshot, of: id)))
            #expect(try await setSize(64, of: based.id) == .invalidExecutorType)
            #expect(try await server.shown(based.id)?.filesystemSizeMebibytes == 64)
        }
    }

    @Test func aModelGoesWithEverythingOnlyForWhoMayDelete() async throws {
        try await TestServer.with { server in
            let id = try await server.createModel()
            try await server.upload(["a": [1]], to: id)
            let params = #"{"modelId": "\#(id)"}"#
            #expect(try await server.refusal("Model/deleteModel", params, as: Caller(right: .readwrite)) == .accessDenied)
            #expect(try await server.refusal("Model/deleteModel", params, as: Caller(right: nil)) == .modelNotFound)
            #expect(try await server.call("Model/deleteModel", params).result.isEmpty)
            #expect(try await server.refusal("Model/deleteModel", params) == .modelNotFound)
            #expect(try await server.shown(id) == nil)
        }
    }
}
