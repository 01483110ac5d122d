import Strata
import StrataTesting
import Testing

/// Trainings that are refused, fail, take too long or are cancelled: a record, and nothing else left.
@Suite struct TrainingFailureTests {
    private static let killed = ExecutionFailure.codeTerminated(exitCode: nil, signal: "SIGKILL", outOfMemory: false)
    private static let moments = ScriptedExecutor.Moment.all(of: .train)

    @Test(arguments: moments)
    func aFailureIsAResultAndARecord(at moment: ScriptedExecutor.Moment) async throws {
        try await OperationHarness.run { harness in
            let failure = ExecutionFailure.exception(at: .train, details: "Traceback")
            let executor = ScriptedExecutor(.fail(failure), at: moment)
            let request = harness.trainRequest()
            let result = try await harness.train(request, on: executor)
            #expect(result.failure == failure)
            let record = try await harness.store.operation(request.operationID, of: harness.model)
            #expect(record.status == .failed(failure) && record.durations == result.durations && record.finishedAtMilliseconds != nil)
            #expect(record.newStateID == request.newStateID && record.baseStateID == harness.start.id)
            if ![.acquireLauncher, .codeStartup].contains(moment) { #expect(executor.terminations == [false]) }
            #expect(executor.disposalCount == 0)
            try await harness.expectNothingLeft(of: executor)
        }
    }

    @Test(arguments: moments)
    func anythingElseThatIsThrownIsUnknown(at moment: ScriptedExecutor.Moment) async throws {
        try await OperationHarness.run { harness in
            let executor = ScriptedExecutor(.throwing(GivenUp()), at: moment)
            let result = try await harness.train(on: executor)
            guard case .unknown(let reason)? = result.failure else {
                Issue.record("\(result)")
                return
            }
            #expect(reason.contains("GivenUp"))
            try await harness.expectNothingLeft(of: executor)
        }
    }

    @Test(arguments: [ExecutionPhase.codeStartup, .instantiateModel, .train, .getState])
    func aPhaseThatTakesTooLongIsEnded(phase: ExecutionPhase) async throws {
        var limits = MaxDurations()
        let moment: ScriptedExecutor.Moment
        switch phase {
        case .codeStartup: (limits.codeStartupSeconds, moment) = (1, .codeStartup)
        case .instantiateModel: (limits.instantiateModelSeconds, moment) = (1, .instantiateModel)
        case .train: (limits.trainSeconds, moment) = (1, .train)
        default: (limits.createStateSeconds, moment) = (1, .getState)
        }
        try await OperationHarness.run(settings: ModelSettings(maxDurations: limits)) { harness in
            // Code that stops when it is asked to, and calls that a success, took too long all the same.
            let late = phase == .codeStartup ? [] : [ScriptedExecutor.Event.goOnWhenCancelled]
            for event in [ScriptedExecutor.Event.hang, .failWhenCancelled(Self.killed)] + late {
                let executor = ScriptedExecutor(event, at: moment)
                let result = try await harness.train(on: executor)
                #expect(result.failure == .maxDurationExceeded(at: phase))
                try await harness.expectNothingLeft(of: executor)
            }
        }
    }

    @Test func whatBreaksARuleOfStatesIsAnExceptionOfGettingIt() async throws {
        try await OperationHarness.run { harness in
            let result = try await harness.train(on: ScriptedExecutor(keys: [("w", [1]), ("w", [2])]))
            guard case .exception(at: .getState, let details)? = result.failure else {
                Issue.record("\(result)")
                return
            }
            #expect(details?.contains("twice") == true)
            try await harness.expectNothingLeft()
        }
    }

    /// What a cancelled executor may do: end quietly, tell that its process was killed, be done all the same.
    @Test(arguments: moments)
    func aTrainingIsCancelledInAnyPhase(moment: ScriptedExecutor.Moment) async throws {
        for event in [ScriptedExecutor.Event.hang, .failWhenCancelled(Self.killed), .goOnWhenCancelled] {
            try await OperationHarness.run { harness in
                let (store, model) = (harness.store, harness.model)
                let executor = ScriptedExecutor(event, at: moment)
                let id = try await store.train(harness.trainRequest(), on: executor)
                await executor.reached(moment)
                await expectRefusal(.trainingSessionRunning) { try await store.clearTraining(id, of: model) }
                try await store.cancelTraining(id, of: model)
                let result = try await store.waitForTraining(id, of: model)
                #expect(result.failure == .cancelled)
                #expect(!executor.terminations.contains(true))
                try await harness.expectNothingLeft(of: executor)
                await expectRefusal(.trainingSessionNotRunning) { try await store.cancelTraining(id, of: model) }
                try await store.clearTraining(id, of: model)
                await expectRefusal(.trainingSessionNotFound) { _ = try await store.trainingStatus(id, of: model) }
            }
        }
    }

    @Test func closingTheStoreCancelsATraining() async throws {
        try await OperationHarness.run { harness in
            let executor = ScriptedExecutor(.hang, at: .train)
            let id = try await harness.store.train(harness.trainRequest(), on: executor)
            await executor.reached(.train)
            try await harness.store.close()
            #expect(executor.leftovers == [])
            try await withStore(at: harness.store.path) { store in
                let record = try await store.operation(id, of: harness.model)
                #expect(record.status == .failed(.cancelled))
            }
        }
    }

    @Test func aModelThatIsDeletedTakesItsTrainingsAlong() async throws {
        for moment in Self.moments {
            try await OperationHarness.run { harness in
                let (store, model) = (harness.store, harness.model)
                let executor = ScriptedExecutor(.hang, at: moment)
                let id = try await store.train(harness.trainRequest(), on: executor)
                await executor.reached(moment)
                try await store.deleteModel(model)
                #expect(executor.leftovers == [])
                await expectRefusal(.modelNotFound) { _ = try await store.operation(id, of: model) }
                let statistics = try await store.statistics()
                #expect(statistics.modelCount == 0 && statistics.distinctBytes == 0)
                try await expectNothingLeft(in: store)
            }
        }
    }

    @Test func refusalsComeBeforeAnythingRunsAndLeaveNoRecord() async throws {
        let definitions = ParameterDefinitions(train: [ParameterDefinition(name: "x", allowedTypes: ["u8"])])
        try await OperationHarness.run(settings: ModelSettings(parameterDefinitions: definitions)) { harness in
            let (store, model) = (harness.store, harness.model)
            let executor = ScriptedExecutor(keys: [("w", [1])])
            let x = ParameterInput.inline(name: "x", items: [.byte(1)])
            func refused(
                _ code: StrataError.Code, field: String? = nil, _ request: TrainRequest, on other: (any ModelExecutor)? = nil,
                sourceLocation: SourceLocation = #_sourceLocation
            ) async {
                await expectRefusal(code, field: field, sourceLocation: sourceLocation) {
                    try await store.train(request, on: other ?? executor)
                }
            }
            await refused(.invalidParameter, field: "params", harness.trainRequest())
            await refused(.invalidParameter, field: "params", harness.trainRequest([x, x]))
            await refused(.invalidParameter, field: "stateId", harness.trainRequest([x], stateID: .random()))
            await refused(.datasetNotFound, harness.trainRequest([.dataset(name: "x", dataset: .random(), key: "k")]))
            await refused(.modelNotFound, TrainRequest(modelID: .random(), newStateName: "n"))
            await refused(.invalidParameter, field: "newStateName", TrainRequest(modelID: model, newStateName: "", parameters: [x]))
            var request = harness.trainRequest([x])
            request.location = .temporaryLauncher(LauncherSpec(cpus: 0))
            await refused(.invalidParameter, field: "executionLocation", request)
            request.location = .persistentLauncher(.random())
            await refused(
                .persistentLauncherNotFound, request,
                on: ClosureExecutor { _ in ClosureExecutor.Instance() })
            #expect(executor.locations.isEmpty)
            let records = try await store.operations(of: model).total
            #expect(records == 0)
            try await harness.expectNothingLeft(of: executor)
        }
    }

    @Test func aMountThatIsGoneRefusesTheTraining() async throws {
        try await OperationHarness.run { harness in
            let (store, model) = (harness.store, harness.model)
            let other = try await store.createModel(named: "other")
            let snapshot = try await store.createSnapshot(of: other.id, named: "s")
            for record in [MountRecord(modelID: .random()), MountRecord(modelID: other.id, snapshotID: snapshot.id)] {
                var options = StateOptions()
                options.mounts = [record]
                let start = try await store.commit([("w", [9])], to: model, options: options)
                if record.snapshotID != nil { try await store.deleteSnapshot(snapshot.id, of: other.id) }
                await expectRefusal(.modelToMountNoLongerExists, words: [record.modelID.rawValue]) {
                    try await store.train(harness.trainRequest(stateID: start.id), on: ScriptedExecutor())
                }
                let evaluation = EvaluateRequest(modelID: model, stateID: start.id)
                await expectRefusal(.modelToMountNoLongerExists) { _ = try await store.evaluate(evaluation, on: ScriptedExecutor()) }
                try await store.deleteState(start.id, of: model)
            }
            try await harness.expectNothingLeft()
        }
    }

    /// Whatever the moment, the answer and the store agree.
    @Test func aTrainingThatIsCancelledAtRandomIsThereWholeOrNotAtAll() async throws {
        var generator = SeededGenerator.announced("cancelled trainings")
        try await OperationHarness.run { harness in
            let (store, model) = (harness.store, harness.model)
            var made = 0
            for round in Rounds.some(of: 40) {
                let bytes = SeededBytes.random(Int.random(in: 1000...600_000, using: &generator), seed: generator.next())
                let executor = ScriptedExecutor(keys: [("k", bytes)])
                let id = try await store.train(harness.trainRequest(), on: executor)
                try await Task.sleep(for: .microseconds(Int.random(in: 0...40_000, using: &generator)))
                let cancelled = await Task { try await store.cancelTraining(id, of: model) }.result
                switch try await store.waitForTraining(id, of: model) {
                case .success(let state, _):
                    made += 1
                    let read = try await store.bytes(of: "k", in: state, of: model)
                    #expect(read == bytes, "round \(round)")
                    #expect(throws: StrataError.self, "round \(round)") { try cancelled.get() }
                case .failed(let failure, _):
                    #expect(failure == .cancelled, "round \(round)")
                }
                #expect(executor.leftovers == [], "round \(round)")
            }
            try await harness.expectNothingLeft(made: made)
        }
    }
}
