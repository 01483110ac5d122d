import DecthingsAPI
import Foundation
import Testing

@testable import StrataCommand

/// How much `strata verify` reads, by its flags.
@Suite struct VerifyCommandTests {
    /// A store with two packs of one chunk or more each.
    private func store() async throws -> Tool {
        let tool = try await Tool()
        try await tool.succeed("model", "create", "m")
        for seed in 1...2 {
            let text = (0..<60_000).map { String(($0 &* (seed &* 2 + 1) &* 2_654_435_761) >> 7 & 0xffff, radix: 36) }.joined()
            let uploaded = try await tool.run("state", "upload", "m", "w=" + (try tool.file("w\(seed).bin", text)), "--name", "v\(seed)")
            #expect(uploaded.status == 0, "\(uploaded.errors)")
        }
        return tool
    }

    private func verify(_ tool: Tool, _ flags: [String] = []) async throws -> JSONValue {
        let outcome = try await tool.run(Tool.executable, ["--store", tool.store, "verify", "--json"] + flags)
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try outcome.json()
    }

    @Test func quickReadsIndexesAndNoChunk() async throws {
        let tool = try await store()
        let quick = try await verify(tool, ["--quick"])
        #expect(quick["sound"] == true && quick["checkedPacks"] == 2 && quick["checkedChunks"] == 0 && quick["keptPlace"] == false)
        let full = try await verify(tool)
        #expect(full["sound"] == true && full["checkedPacks"] == 2 && full["keptPlace"] == false)
        #expect(try #require(full["checkedChunks"]?.integerValue) >= 2)
    }

    @Test func quickFindsNoDamageOfAChunkAndAFullRunDoes() async throws {
        let tool = try await store()
        let packs = tool.store + "/packs"
        let pack = packs + "/" + (try #require(try FileManager.default.subpathsOfDirectory(atPath: packs).first { $0.hasSuffix(".pack") }))
        var bytes = try Data(contentsOf: URL(fileURLWithPath: pack))
        bytes[1000] ^= 1
        try bytes.write(to: URL(fileURLWithPath: pack))
        #expect(try await verify(tool, ["--quick"])["sound"] == true)
        let full = try await tool.run("verify", "--json")
        #expect(full.status == StrataExit.damage.rawValue)
        #expect(try full.json()["damages"]?.arrayValue?.contains { $0["key"] == "w" && $0["chunk"] != nil } == true)
    }

    @Test(arguments: [["--percent", "40"], ["--bytes", "100KB"]])
    func partsFollowOneAnotherUntilAllIsRead(flags: [String]) async throws {
        let tool = try await store()
        let all = try #require(try await verify(tool)["checkedBytes"]?.integerValue)
        var read: Int64 = 0
        for _ in 0..<5 {
            let part = try await verify(tool, flags)
            let bytes = try #require(part["checkedBytes"]?.integerValue)
            #expect(part["sound"] == true && part["keptPlace"] == true && part["checkedPacks"] == 0)
            #expect(bytes > 0 && bytes < all, "\(bytes) of \(all) bytes")
            read += bytes
        }
        #expect(read >= all)
        #expect(FileManager.default.fileExists(atPath: tool.store + "/verification"))
    }

    @Test func flagsThatExcludeEachOtherAndBudgetsThatAreNoneAreRefused() async throws {
        let tool = try await store()
        for flags in [["--quick", "--percent", "5"], ["--percent", "5", "--bytes", "1MB"], ["--bytes", "many"], ["--percent", "x"]] {
            #expect(try await tool.run(Tool.executable, ["--store", tool.store, "verify"] + flags).status == StrataExit.usage.rawValue, "\(flags)")
        }
        for percent in ["0", "101", "-1", "nan"] {
            let outcome = try await tool.run(Tool.executable, ["--store", tool.store, "verify", "--percent=\(percent)"])
            #expect([StrataExit.refused.rawValue, StrataExit.usage.rawValue].contains(outcome.status), "\(percent): \(outcome.status)")
        }
    }
}
