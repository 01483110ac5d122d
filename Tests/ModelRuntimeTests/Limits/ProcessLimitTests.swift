import Foundation
import ModelRuntime
import Strata
import Testing

/// Processors, processes, and what every process may do.
@Suite struct ProcessLimitTests {
    @Test(.enabled(if: Machine.groupsProcessors, "no cpu control group can be made here"))
    func processorsAreShared() async throws {
        var run = ConfinedRun()
        run.spec.cpus = 0.25
        let outcome = try await run.run(
            """
            import os, time
            end = time.monotonic() + 2
            children = []
            for _ in range(2):
                child = os.fork()
                if child == 0:
                    while time.monotonic() < end:
                        pass
                    os._exit(0)
                children.append(child)
            for child in children:
                os.waitpid(child, 0)
            times = os.times()
            provide("seconds", str(times.children_user + times.children_system).encode())
            """)
        #expect(outcome.error == nil)
        let seconds = try #require(outcome.receiver.text("seconds").flatMap { Double($0) })
        // A quarter of two seconds, and room for a slow machine; unbounded it were up to four.
        #expect(seconds < 1.2)
    }

    @Test(.enabled(if: Machine.hasTaskset && ProcessInfo.processInfo.activeProcessorCount > 1, "no taskset, or one processor"))
    func withoutGroupsProcessorsAreRoundedUp() async throws {
        var run = ConfinedRun()
        run.spec.cpus = 0.5
        run.limits = .watched
        let outcome = try await run.run("import os\nprovide('count', str(len(os.sched_getaffinity(0))).encode())")
        #expect(outcome.receiver.text("count") == "1")
    }

    @Test(arguments: [(0.5, "1"), (1, "1"), (1e6, "None")])
    func librariesAreToldHowManyProcessorsThereAre(cpus: Double, threads: String) async throws {
        guard ProcessInfo.processInfo.activeProcessorCount > 1 else { return }
        var run = ConfinedRun()
        run.spec.cpus = cpus
        let script = "import os\nprovide('threads', str(os.environ.get('OMP_NUM_THREADS')).encode())"
        #expect(try await run.run(script).receiver.text("threads") == threads)
        run.limits = .none
        #expect(try await run.run(script).receiver.text("threads") == "None")
    }

    private static let forksUntilRefused = """
        import os, time
        count, problem = 0, ""
        for _ in range(500):
            try:
                if os.fork() == 0:
                    time.sleep(60)
                    os._exit(0)
                count += 1
            except OSError as error:
                problem = type(error).__name__
                break
        if not problem:
            time.sleep(60)
        provide("count", str(count).encode())
        provide("problem", problem.encode())
        """

    @Test(.enabled(if: Machine.groupsProcesses, "no pids control group can be made here"))
    func processesAreRefusedBeyondTheirNumber() async throws {
        var run = ConfinedRun()
        run.configure = { $0.confinement.processCountMax = 40 }
        let outcome = try await run.run(Self.forksUntilRefused)
        #expect(outcome.error == nil)
        #expect(outcome.receiver.text("problem") == "BlockingIOError")
        #expect((outcome.receiver.text("count").flatMap { Int($0) }).map { (10..<40).contains($0) } == true)
    }

    @Test func tooManyProcessesEndTheWatchedSession() async throws {
        var run = ConfinedRun()
        run.limits = .watched
        run.configure = { $0.confinement.processCountMax = 40 }
        guard case .unknown(let reason) = try await run.run(Self.forksUntilRefused).failure else {
            return #expect(Bool(false), "the session was not ended")
        }
        #expect(reason.contains("processes and threads"))
    }

    @Test(.enabled(if: Machine.groupsProcesses, "no pids control group can be made here"), arguments: [true, false])
    func aForkBombIsHeldAndCleanedUp(isIsolated: Bool) async throws {
        var run = ConfinedRun()
        run.isolation = isIsolated ? .automatic : .none
        run.createLimit = .seconds(2)
        run.spec.cpus = 0.5
        run.configure = { $0.confinement.processCountMax = 100 }
        let outcome = try await run.run(
            """
            import os
            while True:
                try:
                    os.fork()
                except OSError:
                    pass
            """)
        #expect(outcome.error is ModelRun.LimitReached)
    }

    @Test(arguments: [true, false])
    func noCoreIsDumpedAndDescriptorsAreBounded(isIsolated: Bool) async throws {
        var run = ConfinedRun()
        run.isolation = isIsolated ? .automatic : .none
        run.configure = { $0.confinement.descriptorCountMax = 200 }
        let outcome = try await run.run(
            """
            import resource
            provide("core", str(resource.getrlimit(resource.RLIMIT_CORE)).encode())
            provide("files", str(resource.getrlimit(resource.RLIMIT_NOFILE)).encode())
            """)
        #expect(outcome.receiver.text("core") == "(0, 0)")
        #expect(outcome.receiver.text("files") == "(200, 200)")
    }

    @Test(arguments: [true, false])
    func anAbortIsToldByItsSignal(isIsolated: Bool) async throws {
        var run = ConfinedRun()
        run.isolation = isIsolated ? .automatic : .none
        let outcome = try await run.run("import os\nos.chdir(os.environ['HOME'])\nos.abort()")
        #expect(outcome.failure == .codeTerminated(exitCode: nil, signal: "SIGABRT", outOfMemory: false))
    }

    /// The model gets the time to clean up that the grace gives it.
    @Test(arguments: [true, false])
    func terminationReachesTheModelInItsGrace(isIsolated: Bool) async throws {
        var run = ConfinedRun()
        run.isolation = isIsolated ? .automatic : .none
        run.createLimit = .seconds(1)
        run.configure = { $0.terminationGrace = .seconds(20) }
        let outcome = try await run.run(
            """
            import os, signal, time
            def end(*_):
                time.sleep(0.3)
                print("asked to end", flush=True)
                os._exit(0)
            signal.signal(signal.SIGTERM, end)
            time.sleep(60)
            """)
        #expect(outcome.error is ModelRun.LimitReached)
        #expect(outcome.output?.standardOutput.text.contains("asked to end") == true)
    }
}
