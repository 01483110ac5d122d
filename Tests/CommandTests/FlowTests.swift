import DecthingsAPI
import Foundation
import Testing

@Suite struct FlowTests {
    @Test func aModelsLifeFromInitToDelete() async throws {
        let tool = try await Tool()
        let code = try tool.file("code/main.py", "print('hello')\n")
        try await tool.succeed("model", "create", "m", "--tag", "team=search", "--description", "a model")
        let files = try await tool.succeed("files", "put", "m", tool.folder + "/code", "--json").json()
        #expect(files["items"]?[0]?["path"] == "main.py")
        #expect(try await tool.succeed("files", "get", "m", "main.py").text == "print('hello')\n")

        let weights = try tool.file("weights.bin", String(repeating: "0123456789", count: 30_000))
        try await tool.succeed("state", "upload", "m", "w=" + weights, "code=" + code, "--name", "v1", "--activate")
        let list = try await tool.succeed("state", "list", "m", "--json").json()
        #expect(list["total"] == 2)
        #expect(list["items"]?[1]?["name"] == "v1")
        #expect(list["items"]?[1]?["active"] == true)
        #expect(list["items"]?[1]?["keys"]?[0]?["sizeBytes"] == 300_000)

        #expect(try await tool.succeed("state", "cat", "m", "w", "--offset", "299995", "--length", "99").text == "56789")
        #expect(try await tool.succeed("state", "cat", "m", "code", "--state", "v1").text == "print('hello')\n")

        try await tool.succeed("snapshot", "create", "m", "s")
        #expect(try await tool.succeed("snapshot", "list", "m", "--json").json()["items"]?[0]?["stateName"] == "v1")
        let statistics = try await tool.succeed("stats", "--json").json()
        #expect(statistics["stateCount"] == 2)
        #expect(statistics["snapshotCount"] == 1)
        #expect(try await tool.succeed("verify", "--json").json()["sound"] == true)

        let plan = try await tool.succeed("model", "delete", "m", "--dry-run", "--json").json()
        #expect(plan["dryRun"] == true)
        #expect(plan["deleted"]?[0]?["stateCount"] == 2)
        #expect(try await tool.succeed("model", "list", "--json").json()["total"] == 1)
        #expect(try await tool.succeed("model", "delete", "m").text.hasPrefix("deleted model `m`"))
        #expect(try await tool.succeed("model", "list", "--json").json()["total"] == 0)
    }

    @Test func standardInputAndFoldersBecomeStatesAndComeBack() async throws {
        let tool = try await Tool()
        try await tool.succeed("model", "create", "m")
        try await tool.succeed("state", "upload", "m", "in=-", "--name", "piped", "--activate", input: "from a pipe")
        #expect(try await tool.succeed("state", "cat", "m", "in").text == "from a pipe")

        _ = try tool.file("tree/a.bin", "A")
        _ = try tool.file("tree/deep/b.bin", "B")
        try await tool.succeed("state", "upload", "m", tool.folder + "/tree", "--name", "folder")
        try await tool.succeed("state", "get", "m", "--state", "folder", "--to", tool.folder + "/back")
        #expect(try String(contentsOfFile: tool.folder + "/back/deep/b.bin", encoding: .utf8) == "B")
        #expect(try await tool.run("state", "get", "m", "--to", tool.folder + "/back").status == 4)
    }

    @Test func uploadReplacesStatesInOneStep() async throws {
        let tool = try await Tool()
        try await tool.succeed("model", "create", "m")
        try await tool.succeed("state", "upload", "m", "k=-", "--name", "old", input: "1")
        let refused = try await tool.run(
            "state", "upload", "m", "k=-", "--name", "new", "--delete-states", "old", "--delete-states", "active", input: "2")
        #expect(refused.status == 4)
        #expect(try await tool.succeed("state", "list", "m", "--json").json()["total"] == 2)
        try await tool.succeed(
            "state", "upload", "m", "k=-", "--name", "new", "--base", "old", "--delete-states", "old", input: "2")
        let list = try await tool.succeed("state", "list", "m", "--json").json()
        #expect(list["items"]?.arrayValue?.compactMap { $0["name"]?.stringValue } == ["initial", "new"])
    }

    @Test func modelsComeFromModelsAndSnapshots() async throws {
        let tool = try await Tool()
        try await tool.succeed("model", "create", "m", "--max-create-state-seconds", "7", "--public")
        try await tool.succeed("state", "upload", "m", "k=-", "--name", "v1", "--activate", input: "value")
        try await tool.succeed("snapshot", "create", "m", "s")
        try await tool.succeed("model", "create", "copy", "--copy-of", "m:s")
        try await tool.succeed("model", "create", "runner", "--from-snapshot", "m:s", "--max-train-seconds", "9")
        #expect(try await tool.succeed("state", "cat", "copy", "k").text == "value")
        #expect(try await tool.succeed("state", "cat", "m", "k", "--snapshot", "s").text == "value")
        let runner = try await tool.succeed("model", "show", "runner", "--json").json()
        #expect(runner["maxDurationsSeconds"]?["createState"] == 7)
        #expect(runner["maxDurationsSeconds"]?["train"] == 9)
        #expect(runner["basedOnSnapshot"]?["noLongerExists"] == false)
        try await tool.succeed("snapshot", "delete", "m", "s")
        let later = try await tool.succeed("model", "show", "runner", "--json").json()
        #expect(later["basedOnSnapshot"]?["noLongerExists"] == true)
    }

    @Test func updateChangesWhatIsGivenOnly() async throws {
        let tool = try await Tool()
        try await tool.succeed("model", "create", "m", "--tag", "a=1", "--description", "before", "--cpus", "2")
        let definitions = try tool.file(
            "d.json", #"{"createState": [{"name": "seed", "rules": {"shape": [], "allowedTypes": ["i32"]}}]}"#)
        try await tool.succeed("model", "update", "m", "--name", "n", "--definitions", definitions, "--public")
        let model = try await tool.succeed("model", "show", "n", "--json").json()
        #expect(model["description"] == "before")
        #expect(model["public"] == true)
        #expect(model["tags"]?[0]?["value"] == "1")
        #expect(model["createStateLauncher"]?["cpus"] == 2)
        #expect(model["parameterDefinitions"]?["createState"]?[0]?["required"] == true)
    }

    @Test func datasetsTakeArgumentsAndLinesOfJSON() async throws {
        let tool = try await Tool()
        try await tool.succeed("dataset", "create", "d", "--key", "text:string", "--key", "v:f32[-1]")
        try await tool.succeed("dataset", "append", "d", "text=7", "v:f32[-1]=1,2.5")
        let lines = try tool.file("lines", "{\"text\": \"a\", \"v\": [1]}\n\n{\"text\": \"b\", \"v\": []}\n")
        let dataset = try await tool.succeed("dataset", "append", "d", "--entries", lines, "--json").json()
        #expect(dataset["entryCount"] == 3)
        let items = try await tool.succeed("dataset", "items", "d", "v", "--json").json()["items"]
        #expect(items?[0]?["values"] == .array([.integer(1), .number(2.5)]))
        #expect(items?[2]?["shape"] == [0])
        // What --raw writes, @FILE takes.
        let raw = try await tool.shell("strata dataset items d text --raw --limit 1 > t && strata dataset append d text=@t v:f32[1]=9")
        #expect(raw.status == 0)
        let bad = try await tool.run("dataset", "append", "d", "--entries", "-", input: "{\"text\": 5, \"v\": []}")
        #expect(bad.status == 4)
        #expect(bad.errors.contains("line 1"))
    }

    @Test func statesAreFoundByNamePrefixAndId() async throws {
        let tool = try await Tool()
        try await tool.succeed("model", "create", "m")
        var ids: [String] = []
        for name in ["a", "b", "b"] {
            let state = try await tool.succeed("state", "upload", "m", "k=-", "--name", name, "--json", input: name).json()
            ids.append(try #require(state["id"]?.stringValue))
        }
        #expect(try await tool.succeed("state", "cat", "m", "k", "--state", "a").text == "a")
        #expect(try await tool.succeed("state", "cat", "m", "k", "--state", String(ids[1].prefix(8))).text == "b")
        #expect(try await tool.run("state", "show", "m", String(ids[1].prefix(7))).status == 3)
        let ambiguous = try await tool.run("state", "show", "m", "b", "--json")
        #expect(ambiguous.status == 4)
        #expect(try ambiguous.errorJSON()["error"]?["code"] == "ambiguous_reference")
        try await tool.succeed("state", "activate", "m", ids[2])
        #expect(try await tool.succeed("state", "show", "m", "active", "--json").json()["id"] == .string(ids[2]))
        try await tool.succeed("state", "delete", "m", ids[0], ids[1])
        #expect(try await tool.succeed("state", "list", "m", "--json", "--offset", "1").json()["items"]?.arrayValue?.count == 1)
    }

    @Test func aModelWhoseFilesCannotBeTakenIsNotLeftBehind() async throws {
        let tool = try await Tool()
        let made = try await tool.shell("mkdir bad && mkfifo bad/pipe && strata model create m --files bad")
        #expect(made.status == 4)
        #expect(try await tool.succeed("model", "list", "--json").json()["total"] == 0)
    }
}
