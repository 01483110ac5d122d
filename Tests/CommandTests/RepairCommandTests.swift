import DecthingsAPI
import Foundation
import Testing

@testable import StrataCommand

/// `strata repair`, on stores that were really damaged.
@Suite struct RepairCommandTests {
    @Test func aLostCatalogComesBack() async throws {
        let (tool, text) = try await Tool.withUploadedState()
        for ending in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: tool.store + "/catalog.sqlite" + ending) }
        #expect(try await tool.run("state", "list", "m").status == StrataExit.damage.rawValue)
        let dry = try await tool.run("repair", "--dry-run", "--json").json()
        #expect(dry["dryRun"] == true && dry["catalogProblem"] != nil)
        #expect(try await tool.run("state", "list", "m").status == StrataExit.damage.rawValue, "a dry run changes nothing")
        let repaired = try await tool.run("repair", "--json")
        #expect(repaired.status == 0, "\(repaired.errors)")
        #expect(try await tool.succeed("state", "cat", "m", "w").text == text)
        #expect(try await tool.succeed("verify", "--json").json()["sound"] == true)
    }

    @Test func whatIsLostForGoodIsNamedAndEndsWithTheCodeOfDamage() async throws {
        let (tool, _) = try await Tool.withUploadedState()
        let packs = tool.store + "/packs"
        let pack = try #require(try FileManager.default.subpathsOfDirectory(atPath: packs).first { $0.hasSuffix(".pack") })
        try FileManager.default.removeItem(atPath: packs + "/" + pack)
        let outcome = try await tool.run("repair", "--json")
        #expect(outcome.status == StrataExit.damage.rawValue)
        let losses = try #require(try outcome.json()["losses"]?.arrayValue)
        #expect(losses.contains { $0["key"] == "w" && $0["stateId"] != nil && $0["offset"] != nil }, "\(outcome.text)")
        #expect(outcome.errors.contains("lost"))
        let read = try await tool.run("state", "cat", "m", "w")
        #expect(read.status == StrataExit.damage.rawValue && read.errors.contains("`w`"), "\(read.errors)")
    }

    @Test func aNewerStoreIsRefusedAndLeftAsItIs() async throws {
        let (tool, _) = try await Tool.withUploadedState()
        let format = tool.store + "/format"
        let newer = try String(contentsOfFile: format, encoding: .utf8).replacing("strata 1 ", with: "strata 99 ")
        try newer.write(toFile: format, atomically: true, encoding: .utf8)
        let outcome = try await tool.run("repair")
        #expect(outcome.status == StrataExit.noStore.rawValue && outcome.errors.contains("newer program"), "\(outcome.errors)")
        #expect(try String(contentsOfFile: format, encoding: .utf8) == newer)
    }

    @Test func aStoreThatIsNoneIsRefused() async throws {
        let tool = try await Tool(makesStore: false)
        #expect(try await tool.run("repair").status == StrataExit.noStore.rawValue)
    }
}
