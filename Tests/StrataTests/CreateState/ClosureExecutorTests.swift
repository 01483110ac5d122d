import Strata
import StrataTesting
import Synchronization
import Testing

@Suite struct ClosureExecutorTests {
    @Test func aClosureReadsItsParametersAndProvidesKeys() async throws {
        try await CreationHarness.run { harness in
            let executor = ClosureExecutor { call, receiver in
                let seed = try await call.parameters[0].items.bytes(of: 0)
                try await receiver.provide("doubled", seed.map { $0 * 2 })
            }
            let request = harness.request([.inline(name: "seed", items: [Item(elementType: "u8", shape: [2], bytes: [3, 4])])])
            guard case .success(let id, let durations) = try await harness.create(request, on: executor) else {
                Issue.record("the creation failed")
                return
            }
            #expect(durations.phases == ["createState"])
            let contents = try await harness.store.contents(of: id, of: harness.model)
            #expect(contents == ["doubled": [6, 8]])
        }
    }

    @Test func whatAClosureThrowsIsAnException() async throws {
        try await CreationHarness.run { harness in
            let result = try await harness.create(on: ClosureExecutor { _, receiver in
                try await receiver.provide("k", SeededBytes.random(1_000_000, seed: 1))
                throw GivenUp()
            })
            guard case .failed(.exception(at: .createState, details: let details), _) = result else {
                Issue.record("\(result)")
                return
            }
            #expect(details?.contains("GivenUp") == true)
            try await harness.expectNothingLeft()
        }
    }

    @Test func failuresAndBrokenRulesPassThrough() async throws {
        try await CreationHarness.run { harness in
            let failure = ExecutionFailure.codeTerminated(exitCode: 3, signal: nil, outOfMemory: false)
            let failed = try await harness.create(on: ClosureExecutor { _, _ in throw failure })
            #expect(failed == .failed(failure, durations: failed.durations))
            let twice = try await harness.create(on: ClosureExecutor { _, receiver in
                try await receiver.provide("k", [1])
                try await receiver.provide("k", [2])
            })
            guard case .failed(.exception(at: .createState, details: let details), _) = twice else {
                Issue.record("\(twice)")
                return
            }
            #expect(details?.contains("twice") == true)
            try await harness.expectNothingLeft()
        }
    }

    @Test func thereAreNoPersistentLaunchers() async throws {
        try await CreationHarness.run { harness in
            let id = LauncherID.random()
            await expectRefusal(.persistentLauncherNotFound, words: [id.rawValue]) {
                _ = try await harness.create(
                    harness.request(location: .persistentLauncher(id)), on: ClosureExecutor { _, _ in })
            }
            try await harness.expectNothingLeft()
        }
    }

    /// A closure that ignores cancellation is left behind at the limit, and what it provides then is refused.
    @Test func aClosureThatIgnoresCancellationIsAbandoned() async throws {
        let settings = ModelSettings(maxDurations: MaxDurations(createStateSeconds: 1))
        try await CreationHarness.run(settings: settings) { harness in
            let (gate, open) = AsyncStream.makeStream(of: Void.self)
            let (late, tell) = AsyncStream.makeStream(of: String.self)
            let executor = ClosureExecutor { _, receiver in
                defer { tell.finish() }
                // On a busy machine the limit ends this already.
                try? await receiver.provide("early", SeededBytes.random(400_000, seed: 1))
                // In a task of its own, which no cancellation reaches.
                await Task.detached { for await _ in gate {} }.value
                do {
                    try await receiver.provide("late", [1])
                    tell.yield("taken")
                } catch {
                    tell.yield("\(error)")
                }
            }
            let result = try await harness.create(on: executor)
            #expect(result == .failed(.maxDurationExceeded(at: .createState), durations: result.durations))
            try await harness.expectNothingLeft()
            open.finish()
            var answers: [String] = []
            for await answer in late { answers.append(answer) }
            #expect(answers.count == 1 && answers[0].contains("after the call had ended"))
            try await harness.expectNothingLeft()
        }
    }

    @Test func aClosureIsCancelled() async throws {
        try await CreationHarness.run { harness in
            let (started, tell) = AsyncStream.makeStream(of: Void.self)
            let request = harness.request()
            let task = Task {
                try await harness.create(request, on: ClosureExecutor { _, _ in
                    tell.finish()
                    try await Task.sleep(for: .seconds(3600))
                })
            }
            for await _ in started {}
            try await harness.store.cancelCreateState(request.stateID, of: harness.model)
            let result = try await task.value
            #expect(result == .failed(.cancelled, durations: result.durations))
            try await harness.expectNothingLeft()
        }
    }
}
