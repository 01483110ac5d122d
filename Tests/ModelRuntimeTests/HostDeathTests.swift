import Foundation
import Glibc
import ModelRuntime
import Strata
import Testing

/// A host that is killed cannot clean up: the kernel must end its models, even one that never looks at its socket.
@Suite struct HostDeathTests {
    @Test(.enabled(if: Self.hasSetpriv, "setpriv of util-linux is not installed"))
    func aModelDiesWithItsHost() async throws {
        let root = try ModelRun.makeRoot()
        defer { try? FileManager.default.removeItem(atPath: root) }
        await #expect(processExitsWith: .signal(SIGKILL)) { [root = root as String] in
            var configuration = ProcessExecutor.Configuration()
            configuration.temporaryRoot = root
            let executor = ProcessExecutor(configuration: configuration)
            let run = ModelRun("hang_in_create")
            let work = Task { await run.operate(executor) }
            while Leftovers.processes(below: root).isEmpty { try await Task.sleep(for: .milliseconds(20)) }
            // Long enough for the model to block in its call.
            try await Task.sleep(for: .seconds(2))
            kill(getpid(), SIGKILL)
            _ = await work.value
        }
        #expect(Leftovers.files(below: root).count == 1)
        let deadline = ContinuousClock.now + .seconds(5)
        while !Leftovers.processes(below: root).isEmpty, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(Leftovers.processes(below: root).isEmpty)
    }

    private static let hasSetpriv = ["/usr/bin/setpriv", "/bin/setpriv"].contains(where: FileManager.default.fileExists)
}
