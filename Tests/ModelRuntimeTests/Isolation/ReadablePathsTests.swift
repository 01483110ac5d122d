import Foundation
@testable import ModelRuntime
import Strata
import Testing

/// What isolated programs need to read, wherever they are installed.
@Suite struct ReadablePathsTests {
    private let root: String

    init() throws {
        root = try ModelRun.makeRoot()
        let manager = FileManager.default
        for folder in ["app/bin", "app/lib/node_modules/runtime/src", "mine/bin", "links", "session/model"] {
            try manager.createDirectory(atPath: root + "/" + folder, withIntermediateDirectories: true)
        }
        for file in ["app/bin/tool", "app/lib/node_modules/runtime/src/main.js", "mine/bin/tool", "mine/secret", "session/model/main.js"] {
            try Data().write(to: URL(fileURLWithPath: root + "/" + file))
        }
        try manager.createSymbolicLink(atPath: root + "/links/second", withDestinationPath: "../app/bin/tool")
        try manager.createSymbolicLink(atPath: root + "/links/first", withDestinationPath: root + "/links/second")
    }

    private func readable(_ program: String, _ arguments: [String] = [], further: [String] = []) -> ReadablePaths {
        ReadablePaths(
            program: root + program, arguments: arguments.map { root + $0 }, python: [], further: further.map { root + $0 },
            own: root + "/session")
    }

    private func cleanUp() { try? FileManager.default.removeItem(atPath: root) }

    @Test func aProgramBringsWhatItWasInstalledWith() {
        defer { cleanUp() }
        #expect(readable("/app/bin/tool").paths == [root + "/app"])
    }

    @Test func aProgramInAPersonsFolderBringsNothingElseOfThem() {
        defer { cleanUp() }
        #expect(readable("/mine/bin/tool").paths == [root + "/mine/bin"])
    }

    @Test func linksThatLeadToAProgramAreThereToo() {
        defer { cleanUp() }
        let readable = readable("/links/first")
        #expect(readable.paths == [root + "/app"])
        #expect(
            readable.links == [
                .init(path: root + "/links/first", target: root + "/links/second"),
                .init(path: root + "/links/second", target: "../app/bin/tool"),
            ])
    }

    @Test func aScriptBringsItsPackagesAndTheSessionsOwnNothing() {
        defer { cleanUp() }
        let readable = readable("/mine/bin/tool", ["/app/lib/node_modules/runtime/src/main.js", "/session/model/main.js"])
        #expect(readable.paths == [root + "/mine/bin", root + "/app/lib/node_modules"])
    }

    @Test func foldersWithinOthersAreLeftOut() {
        defer { cleanUp() }
        let readable = readable("/app/bin/tool", further: ["/app/lib", "/app", "/app/bin"])
        #expect(readable.paths == [root + "/app"])
    }
}

/// Programs that the commands in front of them cannot start.
@Suite struct StartFailureTests {
    @Test(arguments: [ProcessExecutor.Configuration.Confinement.Isolation.automatic, .none], [true, false])
    func aProgramWithoutItsInterpreterIsInvalid(
        isolation: ProcessExecutor.Configuration.Confinement.Isolation, isLimited: Bool
    ) async throws {
        var run = ModelRun(files: MadeFiles { folder in
            try "#!/nowhere/interpreter\n".write(toFile: folder + "/model", atomically: false, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder + "/model")
        })
        run.language = .rust
        run.configure = {
            $0.confinement.isolation = isolation
            $0.confinement.limits = isLimited ? .automatic : .none
        }
        guard case .invalidExecutableFile(let reason) = try await run.run().failure else {
            return #expect(Bool(false), "another failure")
        }
        #expect(reason.contains("model"))
    }

    @Test(arguments: [1, 126, 127]) func anExitOfTheModelsOwnIsNoStartFailure(code: Int32) {
        var output = CapturedOutput(partSizeBytesMax: 1024)
        output.append(Array("something: of its own\n".utf8))
        #expect(StartFailure.reason(.exited(code), output) == nil)
        #expect(StartFailure.reason(.signalled(9), output) == nil)
    }

    @Test(arguments: ["bwrap: execvp x: No such file\n", "confine: 3: exec: x: not found\n", "setpriv: failed to execute x\n"])
    func whatTheCommandsInFrontSayIsTheReason(text: String) {
        var output = CapturedOutput(partSizeBytesMax: 1024)
        output.append(Array(text.utf8))
        #expect(StartFailure.reason(.exited(127), output)?.contains("x") == true)
        #expect(StartFailure.reason(.exited(3), output) == nil)
    }
}
