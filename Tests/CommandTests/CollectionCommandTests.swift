import DecthingsAPI
import Testing

@testable import StrataCommand

/// Deleting, from the command line to the file system.
@Suite struct CollectionCommandTests {
    private func upload(_ tool: Tool, _ name: String, _ seed: Int, activate: Bool = false) async throws {
        let text = (0..<60_000).map { String(($0 &* (seed &* 2 + 1) &* 2_654_435_761) >> 7 & 0xffff, radix: 36) }.joined()
        let file = try tool.file(name + ".bin", text)
        var arguments = ["--store", tool.store, "state", "upload", "m", "w=" + file, "--name", name]
        if activate { arguments.append("--activate") }
        let outcome = try await tool.run(Tool.executable, arguments)
        #expect(outcome.status == 0, "\(outcome.errors)")
    }

    @Test func pruneAndCollectDoWhatTheirDryRunsSay() async throws {
        let tool = try await Tool()
        try await tool.succeed("model", "create", "m")
        for number in 1...4 { try await upload(tool, "v\(number)", number, activate: number == 2) }
        try await tool.succeed("snapshot", "create", "m", "s")
        let plan = try await tool.succeed("prune", "m", "--keep-last", "1", "--dry-run", "--json").json()
        // `v2` is active, `v4` the newest; the first state, `v1` and `v3` go.
        #expect(plan["dryRun"] == true && plan["deletedCount"] == 3)
        #expect(plan["states"]?.arrayValue?.map { $0["reasons"] } == [
            .array([.string("last")]), .array([]), .array([.string("active")]), .array([]), .array([]),
        ])
        #expect(try await tool.succeed("state", "list", "m", "--json").json()["total"] == 5)
        let pruned = try await tool.succeed("prune", "m", "--keep-last", "1", "--json").json()
        #expect(pruned["deletedCount"] == 3 && pruned["freed"] == plan["freed"])
        let dry = try await tool.succeed("collect", "--dry-run", "--json").json()
        #expect(dry["removed"] == plan["freed"])
        let collected = try await tool.succeed("collect", "--json").json()
        #expect(collected["removed"] == dry["removed"] && collected["removed"]?["packCount"] == 2)
        #expect(try await tool.succeed("verify", "--json").json()["sound"] == true)
        #expect(try await tool.succeed("collect").text.hasPrefix("removed 0 packs"))
    }

    @Test func pruningWithoutARuleOrAModelIsRefused() async throws {
        let tool = try await Tool()
        for arguments in [["prune", "--all"], ["prune", "--keep-last", "1"], ["prune", "m", "--all", "--keep-last", "1"],
            ["prune", "--all", "--keep-within", "30x"]]
        {
            let outcome = try await tool.run(Tool.executable, ["--store", tool.store] + arguments)
            #expect(outcome.status == StrataExit.usage.rawValue, "\(arguments)")
        }
        #expect(try await tool.run("prune", "nobody", "--keep-last", "1").status == StrataExit.notFound.rawValue)
        #expect(try await tool.run("prune", "--all", "--keep-last", "0").status == StrataExit.refused.rawValue)
    }
}
