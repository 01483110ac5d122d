import Foundation
import ModelRuntime
import Strata
import Testing

/// Memory beyond the launcher's spec. What is told as out of memory must have been killed for it.
@Suite struct MemoryLimitTests {
    private static let killed = ExecutionFailure.codeTerminated(exitCode: nil, signal: "SIGKILL", outOfMemory: true)

    /// Takes a gibibyte in steps, each byte touched.
    private static let takesMuch = """
        import time
        def take():
            kept = []
            for _ in range(128):
                kept.append(bytearray(b"x" * (8 << 20)))
            time.sleep(60)

        """

    private func run(_ limits: ProcessExecutor.Configuration.Confinement.Limits) -> ConfinedRun {
        var run = ConfinedRun()
        run.spec.memoryMebibytes = 256
        run.limits = limits
        return run
    }

    @Test(.enabled(if: Machine.groupsMemory, "no memory control group can be made here"))
    func aProcessBeyondItsMemoryIsKilledForIt() async throws {
        #expect(try await run(.automatic).run(Self.takesMuch + "take()").failure == Self.killed)
    }

    @Test func aProcessBeyondItsMemoryIsKilledByTheWatchdog() async throws {
        #expect(try await run(.watched).run(Self.takesMuch + "take()").failure == Self.killed)
    }

    @Test(.enabled(if: Machine.groupsMemory, "no memory control group can be made here"))
    func aModelMayOutliveAChildThatWasKilledForMemory() async throws {
        let outcome = try await run(.automatic).run(
            Self.takesMuch + """
                import os
                child = os.fork()
                if child == 0:
                    take()
                provide("status", str(os.waitpid(child, 0)[1]).encode())
                """)
        #expect(outcome.error == nil)
        #expect(outcome.receiver.text("status") == "9")
    }

    @Test(.enabled(if: Machine.groupsMemory, "no memory control group can be made here"))
    func aModelThatEndsForTheLossOfAChildToTheLimitIsOutOfMemory() async throws {
        let outcome = try await run(.automatic).run(
            Self.takesMuch + """
                import os
                child = os.fork()
                if child == 0:
                    take()
                os.waitpid(child, 0)
                os._exit(3)
                """)
        #expect(outcome.failure == .codeTerminated(exitCode: 3, signal: nil, outOfMemory: true))
    }

    @Test func aChildBeyondTheMemoryEndsTheWatchedSession() async throws {
        let outcome = try await run(.watched).run(
            Self.takesMuch + """
                import os
                child = os.fork()
                if child == 0:
                    take()
                os.waitpid(child, 0)
                os._exit(3)
                """)
        #expect(outcome.failure == Self.killed)
    }

    /// Forks share their pages: what they take together is what counts.
    @Test func sharedPagesCountOnceForTheWatchdog() async throws {
        let outcome = try await run(.watched).run(
            """
            import os, time
            kept = bytearray(120 << 20)
            for place in range(0, len(kept), 4096):
                kept[place] = 1
            children = []
            for _ in range(4):
                child = os.fork()
                if child == 0:
                    time.sleep(1)
                    os._exit(0)
                children.append(child)
            for child in children:
                os.waitpid(child, 0)
            provide("done", b"1")
            """)
        #expect(outcome.error == nil)
    }

    @Test(.enabled(if: Machine.isolates, "bwrap does not work here"))
    func filesInMemoryCountForTheWatchdog() async throws {
        let outcome = try await run(.watched).run(
            """
            import time
            kept = bytearray(b"x" * (100 << 20))
            with open("/dev/shm/f", "wb") as file:
                for _ in range(20):
                    file.write(b"x" * (10 << 20))
                file.flush()
                time.sleep(60)
            """)
        #expect(outcome.failure == Self.killed)
    }

    /// Two sessions share their launcher's memory; the one that took it is the one that is told of it.
    @Test(.enabled(if: Machine.groupsMemory, "no memory control group can be made here"))
    func anotherSessionsOutOfMemoryIsNotThisOnes() async throws {
        let root = try ModelRun.makeRoot()
        defer { try? FileManager.default.removeItem(atPath: root) }
        var configuration = ProcessExecutor.Configuration()
        configuration.temporaryRoot = root
        let executor = ProcessExecutor(configuration: configuration)
        let launcher = try await executor.acquireLauncher(at: .temporaryLauncher(LauncherSpec(cpus: 2, memoryMebibytes: 256)))
        let code = ModelCode(modelID: .random(), language: .python, files: Fixture.files("runs_script"), filesIdentity: "test")
        let greedy = try await launcher.start(code), modest = try await launcher.start(code)
        func failure(_ session: any ModelSession, _ script: String) async -> ExecutionFailure? {
            let call = CreateModelStateCall(parameters: [CallParameter("script", [Array(script.utf8)])], otherModels: [])
            do {
                try await session.createModelState(call, receiver: RecordingReceiver())
                return nil
            } catch {
                return error as? ExecutionFailure
            }
        }
        #expect(await failure(greedy, Self.takesMuch + "take()") == Self.killed)
        #expect(await failure(modest, "import os\nos._exit(3)") == .codeTerminated(exitCode: 3, signal: nil, outOfMemory: false))
        for session in [greedy, modest] { await session.terminate(reusable: false) }
        await launcher.release()
        #expect(Leftovers.files(below: root).isEmpty)
    }

    /// Warm code outlives a child that one operation lost; the next operation's end has another reason.
    @Test(.enabled(if: Machine.groupsMemory, "no memory control group can be made here"))
    func whatAnEarlierOperationLostIsNotThisOnes() async throws {
        let root = try ModelRun.makeRoot()
        defer { try? FileManager.default.removeItem(atPath: root) }
        var configuration = ProcessExecutor.Configuration()
        configuration.temporaryRoot = root
        let executor = ProcessExecutor(configuration: configuration)
        let id = try executor.createPersistentLauncher(name: "warm", spec: LauncherSpec(cpus: 2, memoryMebibytes: 256))
        let code = ModelCode(modelID: .random(), language: .python, files: Fixture.files("runs_script"), filesIdentity: "test")
        func operate(_ script: String) async throws -> (isReused: Bool, failure: ExecutionFailure?) {
            let launcher = try await executor.acquireLauncher(at: .persistentLauncher(id))
            let session = try await launcher.start(code)
            let call = CreateModelStateCall(parameters: [CallParameter("script", [Array(script.utf8)])], otherModels: [])
            var failure: ExecutionFailure?
            do {
                try await session.createModelState(call, receiver: RecordingReceiver())
            } catch {
                failure = error as? ExecutionFailure
            }
            await session.terminate(reusable: failure == nil)
            await launcher.release()
            return (session.isReused, failure)
        }
        let first = try await operate(
            Self.takesMuch + """
                import os
                child = os.fork()
                if child == 0:
                    take()
                os.waitpid(child, 0)
                """)
        #expect(!first.isReused && first.failure == nil)
        let second = try await operate("import os\nos._exit(3)")
        #expect(second.isReused)
        #expect(second.failure == .codeTerminated(exitCode: 3, signal: nil, outOfMemory: false))
        await executor.close()
        #expect(Leftovers.files(below: root).isEmpty)
    }

    @Test func aKillThatHasNothingToDoWithMemoryIsNotOutOfMemory() async throws {
        let outcome = try await run(.automatic).run("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
        #expect(outcome.failure == .codeTerminated(exitCode: nil, signal: "SIGKILL", outOfMemory: false))
    }
}
