import DecthingsAPI
import Testing

@testable import StrataCommand

/// Bounding the waste, from the command line to the file system.
@Suite struct CompactionCommandTests {
    private func noise(_ seed: Int) -> String {
        (0..<60_000).map { String(($0 &* (seed &* 2 + 1) &* 2_654_435_761) >> 7 & 0xffff, radix: 36) }.joined()
    }

    @Test func compactDoesWhatItsDryRunSays() async throws {
        let tool = try await Tool()
        try await tool.succeed("model", "create", "m")
        let (kept, gone) = (try tool.file("kept.bin", noise(1)), try tool.file("gone.bin", noise(2)))
        for (name, keys) in [("both", ["k=" + kept, "g=" + gone]), ("half", ["k=" + kept])] {
            let arguments = ["--store", tool.store, "state", "upload", "m"] + keys + ["--name", name, "--activate"]
            #expect(try await tool.run(Tool.executable, arguments).status == 0)
        }
        try await tool.succeed("state", "delete", "m", "both")
        try await tool.succeed("collect")
        let before = try await tool.succeed("stats", "--json").json()
        #expect(before["deadShareMax"] == .number(0.25))
        let plan = try await tool.succeed("compact", "--dry-run", "--json").json()
        #expect(plan["dryRun"] == true && plan["packCount"] == 1 && plan["deadBytes"] == before["deadBytes"] && plan["removedPackCount"] == nil)
        #expect(try await tool.succeed("compact", "--max-waste", "90", "--dry-run", "--json").json()["packCount"] == 0)
        let done = try await tool.succeed("compact", "--json").json()
        for field in ["packBytes", "writtenBytes", "copiedBytes"] { #expect(done[field] == plan[field], "\(field)") }
        #expect(done["removedPackBytes"] == plan["packBytes"] && done["deadBytes"] == 0)
        #expect(try await tool.succeed("verify", "--json").json()["sound"] == true)
        #expect(try await tool.succeed("compact").text.hasPrefix("replaced 0 packs"))
        #expect(try await tool.succeed("stats").text.contains("0 bytes, 0 %; compaction bounds it at 25 %"))
    }

    @Test func aBoundThatIsNoneIsRefused() async throws {
        let tool = try await Tool()
        #expect(try await tool.run("compact", "--max-waste", "101").status == StrataExit.refused.rawValue)
        #expect(try await tool.run("compact", "--merge-below", "many").status == StrataExit.usage.rawValue)
    }
}
