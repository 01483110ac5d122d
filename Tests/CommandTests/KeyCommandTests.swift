import DecthingsAPI
import Foundation
import Testing

@testable import StrataCommand

/// `strata key`.
@Suite struct KeyCommandTests {
    @Test func aKeyIsShownOnceListedAndRevoked() async throws {
        let tool = try await Tool()
        try await tool.succeed("model", "create", "m")
        let made = try await tool.succeed(
            "key", "create", "alice", "--access", "none", "--right", "m=read", "--max-states", "5", "--max-requests-per-second", "2", "--json"
        ).json()
        let key = try #require(made["key"]?.stringValue)
        let id = try #require(made["id"]?.stringValue)
        #expect(key.hasPrefix("strata-") && made["access"] == nil && made["rights"]?.arrayValue?.first?["access"] == "read")
        let text = try await tool.run("key", "create", "bob")
        #expect(text.status == 0 && text.text.hasPrefix("strata-") && text.text.split(separator: "\n").count == 1)
        #expect(text.errors.contains("shown this once"))
        let listed = try await tool.succeed("key", "list", "--json")
        #expect(try listed.json()["total"] == 2)
        #expect(!listed.text.contains(key))
        #expect(try await tool.succeed("key", "list").text.contains("alice"))
        #expect(try await tool.succeed("key", "revoke", "alice", "--json").json()["revokedAt"]?.stringValue != nil)
        #expect(try await tool.succeed("key", "revoke", id).text.contains("revoked key `alice`"))
        let gone = try await tool.run("key", "revoke", "alice")
        #expect(gone.status == StrataExit.notFound.rawValue && gone.errors.contains("there is no key `alice`"))
    }

    @Test func whatIsWrongIsSaid() async throws {
        let tool = try await Tool()
        for arguments in [["--access", "all"], ["--right", "m"], ["--right", "m=none"], ["--max-states", "x"]] {
            let outcome = try await tool.run(Tool.executable, ["key", "create", "k", "--store", tool.store] + arguments)
            #expect(outcome.status == StrataExit.usage.rawValue, "\(arguments): \(outcome.errors)")
        }
        #expect(try await tool.run("key", "create", "k", "--right", "nothing=read").status == StrataExit.notFound.rawValue)
        #expect(try await tool.run("key", "create", "k", "--max-bytes=-1").status == StrataExit.refused.rawValue)
        try await tool.succeed("key", "list")
    }
}
