import Foundation
import ModelRuntime
import Strata
import StrataTesting
import Testing

/// Every way for a creation to fail, by its real cause; after each, nothing is left in the store or of the processes.
@Suite struct FailurePipelineTests {
    private let second = MaxDurations(codeStartupSeconds: 2, createStateSeconds: 2)

    @Test(arguments: [("raise_at_start", "raised at start"), ("no_model", "AttributeError")])
    func codeThatRaisesWhileLoading(model: String, words: String) async throws {
        try await PipelineRun.with(model) { run in
            guard case (.exception(at: .codeStartup, let details), let durations)? = try await run.failure() else {
                Issue.record("no exception at codeStartup")
                return
            }
            #expect(details?.contains("Traceback") == true && details?.contains(words) == true)
            #expect(durations.codeStartupMilliseconds != nil)
            #expect(durations.createStateMilliseconds == nil)
        }
    }

    @Test(arguments: [
        ("raise_in_create", "raised in createModelState"), ("key_twice", "a"), ("key_twice_unchecked", "twice"),
        ("too_many_keys_unchecked", "100"),
    ])
    func codeThatRaisesOrBreaksTheRulesOfStates(model: String, words: String) async throws {
        try await PipelineRun.with(model) { run in
            guard case (.exception(at: .createState, let details), let durations)? = try await run.failure() else {
                Issue.record("no exception at createState")
                return
            }
            #expect(details?.contains(words) == true)
            #expect(durations.createStateMilliseconds != nil)
        }
    }

    /// `PipelineRun.failure` compares it with the record.
    @Test func aVeryLongTraceReachesTheRecordCut() async throws {
        try await PipelineRun.with("long_trace", language: .rust) { run in
            let failure = try await run.failure()?.0
            guard case .exception(at: .createState, let details?)? = failure else { throw AnotherFailure(failure) }
            #expect(details.utf8.count <= 64 << 10 && details.utf8.count > 60 << 10)
            #expect(details.hasPrefix("Traceback: éé") && details.hasSuffix("éé the end") && details.contains("bytes left out"))
        }
    }

    @Test func whatComesAfterTheAnswerIsIgnored() async throws {
        for model in ["provide_after_end", "provide_after_end_unchecked"] {
            try await PipelineRun.with(model) { run in
                guard case .success(let id, _) = try await run.create() else {
                    Issue.record("\(model) failed")
                    return
                }
                #expect(try await run.store.state(id, of: run.model).keys.map(\.key) == ["in_time"])
            }
        }
    }

    @Test(arguments: ["exit_code_3", "exit_code_3_at_start", "exit_mid_value", "fork_child_and_exit"])
    func codeThatExits(model: String) async throws {
        try await PipelineRun.with(model) { run in
            let failure = try await run.failure()
            #expect(failure?.0 == .codeTerminated(exitCode: 3, signal: nil, outOfMemory: false))
        }
    }

    @Test func codeThatIsKilled() async throws {
        try await PipelineRun.with("kill_self") { run in
            let failure = try await run.failure()
            #expect(failure?.0 == .codeTerminated(exitCode: nil, signal: "SIGKILL", outOfMemory: false))
        }
    }

    @Test func startUpBeyondItsLimit() async throws {
        try await PipelineRun.with("hang_at_start", limits: second) { run in
            let (failure, durations) = try #require(try await run.failure())
            #expect(failure == .maxDurationExceeded(at: .codeStartup))
            #expect(durations.createStateMilliseconds == nil)
        }
    }

    @Test(arguments: ["hang_in_create", "hang_ignoring_sigterm"])
    func creationBeyondItsLimit(model: String) async throws {
        try await PipelineRun.with(model, limits: MaxDurations(codeStartupSeconds: 60, createStateSeconds: 2)) { run in
            let (failure, durations) = try #require(try await run.failure())
            #expect(failure == .maxDurationExceeded(at: .createState))
            #expect(durations.codeStartupMilliseconds != nil)
        }
    }

    @Test func entryFileThatIsMissing() async throws {
        try await PipelineRun.with("scaler") { run in
            try await run.store.changeFiles(of: run.model) { try $0.rename("main.py", to: "other.py") }
            let failure = try await run.failure()
            #expect(failure?.0 == .readExecutableFileFailed(path: "main.py"))
        }
    }

    @Test func programThatTheMachineCannotRun() async throws {
        try await PipelineRun.with("scaler", language: .rust) { run in
            try await run.store.changeFiles(of: run.model) {
                try await $0.put("model", Array("no program at all".utf8), permissions: 0o755)
            }
            guard case .invalidExecutableFile? = try await run.failure()?.0 else {
                Issue.record("a text ran as a program")
                return
            }
        }
    }

    @Test func creationThatIsCancelledWhileItsCodeRuns() async throws {
        try await PipelineRun.with("hang_in_create") { run in
            let id = StateID.random()
            let creation = Task { try await run.create(id: id) }
            try await waitUntil { try await run.store.creatingStates(of: run.model).map(\.stateID) == [id] }
            try await waitUntil { !Leftovers.processes(below: run.root).isEmpty }
            try await run.store.cancelCreateState(id, of: run.model)
            guard case .failed(.cancelled, _) = try await creation.value else {
                Issue.record("the creation was not cancelled")
                return
            }
            #expect(try await run.store.states(of: run.model).total == 1)
        }
    }

    @Test func modelThatIsDeletedWhileItsCodeRuns() async throws {
        try await PipelineRun.with("hang_in_create") { run in
            let creation = Task { try await run.create() }
            try await waitUntil { !Leftovers.processes(below: run.root).isEmpty }
            try await run.store.deleteModel(run.model)
            guard case .failed(.cancelled, _) = try await creation.value else {
                Issue.record("the creation was not cancelled")
                return
            }
        }
    }

    @Test func launcherThatDoesNotExistIsRefused() async throws {
        try await PipelineRun.with("scaler") { run in
            let request = CreateStateRequest(modelID: run.model, name: "x", location: .persistentLauncher(.random()))
            await #expect { try await run.store.createState(request, on: run.executor) } throws: {
                ($0 as? StrataError)?.code == .persistentLauncherNotFound
            }
        }
    }

    @Test func codeOfADeletedSnapshotIsRefused() async throws {
        try await PipelineRun.with("scaler") { run in
            let snapshot = try await run.store.createSnapshot(of: run.model, named: "s")
            let child = try await run.store.createModel(
                named: "child", options: ModelOptions(origin: .basedOnSnapshot(snapshot.id, of: run.model)))
            let request = CreateStateRequest(modelID: child.id, name: "x")
            guard case .success = try await run.store.createState(request, on: run.executor) else {
                Issue.record("a model based on a snapshot does not run")
                return
            }
            try await run.store.deleteSnapshot(snapshot.id, of: run.model)
            let later = CreateStateRequest(modelID: child.id, name: "y")
            await #expect { try await run.store.createState(later, on: run.executor) } throws: {
                ($0 as? StrataError)?.code == .snapshotNoLongerExists
            }
        }
    }

    /// Waits for something that another task brings about; the test's own time limit ends it.
    private func waitUntil(_ condition: () async throws -> Bool) async throws {
        for _ in 0..<6000 {
            if try await condition() { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(try await condition())
    }
}
