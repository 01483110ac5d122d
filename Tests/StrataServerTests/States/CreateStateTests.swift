import DecthingsAPI
import Foundation
import ModelRuntime
import Strata
import Testing

@testable import StrataServer

@Suite struct CreateStateTests {
    static func create(
        _ server: TestServer, _ id: ModelID, name: String = "new", params: String = "[]", more: String = "", location: String = temporary,
        blobs: [[UInt8]] = [], as caller: Caller = .everybody
    ) async throws -> TestServer.Answer {
        try await server.call(
            "Model/createState",
            #"{"modelId": "\#(id)", "name": "\#(name)", "params": \#(params), "executionLocation": \#(location)\#(more)}"#, blobs: blobs, as: caller)
    }

    /// The failed result of a run; records an issue when it has another form than the spec's.
    private func failure(_ answer: TestServer.Answer) throws -> (error: JSONValue, durations: JSONValue) {
        guard case .object(let failed)? = answer.result["failed"] else { throw APIError(.unknown) }
        #expect(Array(answer.result.keys) == ["failed"])
        #expect(Set(failed.keys) == ["durations", "error"])
        return (try #require(failed["error"]), try #require(failed["durations"]))
    }

    private func setLimits(_ server: TestServer, _ id: ModelID, codeStartup: Int = 60, createState: Int = 60) async throws {
        let settings = ModelSettings(maxDurations: MaxDurations(codeStartupSeconds: codeStartup, createStateSeconds: createState))
        try await server.store.updateModel(id, ModelChange(settings: settings))
    }

    @Test func aStateIsMadeFromTensorsDatasetsAndMounts() async throws {
        try await TestServer.with { server in
            let id = try await server.createModel(running: "scaler", "child")
            let parent = try await server.createModel(running: "scaler", "parent")
            let active = try await server.upload(["weight": [0, 0, 0, 64]], to: parent, named: "two")
            try await server.store.activateState(active, of: parent)
            let dataset = try await server.store.createDataset(
                named: "labels", keys: [Strata.ParameterDefinition(name: "label", shape: [], allowedTypes: ["string"])])
            let label = Tensor.scalar("from a dataset")
            try await server.store.appendEntries(
                [["label": Item(elementType: "string", shape: [], bytes: Array(label.bytes))]], to: dataset.id)
            let answer = try await Self.create(
                server, id,
                params: #"[{"name": "label", "data": {"type": "dataset", "datasetId": "\#(dataset.id)", "datasetKey": "label"}}, {"name": "weight"}]"#,
                more: #", "mountModels": [{"modelId": "\#(parent)"}]"#, blobs: [Tensor.blob(Float(3))])
            #expect(Array(answer.result.keys) == ["success"])
            let durations = answer.result["success"]?["durations"]
            for phase in ["total", "createLauncher", "codeStartup", "createState"] { #expect(durations?[phase]?.integerValue != nil) }
            let state = try #require(StateID(rawValue: answer.result["success"]?["stateId"]?.stringValue ?? ""))
            #expect(try await server.store.bytes(of: "weight", in: state, of: id) == [0, 0, 160, 64])
            let meta = String(decoding: try await server.store.bytes(of: "meta", in: state, of: id), as: UTF8.self)
            #expect(meta.contains("from a dataset"))
            let shown = try #require(try await server.shown(id))
            #expect(shown.activeState != state.rawValue)
            #expect(shown.states.last?.mountedModels == [DecthingsAPI.MountedModel(modelId: parent.rawValue)])
            #expect(shown.states.last?.trainingOperations == [])
        }
    }

    @Test func whatIsNotThereIsRefusedByItsName() async throws {
        try await TestServer.with { server in
            let (id, other) = (try await server.createModel("one"), try await server.createModel("two"))
            let nobody = UUID().uuidString.lowercased()
            let dataset = try await server.store.createDataset(named: "d", keys: [Strata.ParameterDefinition(name: "k")]).id
            func code(_ more: String) async throws -> APIErrorCode? { try await Self.create(server, id, more: more).error?.code }
            #expect(try await Self.create(server, ModelID(unchecked: nobody)).error?.code == .modelNotFound)
            for missing in [nobody, "no id"] {
                #expect(try await code(#", "mountModels": [{"modelId": "\#(missing)"}]"#) == .modelToMountNotFound)
                #expect(
                    try await code(#", "mountModels": [{"modelId": "\#(other)", "stateId": "\#(missing)"}]"#) == .stateForModelToMountNotFound)
                #expect(
                    try await code(#", "mountModels": [{"modelId": "\#(other)", "snapshotId": "\#(missing)"}]"#)
                        == .snapshotForModelToMountNotFound)
                let location = #"{"type": "persistentLauncher", "persistentLauncherId": "\#(missing)"}"#
                #expect(try await Self.create(server, id, location: location).error?.code == .persistentLauncherNotFound)
                let provider = #"[{"name": "x", "data": {"type": "dataset", "datasetId": "\#(missing)", "datasetKey": "k"}}]"#
                let error = try await Self.create(server, id, params: provider).error
                #expect(error?.code == .datasetNotFound)
                #expect(error?.datasetId == missing)
            }
            let provider = #"[{"name": "x", "data": {"type": "dataset", "datasetId": "\#(dataset)", "datasetKey": "other"}}]"#
            let error = try await Self.create(server, id, params: provider).error
            #expect(error?.code == .datasetKeyNotFound)
            #expect((error?.datasetId, error?.datasetKey) == (dataset.rawValue, "other"))
            let both = try await Self.create(
                server, id, more: #", "mountModels": [{"modelId": "\#(other)", "stateId": "\#(nobody)", "snapshotId": "\#(nobody)"}]"#).error
            #expect((both?.code, both?.parameterName) == (.invalidParameter, "mountModels"))
            #expect(try await Self.create(server, id, as: Caller(right: .read)).error?.code == .accessDenied)
            #expect(try await server.store.operations(of: id).total == 0)
        }
    }

    @Test func parametersMustBeThoseThatTheModelDeclares() async throws {
        try await TestServer.with { server in
            let id = try await server.createModel(
                running: "scaler",
                definitions: """
                    {"createState": [{"name": "weight", "required": true, "rules": {"shape": [], "allowedTypes": ["f32"], "annotations": []}}],
                     "train": [], "evaluateInput": [], "evaluateOutput": []}
                    """)
            let good = Tensor.blob(Float(1))
            for (params, blobs) in [
                ("[]", []), (#"[{"name": "weight"}, {"name": "other"}]"#, [good, good]), (#"[{"name": "weight"}, {"name": "weight"}]"#, [good, good]),
                (#"[{"name": "weight"}]"#, [Tensor.blob(1.0)]), (#"[{"name": "weight"}]"#, [Array(Tensor([Float(1)], shape: [1]).bytes)]),
                (#"[{"name": "weight"}]"#, [[1, 2, 3]]), (#"[{"name": "weight"}]"#, []), (#"[{"name": "weight"}]"#, [good, good]),
            ] as [(String, [[UInt8]])] {
                let error = try await Self.create(server, id, params: params, blobs: blobs).error
                #expect(error?.code == .invalidParameter, "\(params)")
                #expect(error?.parameterName == "params")
                #expect(error?.reason?.isEmpty == false)
            }
            for name in ["", String(repeating: "x", count: 256)] {
                let error = try await Self.create(server, id, name: name, params: #"[{"name": "weight"}]"#, blobs: [good]).error
                #expect((error?.code, error?.parameterName) == (.invalidParameter, "name"))
            }
            let spec = #"{"type": "temporaryLauncher", "spec": {"cpus": 0, "memoryMebibytes": 1}}"#
            #expect(try await Self.create(server, id, params: #"[{"name": "weight"}]"#, location: spec, blobs: [good]).error?.code == .invalidParameter)
            #expect(try await Self.create(server, id, params: #"[{"name": "weight"}]"#, blobs: [good]).result["success"] != nil)
        }
    }

    @Test(arguments: [
        ("raise_at_start", "exception", "codeStartup"), ("raise_in_create", "exception", "createState"),
        ("key_twice_unchecked", "exception", "createState"),
    ])
    func codeThatRaisesIsToldWithItsStageAndTrace(model: String, code: String, stage: String) async throws {
        try await TestServer.with { server in
            let id = try await server.createModel(running: model)
            let (error, durations) = try failure(try await Self.create(server, id))
            #expect(error["code"] == .string(code))
            #expect(error["at"] == .string(stage))
            #expect(error["exceptionDetails"]?.stringValue?.isEmpty == false)
            #expect(durations["total"]?.integerValue != nil)
            #expect((durations["createState"] != nil) == (stage == "createState"))
            #expect(try await server.shown(id)?.states.count == 1)
        }
    }

    @Test func codeThatEndsIsToldWithHow() async throws {
        try await TestServer.with { server in
            let exits = try await server.createModel(running: "exit_code_3", "exits")
            #expect(try failure(try await Self.create(server, exits)).error == ["code": "code_terminated", "exitCode": 3, "oom": false])
            let killed = try await server.createModel(running: "kill_self", "killed")
            #expect(try failure(try await Self.create(server, killed)).error == ["code": "code_terminated", "signal": "SIGKILL", "oom": false])
        }
    }

    @Test func codeThatTakesTooMuchMemoryIsToldSo() async throws {
        var configuration = ProcessExecutor.Configuration()
        configuration.confinement.limits = .watched
        try await TestServer.with(configuration: configuration) { server in
            let id = try await server.createModel(
                code: """
                    import time
                    class Entry:
                        def createModelState(self, options):
                            kept = [bytearray(b"x" * (8 << 20)) for _ in range(128)]
                            time.sleep(60)
                        def instantiateModel(self, options):
                            return {}
                    model = Entry()
                    """)
            let small = #"{"type": "temporaryLauncher", "spec": {"cpus": 1, "memoryMebibytes": 256}}"#
            #expect(try failure(try await Self.create(server, id, location: small)).error == ["code": "code_terminated", "signal": "SIGKILL", "oom": true])
        }
    }

    @Test func codeThatTakesTooLongIsToldWithItsStage() async throws {
        try await TestServer.with { server in
            let starts = try await server.createModel(running: "hang_at_start", "starts")
            try await setLimits(server, starts, codeStartup: 1)
            #expect(try failure(try await Self.create(server, starts)).error == ["code": "max_duration_exceeded", "at": "codeStartup"])
            let creates = try await server.createModel(running: "hang_in_create", "creates")
            try await setLimits(server, creates, createState: 1)
            #expect(try failure(try await Self.create(server, creates)).error == ["code": "max_duration_exceeded", "at": "createState"])
        }
    }

    @Test func codeThatCannotBeRunIsToldSo() async throws {
        try await TestServer.with { server in
            let none = try await server.createModel("none")
            #expect(try failure(try await Self.create(server, none)).error == ["code": "read_executable_file_failed"])
            let answer = try await server.call(
                "Model/createModel", #"{"name": "text", "description": "", "options": {"type": "code", "language": "rust"}}"#)
            let text = try #require(ModelID(rawValue: answer.result["modelId"]?.stringValue ?? ""))
            try await server.store.changeFiles(of: text) { try await $0.put("model", Array("no program".utf8), permissions: 0o755) }
            #expect(try failure(try await Self.create(server, text)).error == ["code": "invalid_executable_file"])
        }
    }

    @Test func aFullServerSaysSo() async throws {
        var configuration = ProcessExecutor.Configuration()
        configuration.launchersMax = 1
        configuration.waitingOperationsMax = 0
        try await TestServer.with(configuration: configuration) { server in
            let id = try await server.createModel(running: "hang_in_create")
            async let running = Self.create(server, id)
            let state = try await server.creation(of: id)
            while try await failureCode(server, id) != "server_overloaded" { try await Task.sleep(for: .milliseconds(5)) }
            #expect(try await server.call("Model/cancelCreateState", #"{"modelId": "\#(id)", "stateId": "\#(state)"}"#).result.isEmpty)
            #expect(try failure(try await running).error == ["code": "cancelled"])
        }
    }

    private func failureCode(_ server: TestServer, _ id: ModelID) async throws -> String? {
        try await server.call(
            "Model/createState", #"{"modelId": "\#(id)", "name": "n", "params": [], "executionLocation": \#(temporary)}"#
        ).result["failed"]?["error"]?["code"]?.stringValue
    }

    @Test func aCreationIsListedWaitedForAndCancelled() async throws {
        try await TestServer.with { server in
            let id = try await server.createModel(running: "hang_in_create")
            async let running = Self.create(server, id, name: "slow")
            let state = try await server.creation(of: id)
            let params = #"{"modelId": "\#(id)", "stateId": "\#(state)"}"#
            let listed = try await server.call("Model/getCreatingStates", #"{"modelId": "\#(id)"}"#).result["states"]?.arrayValue
            #expect(listed?.map { $0["name"] } == ["slow"])
            #expect(listed?.first?["id"] == .string(state.rawValue))
            #expect(listed?.first?["startedAt"]?.integerValue ?? 0 > 1_600_000_000_000)
            async let waiting = server.call("Model/waitForStateToBeCreated", params)
            #expect(try await server.refusal("Model/cancelCreateState", params, as: Caller(right: .read)) == .stateNotFound)
            #expect(try await server.call("Model/cancelCreateState", params).result.isEmpty)
            #expect(try failure(try await running).error == ["code": "cancelled"])
            // Who asked while it ran is told the same; who came too late, that there is none.
            let waited = try await waiting
            #expect(waited.error?.code == .stateNotFound || waited.result["failed"]?["error"] == ["code": "cancelled"])
            #expect(try await server.refusal("Model/waitForStateToBeCreated", params) == .stateNotFound)
            #expect(try await server.call("Model/getCreatingStates", #"{"modelId": "\#(id)"}"#).result == ["states": []])
            let made = try await server.upload(["a": [1]], to: id)
            for method in ["cancelCreateState", "waitForStateToBeCreated"] {
                #expect(try await server.refusal("Model/\(method)", #"{"modelId": "\#(id)", "stateId": "\#(made)"}"#) == .stateAlreadyCreated)
            }
        }
    }

    @Test func aClientThatGoesAwayDoesNotEndTheRun() async throws {
        try await TestServer.with { server in
            let id = try await server.createModel(running: "scaler")
            let call = Task { try await Self.create(server, id, name: "goes on") }
            _ = try await server.creation(of: id)
            call.cancel()
            while try await server.shown(id)?.states.last?.name != "goes on" { try await Task.sleep(for: .milliseconds(20)) }
            _ = try? await call.value
        }
    }

    @Test func aDeletedLauncherEndsWhatRunsOnIt() async throws {
        try await TestServer.with { server in
            let id = try await server.createModel(running: "hang_in_create")
            let launcher = try server.executor.createPersistentLauncher(name: "l", spec: Strata.LauncherSpec())
            let location = #"{"type": "persistentLauncher", "persistentLauncherId": "\#(launcher)"}"#
            async let running = Self.create(server, id, location: location)
            _ = try await server.creation(of: id)
            while server.executor.persistentLaunchers.first?.operationCount != 1 { try await Task.sleep(for: .milliseconds(5)) }
            try server.executor.deletePersistentLauncher(launcher, terminating: true)
            #expect(try failure(try await running).error == ["code": "launcher_terminated"])
        }
    }

    @Test func warmCodeHasNoDurationsOfItsStart() async throws {
        try await TestServer.with { server in
            let id = try await server.createModel(running: "scaler")
            let launcher = try server.executor.createPersistentLauncher(name: "l", spec: Strata.LauncherSpec())
            while server.executor.persistentLaunchers.first?.state != .active { try await Task.sleep(for: .milliseconds(5)) }
            let location = #"{"type": "persistentLauncher", "persistentLauncherId": "\#(launcher)"}"#
            let first = try await Self.create(server, id, location: location).result["success"]?["durations"]
            #expect(first?["createLauncher"] == nil)
            #expect(first?["codeStartup"]?.integerValue != nil)
            let second = try await Self.create(server, id, location: location).result["success"]?["durations"]
            #expect(second?["codeStartup"] == nil)
            #expect(second?["createState"]?.integerValue != nil)
        }
    }
}

extension TestServer {
    var executor: ProcessExecutor { service.executor }

    /// The state that is being created, once there is one.
    func creation(of model: ModelID) async throws -> StateID {
        while true {
            if let creation = try await store.creatingStates(of: model).first { return creation.stateID }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
