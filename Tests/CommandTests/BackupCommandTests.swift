import DecthingsAPI
import Foundation
import Testing

@testable import StrataCommand

/// `strata backup` and what the other commands do with a backup.
@Suite struct BackupCommandTests {
    @Test func aBackupIsReadLikeAStoreAndNotWritten() async throws {
        let (tool, text) = try await Tool.withUploadedState()
        let backup = tool.folder + "/b"
        let first = try await tool.succeed("backup", backup, "--json").json()
        #expect(first["copiedPacks"] == 1 && first["dryRun"] == false)
        #expect(try await tool.succeed("backup", backup, "--json").json()["copiedPacks"] == 0)
        #expect(try await tool.succeed("backup", backup).text.hasPrefix("copied 0 packs"))
        for arguments in [["verify"], ["stats"], ["state", "list", "m"], ["state", "cat", "m", "w"], ["repair"]] {
            let outcome = try await tool.run(Tool.executable, arguments + ["--store", backup])
            #expect(outcome.status == 0, "\(arguments): \(outcome.errors)")
            if arguments == ["state", "cat", "m", "w"] { #expect(outcome.text == text) }
        }
        let refused = try await tool.run(Tool.executable, ["model", "create", "n", "--store", backup])
        #expect(refused.status == StrataExit.refused.rawValue && refused.errors.contains("strata restore"), "\(refused.errors)")
    }

    @Test func aDamagedStoreEndsWithTheCodeOfDamage() async throws {
        let (tool, _) = try await Tool.withUploadedState()
        let pack = try #require(try FileManager.default.subpathsOfDirectory(atPath: tool.store + "/packs").first { $0.hasSuffix(".pack") })
        let url = URL(fileURLWithPath: tool.store + "/packs/" + pack)
        var bytes = try Data(contentsOf: url)
        bytes[200] ^= 1
        try bytes.write(to: url)
        let outcome = try await tool.run("backup", tool.folder + "/b", "--json")
        #expect(outcome.status == StrataExit.damage.rawValue)
        #expect(try outcome.errorJSON()["error"]?["context"]?["packs"] != nil)
    }

    @Test func aRestoredStoreIsTheStoreAgain() async throws {
        let (tool, text) = try await Tool.withUploadedState()
        let (backup, new) = (tool.folder + "/b", tool.folder + "/new")
        try await tool.succeed("backup", backup)
        let restored = try await tool.run(Tool.executable, ["restore", backup, "--store", new, "--json"])
        #expect(restored.status == 0, "\(restored.errors)")
        #expect(try restored.json()["restoredPacks"] == 1)
        #expect(try await tool.run(Tool.executable, ["state", "cat", "m", "w", "--store", new]).text == text)
        let again = try await tool.run(Tool.executable, ["restore", backup, "--store", new])
        #expect(again.status == StrataExit.conflict.rawValue, "\(again.errors)")
        try await tool.succeed("model", "delete", "m")
        #expect(try await tool.succeed("restore", backup, "--replace", "--json").json()["quarantine"] == "quarantine/1")
        #expect(try await tool.succeed("state", "cat", "m", "w").text == text)
        #expect(try await tool.succeed("restore", backup, "--replace").text.hasPrefix("restored 0 packs"))
    }

    @Test func aCopyMadeAgainCopiesNothing() async throws {
        let (tool, text) = try await Tool.withUploadedState()
        let other = tool.folder + "/other"
        #expect(try await tool.run("copy", other).status == StrataExit.noStore.rawValue)
        #expect(try await tool.run(Tool.executable, ["init", "--store", other]).status == 0)
        let first = try await tool.succeed("copy", other, "--model", "m", "--state", "v1", "--json").json()
        #expect(first["copiedStates"] == 1 && first["readBytes"] == .integer(Int64(text.utf8.count)))
        #expect(try await tool.run(Tool.executable, ["state", "cat", "m", "w", "--store", other]).text == text)
        try await tool.succeed("copy", other)
        let third = try await tool.succeed("copy", other, "--json").json()
        #expect(third["copiedStates"] == 0 && third["presentStates"] == 2 && third["readBytes"] == 0)
        #expect(try await tool.run("copy", other, "--state", "v1").status == StrataExit.usage.rawValue)
        #expect(try await tool.run("copy", other, "--model", "nobody").status == StrataExit.notFound.rawValue)
    }
}
