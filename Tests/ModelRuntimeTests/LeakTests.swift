import Foundation
import ModelRuntime
import Strata
import Testing

/// What sessions use is given back, however they end. Counted in a process of its own: other tests open descriptors too.
@Suite struct LeakTests {
    @Test func manySessionsLeaveNoDescriptorAndNoThread() async {
        await #expect(processExitsWith: .success) {
            try await Self.runEachKind()
            let descriptors = Leftovers.descriptorCount()
            let threads = Leftovers.threadCount()
            for _ in 0..<3 { try await Self.runEachKind() }
            #expect(Leftovers.descriptorCount() == descriptors)
            // Threads of pools may still come; each session has one of its own and must not keep it.
            #expect(Leftovers.threadCount() <= threads + 3)
        }
    }

    private static func runEachKind() async throws {
        for fixture in ["echo_params", "raise_at_start", "exit_code_3", "fork_child_and_exit"] {
            _ = try await ModelRun(fixture).run()
        }
        for milliseconds in [5, 50] {
            var run = ModelRun("hang_at_start")
            run.startLimit = .milliseconds(milliseconds)
            _ = try await run.run()
        }
        _ = try await ModelRun(files: MadeFiles { _ in }).run()
        var run = ModelRun("scaler")
        run.configure = { $0.pythonArguments = ["-I", "-S"] }
        _ = try await run.run()
    }
}
