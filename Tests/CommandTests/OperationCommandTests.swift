import DecthingsAPI
import Foundation
import Testing

/// With real model code in real processes.
@Suite(.enabled(if: Tool.hasPython, "no .venv; run tools/setup")) struct OperationCommandTests {
    private static let models = CreateStateTests.models

    @Test func whatRanIsListedShownAndForgotten() async throws {
        let tool = try await Tool()
        try await tool.succeed("model", "create", "good", "--files", Self.models + "echo_params")
        try await tool.succeed("model", "create", "bad", "--files", Self.models + "raise_in_create")
        let created = try await tool.succeed("create-state", "good", "--name", "v", "--cpus", "0.5", "--json").json()["success"]
        #expect(try await tool.run("create-state", "bad", "--name", "v").status == 12)
        let all = try await tool.succeed("operations", "list", "--json").json()
        #expect(all["total"] == 2 && all["items"]?[0]?["modelName"] == "bad")
        let listed = try await tool.succeed("operations", "list", "good", "--kind", "createState", "--json").json()
        #expect(listed["total"] == 1 && listed["items"]?[0]?["id"] == created?["stateId"] && listed["items"]?[0]?["status"] == "finished")
        #expect(try await tool.succeed("operations", "list", "good", "--kind", "train", "--json").json()["total"] == 0)
        #expect(try await tool.succeed("operations", "list", "--running").text == "no operations\n")
        let shown = try await tool.succeed("operations", "show", "bad", "v", "--json").json()
        #expect(shown["error"]?["code"] == "exception" && shown["error"]?["at"] == "createState" && shown["status"] == "failed")
        #expect(try await tool.succeed("operations", "show", "bad", "v").text.contains("raised in createModelState"))
        #expect(try await tool.run("operations", "cancel", "bad", "v").status == 5)
        #expect(try await tool.succeed("operations", "logs", "bad", "v", "--json").json()["operationId"] == shown["id"])
        try await tool.succeed("operations", "clear", "bad", "v")
        #expect(try await tool.run("operations", "show", "bad", "v").status == 3)
        #expect(try await tool.run("operations", "list", "--kind", "odd").status == 64)
    }

    @Test func codeThatFailsToStartFailsTrainingAndEvaluation() async throws {
        let tool = try await Tool()
        try await tool.succeed("model", "create", "m", "--files", Self.models + "raise_at_start")
        let trained = try await tool.run("train", "m", "--name", "t", "--json")
        #expect(trained.status == 12)
        let failed = try trained.json()["failed"]
        #expect(failed?["error"]?["code"] == "exception" && failed?["error"]?["at"] == "codeStartup")
        #expect(try trained.errorJSON()["error"]?["code"] == "training_failed")
        let shown = try await tool.succeed("operations", "show", "m", "t", "--json").json()
        #expect(try shown["id"] == trained.json()["trainingSessionId"])
        #expect(shown["kind"] == "train" && shown["status"] == "failed" && shown["newStateName"] == "t")
        let evaluated = try await tool.run("evaluate", "m", "--json")
        #expect(evaluated.status == 12)
        #expect(try evaluated.json()["failed"]?["error"]?["code"] == "exception")
        #expect(try evaluated.errorJSON()["error"]?["context"]?["evaluationId"] == evaluated.json()["evaluationId"])
        #expect(try await tool.succeed("operations", "list", "m", "--json").json()["total"] == 2)
        #expect(try await tool.succeed("state", "list", "m", "--json").json()["total"] == 1)
        #expect(try await tool.run("train", "m", "--name", "t", "--state", "nothing").status == 3)
        #expect(try await tool.run("evaluate", "m:nothing").status == 3)
    }

    @Test func anOperationIsCancelledByAnotherProcess() async throws {
        let tool = try await Tool()
        try await tool.succeed("model", "create", "m", "--files", Self.models + "hang_at_start")
        let running = try tool.start(Tool.executable, ["--store", tool.store, "train", "m", "--name", "t"])
        while try await tool.succeed("operations", "list", "m", "--running", "--json").json()["total"] != 1 {
            try await Task.sleep(for: .milliseconds(50))
        }
        let cancelled = try await tool.succeed("operations", "cancel", "m", "t", "--json").json()
        #expect(cancelled["kind"] == "train")
        let outcome = await running.outcome()
        #expect(outcome.status == 12 && outcome.errors.contains("cancelled"), "\(outcome.errors)")
        let shown = try await tool.succeed("operations", "show", "m", "t", "--json").json()
        #expect(shown["status"] == "failed" && shown["error"]?["code"] == "cancelled")
    }

    @Test func anInterruptCancelsATraining() async throws {
        let tool = try await Tool()
        try await tool.succeed("model", "create", "m", "--files", Self.models + "hang_at_start")
        let running = try tool.start(Tool.executable, ["--store", tool.store, "train", "m", "--name", "t"])
        while try await tool.succeed("operations", "list", "m", "--running", "--json").json()["total"] != 1 {
            try await Task.sleep(for: .milliseconds(50))
        }
        kill(running.process.processIdentifier, SIGINT)
        let outcome = await running.outcome()
        #expect(outcome.status == 130, "\(outcome.errors)")
        let shown = try await tool.succeed("operations", "show", "m", "t", "--json").json()
        #expect(shown["status"] == "failed" && shown["error"]?["code"] == "cancelled")
        #expect(try FileManager.default.contentsOfDirectory(atPath: tool.store + "/staging").isEmpty)
    }
}
