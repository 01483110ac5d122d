import DecthingsAPI
import Foundation
import Testing

@testable import StrataCommand

/// What the machine can do for models, as `strata doctor` tells it.
@Suite struct DoctorCommandTests {
    private static let names: Set<String> = [
        "python", "node", "temporaryRoot", "isolation", "memory", "swap", "processors", "processes", "disk", "hostDeath",
    ]

    @Test func everythingIsLookedAt() async throws {
        let tool = try await Tool(makesStore: false)
        let outcome = try await tool.run(Tool.executable, ["doctor", "--json"])
        let document = try outcome.json()
        guard case .array(let findings)? = document["findings"] else { return #expect(Bool(false), "no findings") }
        #expect(Set(findings.compactMap { $0["name"]?.stringValue }) == Self.names)
        #expect(findings.allSatisfy { $0["text"]?.stringValue?.isEmpty == false })
        let isMissing = findings.contains { $0["verdict"]?.stringValue == "missing" }
        #expect(outcome.status == (isMissing ? 1 : 0))
    }

    @Test func aPythonThatCannotRunModelsIsMissing() async throws {
        let tool = try await Tool(makesStore: false)
        let outcome = try await tool.run(Tool.executable, ["doctor", "--python", "/bin/true"])
        #expect(outcome.status == 1)
        #expect(outcome.text.contains("/bin/true cannot load decthings_model"))
        #expect(outcome.errors.contains("models cannot run here; mend first: python"))
    }

    @Test func aRootTooLongForSocketsIsMissing() async throws {
        let tool = try await Tool(makesStore: false)
        let root = tool.folder + "/" + String(repeating: "x", count: 100)
        let outcome = try await tool.run(Tool.executable, ["doctor", "--temporary-root", root])
        #expect(outcome.status == 1)
        #expect(outcome.text.contains("is too long"))
        #expect(!FileManager.default.fileExists(atPath: root))
    }

    @Test func nothingIsLeft() async throws {
        let tool = try await Tool(makesStore: false)
        let root = tool.folder + "/t"
        _ = try await tool.run(Tool.executable, ["doctor", "--temporary-root", root])
        #expect(try FileManager.default.contentsOfDirectory(atPath: root).isEmpty)
    }
}
