import Foundation
import ModelRuntime
import Strata
import Testing

/// What models do wrong, with the real Python runtime.
@Suite struct FailureTests {
    private func exception(_ outcome: ModelRun.Outcome, at phase: ExecutionPhase) -> String? {
        guard case .exception(phase, let details) = outcome.failure else { return nil }
        return details
    }

    @Test(arguments: [("raise_at_start", "RuntimeError: raised at start"), ("no_model", "AttributeError")])
    func aFaultWhileLoadingIsAnExceptionAtCodeStartup(model: String, words: String) async throws {
        let outcome = try await ModelRun(model).run()
        let details = try #require(exception(outcome, at: .codeStartup))
        #expect(details.contains("Traceback") && details.contains(words))
    }

    @Test func aFaultInCreateModelStateIsAnExceptionThere() async throws {
        let outcome = try await ModelRun("raise_in_create").run()
        let details = try #require(exception(outcome, at: .createState))
        #expect(details.contains("ValueError: raised in createModelState"))
    }

    @Test func aTraceThatNoTextCanCarryIsRepaired() async throws {
        let outcome = try await ModelRun("non_utf8_trace").run()
        let details = try #require(exception(outcome, at: .createState))
        #expect(details.contains("ValueError: lone "))
        #expect(outcome.output?.standardError.text.contains("odd bytes") == true)
    }

    @Test(arguments: ["exit_code_3", "exit_code_3_at_start", "exit_mid_value", "fork_child_and_exit"])
    func anExitIsReportedWithItsCode(model: String) async throws {
        let outcome = try await ModelRun(model).run()
        #expect(outcome.failure == .codeTerminated(exitCode: 3, signal: nil, outOfMemory: false))
    }

    @Test func aSignalIsReportedByName() async throws {
        let outcome = try await ModelRun("kill_self").run()
        #expect(outcome.failure == .codeTerminated(exitCode: nil, signal: "SIGKILL", outOfMemory: false))
    }

    /// The receiver is slower than the model: the exit must not overtake what was sent before it.
    @Test func anExitMidValueWaitsForASlowReceiver() async throws {
        var run = ModelRun("exit_mid_value")
        run.receiver = RecordingReceiver(keepsValues: false, delay: .milliseconds(5))
        let outcome = try await run.run()
        #expect(outcome.failure == .codeTerminated(exitCode: 3, signal: nil, outOfMemory: false))
    }

    @Test(arguments: ["key_twice", "too_many_keys"])
    func theRuntimesOwnLimitIsAnException(model: String) async throws {
        let outcome = try await ModelRun(model).run()
        #expect(exception(outcome, at: .createState) != nil)
    }

    @Test(arguments: ["key_twice_unchecked", "too_many_keys_unchecked"])
    func theReceiversRefusalPassesThrough(model: String) async throws {
        let outcome = try await ModelRun(model).run()
        #expect(outcome.error is ProvidedStateError)
    }

    @Test(arguments: ["provide_after_end", "provide_after_end_unchecked"])
    func whatIsProvidedAfterTheEndIsIgnored(model: String) async throws {
        let outcome = try await ModelRun(model).run()
        #expect(outcome.error == nil)
        #expect(outcome.receiver.values == ["in_time": Array("kept".utf8)])
    }

    @Test func anItemThatCannotBeReadFailsTheCallWithItsError() async throws {
        var run = ModelRun("echo_params")
        run.otherModels = []
        run.parameters = [CallParameter(name: "broken", items: BrokenItems())]
        let outcome = try await run.run()
        #expect(outcome.error is BrokenItems.Damage)
    }

    // MARK: Processes that stay

    @Test func aHangWhileLoadingIsCutAtItsLimit() async throws {
        var run = ModelRun("hang_at_start")
        run.startLimit = .seconds(2)
        let limit = try #require(try await run.run().error as? ModelRun.LimitReached)
        #expect(limit.phase == .codeStartup)
        #expect(limit.delay < .seconds(2))
    }

    @Test func aHangInCreateModelStateIsCutAtItsLimit() async throws {
        var run = ModelRun("hang_in_create")
        run.createLimit = .seconds(1)
        let outcome = try await run.run()
        let limit = try #require(outcome.error as? ModelRun.LimitReached)
        #expect(limit.phase == .createState)
        #expect(limit.delay < .seconds(1))
        #expect(outcome.terminateTime < .seconds(2))
    }

    @Test func aProcessThatIgnoresSIGTERMIsKilledAfterTheGrace() async throws {
        var run = ModelRun("hang_ignoring_sigterm")
        run.createLimit = .seconds(1)
        run.configure = { $0.terminationGrace = .milliseconds(500) }
        let outcome = try await run.run()
        #expect(outcome.error is ModelRun.LimitReached)
        #expect(outcome.terminateTime >= .milliseconds(500) && outcome.terminateTime < .seconds(3))
    }

    @Test func aThreadThatKeepsTheProcessAliveDelaysNothing() async throws {
        var run = ModelRun("hang_after_answer")
        // Far more than a busy machine takes, so that waiting it out cannot be mistaken for that.
        run.configure = { $0.terminationGrace = .seconds(60) }
        let outcome = try await run.run()
        #expect(outcome.error == nil)
        #expect(outcome.receiver.values == ["a": [UInt8(ascii: "1")], "b": []])
        #expect(outcome.terminateTime < .seconds(30))
    }

    @Test(arguments: [false, true])
    func childrenOfTheModelDieWithIt(isDetached: Bool) async throws {
        var run = ModelRun("fork_child")
        if isDetached { run.parameters = [CallParameter("detached", [[1, 0, 0, 0, 0, 0]])] }
        let outcome = try await run.run()
        #expect(outcome.error == nil)
        let child = try #require(outcome.receiver.text("pid").flatMap { Int($0) })
        #expect(!Leftovers.isAlive(child))
    }

    @Test func aTracebackOfAMegabyteIsCut() async throws {
        let files = MadeFiles { folder in
            let text = """
                class Entry:
                    def createModelState(self, options):
                        raise ValueError("x" * 1_000_000)
                    def instantiateModel(self, options): return {}
                model = Entry()
                """
            try text.write(toFile: folder + "/main.py", atomically: false, encoding: .utf8)
        }
        let outcome = try await ModelRun(files: files).run()
        guard case .exception(at: .createState, let details?) = outcome.failure else { throw AnotherFailure(outcome.error) }
        #expect(details.contains("ValueError: xxx") && details.utf8.count < 11_000)
        let written = try #require(outcome.output?.standardError)
        // The runtime prints what it cut; of that the beginning and the end are kept.
        #expect(written.sizeBytes > 1_000_000 && written.text.utf8.count < 200_000)
        #expect(written.text.contains("bytes left out"))
    }
}
