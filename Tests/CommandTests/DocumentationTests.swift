import ArgumentParser
import DecthingsAPI
import Testing

@testable import StrataCommand

@Suite struct DocumentationTests {
    /// All commands with their words.
    static func commands(_ root: any ParsableCommand.Type = StrataTool.self, _ words: [String] = []) -> [([String], any ParsableCommand.Type)] {
        root.configuration.subcommands.flatMap { command -> [([String], any ParsableCommand.Type)] in
            let own = words + [command._commandName]
            return [(own, command)] + commands(command, own)
        }
    }

    @Test func everyCommandHasAnAbstractAndAnExample() {
        for (words, command) in Self.commands() {
            let configuration = command.configuration
            #expect(!configuration.abstract.isEmpty, "\(words)")
            #expect(configuration.discussion.contains("Example:\n  strata \(words[0])"), "\(words)")
        }
    }

    @Test func everyCommandTakesJSONAndHasDocumentedFields() {
        let documented = Set(JSONFieldsCommand.documents.flatMap(\.commands))
        for (words, command) in Self.commands() where command.configuration.subcommands.isEmpty {
            #expect(command.helpMessage(columns: 200).contains("--json"), "\(words)")
            // It writes bytes, not a document.
            if words == ["state", "cat"] { continue }
            #expect(documented.contains(words.joined(separator: " ")), "\(words)")
        }
    }

    @Test func whatIsPrintedIsDocumented() async throws {
        let tool = try await Tool(makesStore: false)
        let weights = try tool.file("w", "weights")
        #expect(try await tool.run(Tool.executable, ["init", "--store", tool.folder + "/c"]).status == 0)
        let runs: [[String]] = [
            ["init"], ["model", "create", "m", "--tag", "a=b"], ["files", "put", "m", weights], ["files", "list", "m"],
            ["state", "upload", "m", "w=" + weights, "--name", "v", "--activate"], ["state", "list", "m"],
            ["state", "show", "m"], ["state", "get", "m", "--to", tool.folder + "/out"], ["snapshot", "create", "m", "s"],
            ["snapshot", "list", "m"], ["model", "create", "r", "--from-snapshot", "m:s"], ["model", "list"],
            ["model", "show", "r"], ["dataset", "create", "d", "--key", "x:i64"], ["dataset", "append", "d", "x=1"],
            ["dataset", "items", "d", "x"], ["dataset", "list"], ["creations", "list"], ["operations", "list"], ["stats"], ["stats", "m"], ["verify"],
            ["prune", "--all", "--keep-last", "1", "--dry-run"], ["collect", "--dry-run"], ["collect"],
            ["compact", "--dry-run"], ["compact"], ["repair", "--dry-run"],
            ["backup", tool.folder + "/b", "--dry-run"], ["backup", tool.folder + "/b"],
            ["restore", tool.folder + "/b", "--replace"], ["copy", tool.folder + "/c"],
            ["model", "delete", "m", "--dry-run"], ["files", "remove", "m", "w"], ["doctor"], ["exit-codes"], ["json-fields"],
        ]
        for arguments in runs {
            let storeArguments = ["doctor", "exit-codes", "json-fields"].contains(arguments[0]) ? [] : ["--store", tool.store]
            let outcome = try await tool.run(Tool.executable, arguments + storeArguments + ["--json"])
            #expect(outcome.status == 0, "\(arguments): \(outcome.errors)")
            let command = arguments.prefix { !["m", "r", "d"].contains($0) && !$0.hasPrefix("--") && !$0.hasPrefix("/") }.prefix(2).joined(separator: " ")
            let fields = try #require(JSONFieldsCommand.documents.first { $0.commands.contains(command) }, "\(command)").fields
            let unknown = Self.paths(try outcome.json()).subtracting(fields.map(\.path))
            #expect(unknown.isEmpty, "\(command) prints fields that are not documented")
        }
    }

    @Test func globalOptionsMayStandAnywhere() {
        func reordered(_ text: String) -> String {
            let (_, words, given) = GlobalArguments.parted(text.split(separator: " ").map(String.init), for: StrataTool.self)
            return (words + given).joined(separator: " ")
        }
        #expect(reordered("--store d --json model list") == "model list --store d --json")
        #expect(reordered("model --store=d list --json") == "model list --store=d --json")
        #expect(reordered("state cat m --store d -- --json") == "state cat m --store d -- --json".replacing("cat m", with: "cat m"))
        #expect(reordered("--help") == "--help")
        #expect(!GlobalArguments.askForJSON(["model", "create", "--", "--json"]))
    }

    /// The paths of all leaves: `items[].keys[].key`.
    static func paths(_ value: JSONValue, _ path: String = "") -> Set<String> {
        switch value {
        case .object(let members):
            return members.reduce(into: []) { $0.formUnion(paths($1.value, path.isEmpty ? $1.key : "\(path).\($1.key)")) }
        case .array(let elements):
            return elements.reduce(into: []) { $0.formUnion(paths($1, path + "[]")) }
        default: return [path]
        }
    }
}
