import Strata
import StrataTesting
import Testing

@Suite struct CreationCancellationTests {
    private static let killed = ExecutionFailure.codeTerminated(exitCode: nil, signal: "SIGKILL", outOfMemory: false)

    enum Way: String, Sendable, CaseIterable {
        case cancelCreateState, task, secondHandle
    }

    /// What a cancelled executor may do: end quietly, tell that its process was killed, be done all the same.
    private static let events: [ScriptedExecutor.Event] = [.hang, .failWhenCancelled(killed), .goOnWhenCancelled]

    @Test(arguments: ScriptedExecutor.Moment.all(of: .createState), [Way.cancelCreateState, .task])
    func aCreationIsCancelledInAnyPhase(moment: ScriptedExecutor.Moment, way: Way) async throws {
        for event in Self.events {
            try await CreationHarness.run { harness in
                let executor = ScriptedExecutor(event, at: moment)
                let request = harness.request()
                let task = Task { try await harness.create(request, on: executor) }
                await executor.reached(moment)
                let creating = try await harness.store.creatingStates(of: harness.model)
                #expect(creating.map(\.stateID) == [request.stateID] && creating.map(\.name) == ["created"])
                let running = try await harness.store.statistics().creationCount
                #expect(running == 1)
                if way == .task {
                    task.cancel()
                } else {
                    try await harness.store.cancelCreateState(request.stateID, of: harness.model)
                }
                let result = try await task.value
                #expect(result == .failed(.cancelled, durations: result.durations))
                try await harness.expectNothingLeft(of: executor)
                await expectRefusal(.stateNotFound) {
                    try await harness.store.cancelCreateState(request.stateID, of: harness.model)
                }
            }
        }
    }

    /// As another process would: the run goes on until it ends by itself, its commit is refused.
    @Test func aCreationIsCancelledThroughAnotherHandle() async throws {
        try await CreationHarness.run { harness in
            let (gate, open) = AsyncStream.makeStream(of: Void.self)
            let executor = ScriptedExecutor(.run { for await _ in gate {} }, at: .midKey, byteCount: 2_000_000)
            let request = harness.request()
            let task = Task { try await harness.create(request, on: executor) }
            await executor.reached(.midKey)
            try await withStore(at: harness.store.path) { other in
                let creating = try await other.creatingStates(of: harness.model)
                #expect(creating.map(\.stateID) == [request.stateID])
                await expectRefusal(.conflict, words: [request.stateID.rawValue]) {
                    _ = try await other.waitForState(request.stateID, of: harness.model)
                }
                try await other.cancelCreateState(request.stateID, of: harness.model)
                await expectRefusal(.stateNotFound) { try await other.cancelCreateState(request.stateID, of: harness.model) }
            }
            open.finish()
            let result = try await task.value
            #expect(result == .failed(.cancelled, durations: result.durations))
            try await harness.expectNothingLeft(of: executor)
        }
    }

    @Test func aTaskThatIsCancelledBeforeItCallsGetsTheAnswerOfACancelledCreation() async throws {
        try await CreationHarness.run { harness in
            let executor = ScriptedExecutor()
            let task = Task {
                while !Task.isCancelled { await Task.yield() }
                return try await harness.create(on: executor)
            }
            task.cancel()
            let result = try await task.value
            #expect(result == .failed(.cancelled, durations: result.durations))
            try await harness.expectNothingLeft(of: executor)
        }
    }

    @Test func whatIsOverCannotBeCancelledOrWaitedFor() async throws {
        try await CreationHarness.run { harness in
            let request = harness.request()
            _ = try await harness.create(request, on: ScriptedExecutor())
            let (store, model, id) = (harness.store, harness.model, request.stateID)
            await expectRefusal(.stateAlreadyCreated, words: [id.rawValue]) { try await store.cancelCreateState(id, of: model) }
            await expectRefusal(.stateAlreadyCreated) { _ = try await store.waitForState(id, of: model) }
            await expectRefusal(.stateNotFound) { try await store.cancelCreateState(.random(), of: model) }
            await expectRefusal(.stateNotFound) { _ = try await store.waitForState(.random(), of: model) }
            await expectRefusal(.modelNotFound) { try await store.cancelCreateState(id, of: .random()) }
            await expectRefusal(.modelNotFound) { _ = try await store.waitForState(id, of: .random()) }
        }
    }

    @Test func aRefusedCreationIsNotRemembered() async throws {
        try await CreationHarness.run { harness in
            for _ in 0..<20 {
                let request = harness.request(mounts: [MountRequest(modelID: .random())])
                await expectRefusal(.modelToMountNotFound) { _ = try await harness.create(request, on: ScriptedExecutor()) }
                await expectRefusal(.stateNotFound) { _ = try await harness.store.waitForState(request.stateID, of: harness.model) }
            }
        }
    }

    @Test func othersCanWaitForACreation() async throws {
        try await CreationHarness.run { harness in
            let (gate, open) = AsyncStream.makeStream(of: Void.self)
            let executor = ScriptedExecutor(.run { for await _ in gate {} }, at: .createState)
            let request = harness.request()
            let task = Task { try await harness.create(request, on: executor) }
            await executor.reached(.createState)
            let waiting = Task { try await harness.store.waitForState(request.stateID, of: harness.model) }
            // Whoever waits can give up without the creation taking notice.
            let impatient = Task { try await harness.store.waitForState(request.stateID, of: harness.model) }
            impatient.cancel()
            open.finish()
            let (result, waited) = (try await task.value, try await waiting.value)
            #expect(result == waited)
            guard case .success = result else {
                Issue.record("\(result)")
                return
            }
        }
    }

    /// Whatever the moment, the answer and the store agree.
    @Test func aCreationThatIsCancelledAtRandomIsThereWholeOrNotAtAll() async throws {
        var generator = SeededGenerator.announced("cancelled creations")
        try await CreationHarness.run { harness in
            var created = 0
            for round in Rounds.some(of: 60) {
                let bytes = SeededBytes.random(Int.random(in: 1000...600_000, using: &generator), seed: generator.next())
                let executor = ScriptedExecutor(keys: [("k", bytes)])
                let request = harness.request()
                let task = Task { try await harness.create(request, on: executor) }
                try await Task.sleep(for: .microseconds(Int.random(in: 0...40_000, using: &generator)))
                let cancelled = await Task { try await harness.store.cancelCreateState(request.stateID, of: harness.model) }.result
                switch try await task.value {
                case .success(let id, _):
                    created += 1
                    let read = try await harness.store.bytes(of: "k", in: id, of: harness.model)
                    #expect(read == bytes, "round \(round)")
                    #expect(throws: StrataError.self, "round \(round)") { try cancelled.get() }
                case .failed(let failure, _):
                    #expect(failure == .cancelled, "round \(round)")
                }
                try await harness.expectNothingLeft(of: executor, states: created + 1)
            }
        }
    }
}
