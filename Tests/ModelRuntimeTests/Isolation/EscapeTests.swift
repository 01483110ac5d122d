import Foundation
import ModelRuntime
import Strata
import Testing

/// Processes that do all they can to outlive their session.
@Suite struct EscapeTests {
    /// Forks twice, leaves the session, and becomes a program with no environment: nothing in `/proc` leads back.
    private func escape(isolation: ProcessExecutor.Configuration.Confinement.Isolation) async throws {
        let seconds = Int.random(in: 100_000_000...999_999_999)
        var run = ConfinedRun()
        run.isolation = isolation
        let outcome = try await run.run(
            """
            import os, time
            reader, writer = os.pipe()
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    os.setsid()
                    os.set_inheritable(writer, True)
                    os.write(writer, b"x")
                    os.execve("/bin/sleep", ["sleep", "\(seconds)"], {})
                os._exit(0)
            os.wait()
            os.read(reader, 1)
            time.sleep(0.5)
            provide("done", b"1")
            """)
        #expect(outcome.error == nil)
        #expect(Leftovers.processes(withArgument: "\(seconds)").isEmpty)
    }

    @Test(.enabled(if: Machine.isolates, "bwrap does not work here"))
    func anEscapedProcessDiesWithItsNamespace() async throws { try await escape(isolation: .required) }

    @Test(.enabled(if: Machine.holdsProcessesTogether, "no control group can be made here"))
    func anEscapedProcessDiesWithItsGroup() async throws { try await escape(isolation: .none) }
}

/// Counted in a process of its own: other tests open descriptors too.
@Suite struct ConfinementLeakTests {
    @Test func confinedSessionsLeaveNoDescriptorAndNoThread() async {
        await #expect(processExitsWith: .success) {
            try await Self.runEachKind()
            let descriptors = Leftovers.descriptorCount()
            let threads = Leftovers.threadCount()
            try await Self.runEachKind()
            #expect(Leftovers.descriptorCount() == descriptors)
            // Threads of pools may still come.
            #expect(Leftovers.threadCount() <= threads + 3)
        }
    }

    private static func runEachKind() async throws {
        for isolation in [ProcessExecutor.Configuration.Confinement.Isolation.automatic, .none] {
            for limits in [ProcessExecutor.Configuration.Confinement.Limits.automatic, .watched, .none] {
                var run = ConfinedRun()
                run.isolation = isolation
                run.limits = limits
                _ = try await run.run("provide('done', b'1')")
                if limits == .none { continue }
                run.spec.diskMebibytes = 1
                _ = try await run.run("import os, time\nopen(os.environ['HOME'] + '/f', 'wb').write(bytes(1 << 20))\ntime.sleep(0.2)")
            }
        }
    }
}
