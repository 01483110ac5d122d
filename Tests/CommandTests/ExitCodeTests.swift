import DecthingsAPI
import Foundation
import Testing

@testable import StrataCommand

@Suite struct ExitCodeTests {
    static let cases: [(exit: StrataExit, arguments: [String])] = [
        (.notFound, ["model", "show", "nobody"]),
        (.notFound, ["state", "cat", "m", "nokey"]),
        (.notFound, ["snapshot", "show", "m", "nothing"]),
        (.notFound, ["files", "get", "m", "missing.py"]),
        (.notFound, ["state", "upload", "m", "k=/does/not/exist", "--name", "x"]),
        (.notFound, ["create-state", "m", "--name", "x", "--mount", "nobody"]),
        (.refused, ["state", "delete", "m", "active"]),
        (.refused, ["model", "update", "m", "--max-create-state-seconds", "0"]),
        (.refused, ["state", "cat", "m", "k", "--offset", "1000"]),
        (.conflict, ["model", "create", "m"]),
        (.conflict, ["init"]),
        (.usage, ["nonsense"]),
        (.usage, ["create-state", "m", "--name", "x", "--param", "seed:i99=1"]),
        (.usage, ["model", "update", "m"]),
        (.usage, ["state", "upload", "m", "-", "--name", "x"]),
        (.io, ["state", "upload", "m", "k=/proc/self/mem", "--name", "x"]),
    ]

    @Test func eachClassHasItsCode() async throws {
        let tool = try await Tool()
        try await tool.succeed("model", "create", "m")
        try await tool.succeed("state", "upload", "m", "k=-", "--name", "v", "--activate", input: "value")
        let before = try await tool.succeed("stats", "--json").json()
        for (exit, arguments) in Self.cases {
            let plain = try await tool.run(Tool.executable, ["--store", tool.store] + arguments)
            #expect(plain.status == exit.rawValue, "\(arguments): \(plain.errors)")
            #expect(plain.errors.hasPrefix("strata: "))
            #expect(plain.output.isEmpty)
            let json = try await tool.run(Tool.executable, ["--store", tool.store] + arguments + ["--json"])
            #expect(json.status == exit.rawValue, "\(arguments): \(json.errors)")
            let error = try json.errorJSON()["error"]
            #expect(error?["exitCode"] == .integer(Int64(exit.rawValue)))
            #expect(error?["message"]?.stringValue?.isEmpty == false)
            #expect(json.output.isEmpty)
        }
        #expect(try await tool.succeed("stats", "--json").json() == before)
    }

    @Test func withoutAStoreNothingIsMadeAndUsageComesFirst() async throws {
        let tool = try await Tool(makesStore: false)
        #expect(try await tool.run("model", "list").status == StrataExit.noStore.rawValue)
        #expect(try await tool.run("model", "create", "m").status == StrataExit.noStore.rawValue)
        #expect(try await tool.run("create-state", "m", "--name", "x", "--param", "novalue").status == StrataExit.usage.rawValue)
        #expect(!FileManager.default.fileExists(atPath: tool.store))
    }

    @Test func damageIsToldWithItsPlace() async throws {
        let tool = try await Tool()
        try await tool.succeed("model", "create", "m")
        let random = (0..<200_000).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 11) }
        _ = FileManager.default.createFile(atPath: tool.folder + "/w", contents: Data(random))
        try await tool.succeed("state", "upload", "m", "w=" + tool.folder + "/w", "--name", "v", "--activate")
        let pack = try await tool.shell("find '\(tool.store)/packs' -name '*.pack'").text.trimmingCharacters(in: .newlines)
        try await tool.shell("chmod u+w '\(pack)'; printf '\\377\\376\\375\\374' | dd of='\(pack)' bs=1 seek=5000 conv=notrunc").expectSuccess()
        let verify = try await tool.run("verify", "--json")
        #expect(verify.status == StrataExit.damage.rawValue)
        #expect(try verify.json()["damages"]?[0]?["key"] == "w")
        #expect(try verify.errorJSON()["error"]?["code"] == "corrupted")
        let cat = try await tool.run("state", "cat", "m", "w")
        #expect(cat.status == StrataExit.damage.rawValue)
    }

    @Test func aFullDiskBehindStandardOutputIsNoSpace() async throws {
        let tool = try await Tool()
        #expect(try await tool.shell("strata model list > /dev/full").status == StrataExit.noSpace.rawValue)
    }

    @Test func aBrokenPipeEndsQuietly() async throws {
        let tool = try await Tool()
        try await tool.succeed("model", "create", "m")
        let big = try tool.file("big", String(repeating: "strata ", count: 500_000))
        try await tool.succeed("state", "upload", "m", "w=" + big, "--name", "v", "--activate")
        let cut = try await tool.shell("strata state cat m w | head -c 6")
        #expect(cut.status == 0)
        #expect(cut.text == "strata")
        #expect(cut.errors == "")
    }

    @Test(arguments: [SIGINT, SIGTERM]) func aSignalInAnUploadLeavesNothing(signal: Int32) async throws {
        let tool = try await Tool()
        try await tool.succeed("model", "create", "m")
        let running = try tool.start(Tool.executable, ["--store", tool.store, "state", "upload", "m", "w=/dev/zero", "--name", "v"])
        try await Task.sleep(for: .seconds(1))
        kill(running.process.processIdentifier, signal)
        let outcome = await running.outcome()
        #expect(outcome.status == 128 + signal)
        #expect(outcome.errors.contains("cancelled"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: tool.store + "/staging").isEmpty)
        #expect(try await tool.succeed("state", "list", "m", "--json").json()["total"] == 1)
    }

    /// The table in the source is the published one.
    @Test func theTableInTheSourceIsTheCodesOwn() throws {
        let source = try String(contentsOfFile: Tool.root + "/tools/strata/Program/ExitCode.swift", encoding: .utf8)
        let rows = source.split(separator: "\n").filter { $0.hasPrefix("/// | ") }.dropFirst()
        var told: [Int32: (name: Substring, meaning: String)] = [:]
        for row in rows {
            let cells = row.split(separator: "|").dropFirst().map { $0.trimmingCharacters(in: .whitespaces) }
            for code in cells[0].split(separator: ",") {
                let number = try #require(Int32(code.trimmingCharacters(in: .whitespaces)))
                told[number] = (Substring(cells[1]), cells[2])
            }
        }
        #expect(told.keys.sorted() == StrataExit.allCases.map(\.rawValue).sorted())
        for exit in StrataExit.allCases {
            #expect(told[exit.rawValue]?.name == Substring(exit.name))
            if exit.name != "cancelled" { #expect(told[exit.rawValue]?.meaning == exit.meaning) }
        }
    }
}

extension Tool.Outcome {
    func expectSuccess(_ location: SourceLocation = #_sourceLocation) {
        #expect(status == 0, "\(errors)", sourceLocation: location)
    }
}
