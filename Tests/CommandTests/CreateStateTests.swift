import DecthingsAPI
import Foundation
import Testing

/// With real model code in real processes.
@Suite(.enabled(if: Tool.hasPython, "no .venv; run tools/setup")) struct CreateStateTests {
    static let models = Tool.root + "/Tests/ModelRuntimeTests/Models/"

    @Test func parametersReachTheCodeAndTheStateIsKept() async throws {
        let tool = try await Tool()
        try await tool.succeed("dataset", "create", "d", "--key", "x:i64")
        try await tool.succeed("dataset", "append", "d", "x=5")
        try await tool.succeed("model", "create", "m", "--files", Self.models + "echo_params")
        let outcome = try await tool.succeed(
            "create-state", "m", "--name", "v", "--activate", "--json", "--param", "seed=7", "--param", "list:f32[2]=1,2",
            "--param", "two=1", "--param", "two=2", "--param", "set=dataset:d/x")
        let success = try outcome.json()["success"]
        #expect(success?["durations"]?["codeStartup"]?.integerValue ?? 0 > 0)
        let state = try await tool.succeed("state", "show", "m", "--json").json()
        #expect(state["id"] == success?["stateId"])
        #expect(state["active"] == true)
        #expect(try await tool.succeed("state", "cat", "m", "seed").output == Array(Tensor.scalar(Int64(7)).bytes))
        #expect(try await tool.succeed("state", "cat", "m", "list").output == Array(Tensor([Float(1), 2]).bytes))
        #expect(try await tool.succeed("state", "cat", "m", "two").output == Tensor.concatenated([.scalar(Int64(1)), .scalar(Int64(2))]))
        #expect(try await tool.succeed("state", "cat", "m", "set").output == Array(Tensor.scalar(Int64(5)).bytes))
    }

    @Test func aFailedCreationTellsWhyAndLeavesNothing() async throws {
        let tool = try await Tool()
        try await tool.succeed("model", "create", "m", "--files", Self.models + "raise_in_create")
        let outcome = try await tool.run("create-state", "m", "--name", "v", "--json")
        #expect(outcome.status == 12)
        let failed = try outcome.json()["failed"]
        #expect(failed?["error"]?["code"] == "exception")
        #expect(failed?["error"]?["at"] == "createState")
        #expect(failed?["error"]?["exceptionDetails"]?.stringValue?.contains("raised in createModelState") == true)
        #expect(try outcome.errorJSON()["error"]?["context"]?["failure"] == "exception")
        #expect(try await tool.run("create-state", "m", "--name", "v").errors.contains("Traceback"))
        #expect(try await tool.succeed("state", "list", "m", "--json").json()["total"] == 1)
    }

    @Test func anInterruptKillsTheCodeAndLeavesNothing() async throws {
        let tool = try await Tool()
        try await tool.succeed("model", "create", "m", "--files", Self.models + "hang_ignoring_sigterm")
        let running = try tool.start(Tool.executable, ["--store", tool.store, "create-state", "m", "--name", "v"])
        let children = try await Self.childrenOnceCreating(of: running.process.processIdentifier, tool)
        kill(running.process.processIdentifier, SIGINT)
        let outcome = await running.outcome()
        #expect(outcome.status == 130)
        #expect(outcome.errors.contains("cancelled"))
        for child in children { #expect(kill(child, 0) == -1, "process \(child) lives") }
        #expect(try await tool.succeed("creations", "list", "--json").json()["total"] == 0)
        #expect(try await tool.succeed("state", "list", "m", "--json").json()["total"] == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: tool.store + "/staging").isEmpty)
    }

    /// Waits until the creation is listed and its code runs.
    private static func childrenOnceCreating(of parent: Int32, _ tool: Tool) async throws -> [Int32] {
        for _ in 0..<200 {
            let listed = try await tool.succeed("creations", "list", "m", "--json").json()["total"]
            let children = try Self.children(of: parent)
            if listed == 1, !children.isEmpty { return children }
            try await Task.sleep(for: .milliseconds(100))
        }
        Issue.record("the creation did not start")
        return []
    }

    private static func children(of parent: Int32) throws -> [Int32] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }.filter { process in
            let line = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
            // The name before the last parenthesis may hold anything; behind it stand the state and the parent.
            let rest = line.split(separator: ")").last.map { $0.split(separator: " ") } ?? []
            return rest.count > 1 && rest[1] == "\(parent)"
        }
    }

    @Test func mountsAreReadByStateAndSnapshot() async throws {
        let tool = try await Tool()
        try await tool.succeed("model", "create", "source", "--files", Self.models + "echo_params")
        try await tool.succeed("state", "upload", "source", "k=-", "--name", "v", "--activate", input: "value")
        try await tool.succeed("snapshot", "create", "source", "s")
        try await tool.succeed("model", "create", "m", "--files", Self.models + "echo_params")
        for mount in ["source", "source@v", "source:s"] {
            try await tool.succeed("create-state", "m", "--name", mount, "--mount", mount)
            let state = try await tool.succeed("state", "show", "m", mount, "--json").json()
            #expect(state["mounts"]?.arrayValue?.count == 1)
            #expect((state["mounts"]?[0]?["snapshotId"] != nil) == (mount == "source:s"))
        }
        #expect(try await tool.run("create-state", "m", "--name", "x", "--mount", "source", "--mount", "source:s").status == 4)
    }
}
