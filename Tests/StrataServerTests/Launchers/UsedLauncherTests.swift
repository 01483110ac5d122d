import DecthingsAPI
import Foundation
import ModelRuntime
import Strata
import Testing

@testable import StrataServer

@Suite struct UsedLauncherTests {
    private func model(_ server: TestServer) async throws -> ModelID {
        let id = try await server.createModel(running: "scaler")
        let state = try await server.upload(["weight": [0, 0, 0, 64], "meta": Array("{}".utf8)], to: id, named: "two")
        try await server.store.activateState(state, of: id)
        return id
    }

    private func use(_ server: TestServer, _ id: ModelID, _ launchers: [(String, String)]) async throws -> TestServer.Answer {
        let list = launchers.map { #"{"persistentLauncherId": "\#($0.0)", "level": "\#($0.1)"}"# }.joined(separator: ", ")
        return try await server.call("Model/setUsedPersistentLaunchersForEvaluate", #"{"modelId": "\#(id)", "persistentLaunchers": [\#(list)]}"#)
    }

    private func used(_ server: TestServer, _ id: ModelID) async throws -> JSONValue? {
        try await server.call("Model/getUsedPersistentLaunchersForEvaluate", #"{"modelId": "\#(id)"}"#).result["usedPersistentLaunchers"]
    }

    private func evaluate(_ server: TestServer, _ id: ModelID) async throws -> JSONValue {
        let answer = try await server.call("Model/evaluate", #"{"modelId": "\#(id)", "params": [{"name": "x"}]}"#, blobs: [Tensor.blob(Float(3))])
        return try #require(answer.result["success"])
    }

    /// Waits until nothing runs on any launcher.
    private func idle(_ server: TestServer) async throws {
        while server.executor.persistentLaunchers.contains(where: { $0.operationCount > 0 || $0.state == .creating }) {
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    @Test func theListIsReplacedAndForgetsLaunchersThatGo() async throws {
        try await TestServer.with { server in
            let id = try await model(server)
            let spec = Strata.LauncherSpec(memoryMebibytes: 64)
            let (first, second) = (
                try server.executor.createPersistentLauncher(name: "a", spec: spec), try server.executor.createPersistentLauncher(name: "b", spec: spec))
            #expect(try await used(server, id) == [])
            #expect(try await use(server, id, [(first.rawValue, "launcher"), (second.rawValue, "launcher")]).result.isEmpty)
            #expect(try await used(server, id)?.arrayValue?.count == 2)
            #expect(try await use(server, id, [(first.rawValue, "launcher"), ("no id", "launcher")]).error?.code == .persistentLauncherNotFound)
            #expect(try await use(server, id, [(first.rawValue, "warm")]).error?.code == .invalidParameter)
            #expect(try await used(server, id)?.arrayValue?.count == 2)
            try await server.call("PersistentLauncher/deletePersistentLauncher", #"{"persistentLauncherId": "\#(first)"}"#)
            #expect(try await used(server, id) == [["persistentLauncherId": .string(second.rawValue), "level": "launcher"]])
            _ = try await use(server, id, [])
            #expect(try await used(server, id) == [])
        }
    }

    @Test func eachLevelKeepsReadyWhatItSays() async throws {
        try await TestServer.with { server in
            let id = try await model(server)
            let launcher = try server.executor.createPersistentLauncher(name: "l", spec: Strata.LauncherSpec())
            try await idle(server)
            _ = try await use(server, id, [(launcher.rawValue, "codeStart")])
            while server.executor.persistentLaunchers.first?.operationCount == 0 { try await Task.sleep(for: .milliseconds(5)) }
            try await idle(server)
            let started = try await evaluate(server, id)
            #expect(started["executedOnLauncher"]?["persistentLauncherId"] == .string(launcher.rawValue))
            #expect(started["durations"]?["createLauncher"] == nil)
            #expect(started["durations"]?["codeStartup"] == nil)
            #expect(started["durations"]?["createInstantiatedModel"]?.integerValue != nil)
            // Loaded by the first evaluation, or before it.
            _ = try await use(server, id, [(launcher.rawValue, "instantiatedModel")])
            try await idle(server)
            _ = try await evaluate(server, id)
            let loaded = try await evaluate(server, id)
            #expect(loaded["durations"]?["createInstantiatedModel"] == nil)
            #expect(loaded["durations"]?["evaluate"]?.integerValue != nil)
        }
    }

    @Test func aLoadedStateIsNeverMistakenForAnother() async throws {
        try await TestServer.with { server in
            let id = try await model(server)
            let launcher = try server.executor.createPersistentLauncher(name: "l", spec: Strata.LauncherSpec())
            _ = try await use(server, id, [(launcher.rawValue, "instantiatedModel")])
            func product() async throws -> [Float]? {
                let answer = try await server.call("Model/evaluate", #"{"modelId": "\#(id)", "params": [{"name": "x"}]}"#, blobs: [Tensor.blob(Float(3))])
                return try Tensor.decode(answer.blobs[0]).numbers()
            }
            for _ in 0..<2 { #expect(try await product() == [6]) }
            let one = try await server.upload(["weight": [0, 0, 128, 63], "meta": Array("{}".utf8)], to: id)
            try await server.call("Model/setActiveModelState", #"{"modelId": "\#(id)", "stateId": "\#(one)"}"#)
            for _ in 0..<2 { #expect(try await product() == [3]) }
            try await server.store.changeFiles(of: id) { try await $0.put("note", [1]) }
            for _ in 0..<2 { #expect(try await product() == [3]) }
        }
    }

    @Test func anEvaluationWhoseLauncherWentRunsOnATemporaryOne() async throws {
        try await TestServer.with { server in
            let id = try await model(server)
            let launcher = try server.executor.createPersistentLauncher(name: "l", spec: Strata.LauncherSpec(memoryMebibytes: 64))
            _ = try await use(server, id, [(launcher.rawValue, "launcher")])
            try await server.executor.deletePersistentLauncherAndWait(launcher)
            #expect(try await evaluate(server, id)["executedOnLauncher"]?["type"] == "temporaryLauncher")
        }
    }
}
