import Strata
import StrataTesting
import Testing

/// Runs that were started and came to nothing: a result with durations, and nothing left.
@Suite struct CreationFailureTests {
    private static let phases: [ScriptedExecutor.Moment: Set<String>] = [
        .acquireLauncher: [], .codeStartup: ["createLauncher", "codeStartup"],
        .createState: ["createLauncher", "codeStartup", "createState"], .midKey: ["createLauncher", "codeStartup", "createState"],
    ]

    struct Case: Sendable, CustomTestStringConvertible {
        let failure: ExecutionFailure
        let moment: ScriptedExecutor.Moment
        var testDescription: String { "\(failure.code) at \(moment)" }
    }

    private static let cases: [Case] = [
        Case(failure: .serverOverloaded, moment: .acquireLauncher),
        Case(failure: .launcherTerminated, moment: .acquireLauncher),
        Case(failure: .readExecutableFileFailed(path: "main.py"), moment: .codeStartup),
        Case(failure: .invalidExecutableFile(reason: "no program"), moment: .codeStartup),
        Case(failure: .exception(at: .codeStartup, details: "Traceback"), moment: .codeStartup),
        Case(failure: .codeTerminated(exitCode: 3, signal: nil, outOfMemory: false), moment: .codeStartup),
        Case(failure: .exception(at: .createState, details: nil), moment: .createState),
        Case(failure: .codeTerminated(exitCode: nil, signal: "SIGKILL", outOfMemory: true), moment: .createState),
        Case(failure: .launcherTerminated, moment: .createState),
        Case(failure: .unknown(reason: "gibberish"), moment: .createState),
        Case(failure: .exception(at: .createState, details: "half-way"), moment: .midKey),
        Case(failure: .codeTerminated(exitCode: 0, signal: nil, outOfMemory: false), moment: .midKey),
    ]

    @Test(arguments: cases)
    func aFailureIsReportedWithTheDurationsOfItsPhases(of failing: Case) async throws {
        try await CreationHarness.run { harness in
            let executor = ScriptedExecutor(.fail(failing.failure), at: failing.moment, byteCount: 2_000_000)
            let durations = try await harness.expectFailure(failing.failure, on: executor)
            #expect(durations.phases == Self.phases[failing.moment])
            #expect(executor.terminations == (durations.phases.contains("createState") ? [false] : []))
        }
    }

    @Test(arguments: ScriptedExecutor.Moment.all(of: .createState))
    func anythingElseThatIsThrownIsUnknown(at moment: ScriptedExecutor.Moment) async throws {
        try await CreationHarness.run { harness in
            let thrown: [any Error] = [GivenUp(), StrataError(.io, "the disk is gone"), StrataError(.stateNotFound, "where is it")]
            for (error, word) in zip(thrown, ["GivenUp", "the disk is gone", "where is it"]) {
                let executor = ScriptedExecutor(.throwing(error), at: moment)
                let result = try await harness.create(on: executor)
                guard case .failed(.unknown(let reason), let durations) = result else {
                    Issue.record("\(result)")
                    return
                }
                #expect(reason.contains(word))
                #expect(durations.phases == Self.phases[moment])
                try await harness.expectNothingLeft(of: executor)
            }
        }
    }

    @Test(arguments: [ExecutionPhase.codeStartup, .createState])
    func aPhaseThatTakesTooLongIsEnded(phase: ExecutionPhase) async throws {
        var limits = MaxDurations()
        if phase == .codeStartup { limits.codeStartupSeconds = 1 } else { limits.createStateSeconds = 1 }
        try await CreationHarness.run(settings: ModelSettings(maxDurations: limits)) { harness in
            let moments: [ScriptedExecutor.Moment] = phase == .codeStartup ? [.codeStartup] : [.createState, .midKey]
            let killed = ExecutionFailure.codeTerminated(exitCode: nil, signal: "SIGKILL", outOfMemory: false)
            for moment in moments {
                for event in [ScriptedExecutor.Event.hang, .failWhenCancelled(killed)] {
                    let executor = ScriptedExecutor(event, at: moment)
                    let durations = try await harness.expectFailure(.maxDurationExceeded(at: phase), on: executor)
                    #expect(durations.phases == Self.phases[moment])
                    let spent = phase == .codeStartup ? durations.codeStartupMilliseconds : durations.createStateMilliseconds
                    #expect(spent ?? 0 >= 1000)
                }
            }
        }
    }

    @Test func codeThatIsReadyAtTheVeryLastMomentCounts() async throws {
        let limits = MaxDurations(codeStartupSeconds: 1)
        try await CreationHarness.run(settings: ModelSettings(maxDurations: limits)) { harness in
            let executor = ScriptedExecutor(.goOnWhenCancelled, at: .codeStartup)
            let result = try await harness.create(on: executor)
            guard case .success = result else {
                Issue.record("\(result)")
                return
            }
            try await harness.expectNothingLeft(of: executor, states: 2)
        }
    }

    @Test func aModelThatIsDeletedInMidRunCancelsIt() async throws {
        for moment in ScriptedExecutor.Moment.all(of: .createState) {
            try await CreationHarness.run { harness in
                let executor = ScriptedExecutor(.hang, at: moment)
                let task = Task { try await harness.create(on: executor) }
                await executor.reached(moment)
                try await harness.store.deleteModel(harness.model)
                let result = try await task.value
                #expect(result == .failed(.cancelled, durations: result.durations))
                #expect(executor.leftovers == [])
                let statistics = try await harness.store.statistics()
                #expect(statistics.modelCount == 0 && statistics.creationCount == 0 && statistics.distinctBytes == 0)
                try await expectNothingLeft(in: harness.store)
            }
        }
    }

    @Test func closingTheStoreCancelsWhatRuns() async throws {
        try await CreationHarness.run { harness in
            let executor = ScriptedExecutor(.hang, at: .midKey)
            let task = Task { try await harness.create(on: executor) }
            await executor.reached(.midKey)
            try await harness.store.close()
            let result = try await task.value
            #expect(result == .failed(.cancelled, durations: result.durations))
            #expect(executor.leftovers == [])
            try await withStore(at: harness.store.path) { store in
                let total = try await store.states(of: harness.model).total
                #expect(total == 1)
                try await expectNothingLeft(in: store)
            }
        }
    }
}
