import Strata
import StrataTesting
import Testing

@Suite struct EvaluationTests {
    private static func answering(_ outputs: [EvaluationOutput]) -> ScriptedExecutor {
        var script = ScriptedExecutor.Script(readsEverything: true)
        script.outputs = outputs
        return ScriptedExecutor(script)
    }

    private static let output = EvaluationOutput(name: "y", items: [.byte(1), .byte(2)])

    @Test func anEvaluationAnswersWithOutputsAndLeavesARecord() async throws {
        var settings = ModelSettings()
        settings.evaluateLauncher = LauncherSpec(cpus: 0.25, memoryMebibytes: 99)
        try await OperationHarness.run(settings: settings) { harness in
            let (store, model) = (harness.store, harness.model)
            let executor = Self.answering([Self.output, Self.output])
            let request = EvaluateRequest(modelID: model, parameters: [.inline(name: "x", items: [.byte(5)])])
            let result = try await store.evaluate(request, on: executor)
            #expect(result.outcome == .success([Self.output, Self.output]) && result.id == request.operationID)
            #expect(result.location == .temporaryLauncher(settings.evaluateLauncher) && executor.locations == [result.location])
            #expect(result.durations.instantiateModelMilliseconds != nil && result.durations.evaluateMilliseconds != nil)
            #expect(executor.calls.first?.state?.first?.items == [OperationHarness.weights])
            #expect(executor.parameters.first?.first?.items == [[5]])
            #expect(executor.terminations == [true] && executor.disposalCount == 1)
            let record = try await store.operation(result.id, of: model)
            #expect(record.kind == .evaluate && record.status == .finished && record.baseStateID == harness.start.id)
            #expect(record.location == result.location && record.durations == result.durations && record.newStateID == nil)
            let again = try await store.evaluationResult(result.id, of: model)
            #expect(again == result)
            try await store.clearOperation(result.id, of: model)
            await expectRefusal(.evaluationNotFound) { _ = try await store.evaluationResult(result.id, of: model) }
            try await harness.expectNothingLeft(of: executor)
        }
    }

    @Test func aSnapshotIsEvaluatedWithItsFilesStateAndSettings() async throws {
        var settings = ModelSettings()
        settings.evaluateLauncher = LauncherSpec(cpus: 0.25)
        try await OperationHarness.run(settings: settings) { harness in
            let (store, model) = (harness.store, harness.model)
            let snapshot = try await store.createSnapshot(of: model, named: "s")
            try await store.changeFiles(of: model) { try await $0.put("main.py", Array("later".utf8)) }
            let later = try await store.commit([("later", [3])], to: model, options: StateOptions(makeActive: true))
            try await store.updateModel(model, ModelChange(settings: ModelSettings()))
            let executor = Self.answering([])
            let old = try await store.evaluate(EvaluateRequest(modelID: model, snapshotID: snapshot.id), on: executor)
            let new = try await store.evaluate(EvaluateRequest(modelID: model), on: executor)
            let byID = try await store.evaluate(EvaluateRequest(modelID: model, stateID: harness.start.id), on: executor)
            #expect(executor.calls.map { $0.state?.first?.name } == ["w", "later", "w"])
            #expect(executor.calls.map { $0.codeFiles?.entries["main.py"]?.content } == ["run", "later", "later"].map { .file(Array($0.utf8)) })
            #expect(old.location == .temporaryLauncher(settings.evaluateLauncher) && new.location == .temporaryLauncher(LauncherSpec()))
            let records = try await [old, new, byID].asyncMap { try await store.operation($0.id, of: model) }
            #expect(records.map(\.baseSnapshotID) == [snapshot.id, nil, nil] && records.map(\.baseStateID) == [nil, later.id, harness.start.id])
            await expectRefusal(.invalidParameter, field: "snapshotId") {
                _ = try await store.evaluate(EvaluateRequest(modelID: model, stateID: later.id, snapshotID: snapshot.id), on: executor)
            }
            await expectRefusal(.snapshotNotFound) {
                _ = try await store.evaluate(EvaluateRequest(modelID: model, snapshotID: .random()), on: executor)
            }
            await expectRefusal(.stateNotFound) {
                _ = try await store.evaluate(EvaluateRequest(modelID: model, stateID: .random()), on: executor)
            }
        }
    }

    @Test func outputsAreHeldAgainstWhatTheModelDeclares() async throws {
        let declared = [
            ParameterDefinition(name: "y", shape: [-1], allowedTypes: ["u8"]), ParameterDefinition(name: "z", required: false),
        ]
        try await OperationHarness.run(settings: ModelSettings(parameterDefinitions: .init(evaluateOutput: declared))) { harness in
            let (store, model) = (harness.store, harness.model)
            let fit = EvaluationOutput(name: "y", items: [Item(elementType: "u8", shape: [2], bytes: [1, 2])])
            func evaluate(_ outputs: [EvaluationOutput]) async throws -> EvaluateResult {
                let executor = Self.answering(outputs)
                let result = try await store.evaluate(EvaluateRequest(modelID: model), on: executor)
                if case .failure = result.outcome { #expect(executor.terminations == [false] && executor.disposalCount == 0) }
                return result
            }
            for outputs in [[fit], [fit, fit], [fit, EvaluationOutput(name: "z", items: [])]] {
                let result = try await evaluate(outputs)
                #expect(result.outcome == .success(outputs))
            }
            let odd = [
                ([], "`y` is missing"), ([fit, EvaluationOutput(name: "q", items: [])], "no output `q`"),
                ([EvaluationOutput(name: "y", items: [.byte(1)])], "shape"),
                ([EvaluationOutput(name: "y", items: [Item(elementType: "f32", shape: [0], bytes: [])])], "f32"),
            ]
            for (outputs, word) in odd {
                let result = try await evaluate(outputs)
                guard case .failure(.invalidOutput(.notApplicableToParameterDefinitions, let details)) = result.outcome else {
                    Issue.record("\(result)")
                    continue
                }
                #expect(details.contains(word))
                let record = try await store.operation(result.id, of: model)
                #expect(record.status == .failed(.invalidOutput(.notApplicableToParameterDefinitions, details: details)))
            }
            try await harness.expectNothingLeft()
        }
    }

    @Test(arguments: ScriptedExecutor.Moment.all(of: .evaluate))
    func aFailedOrCancelledEvaluationIsAResult(at moment: ScriptedExecutor.Moment) async throws {
        try await OperationHarness.run { harness in
            let (store, model) = (harness.store, harness.model)
            let failing = ScriptedExecutor(.fail(.launcherTerminated), at: moment)
            let failed = try await store.evaluate(EvaluateRequest(modelID: model), on: failing)
            #expect(failed.outcome == .failure(.launcherTerminated))
            try await harness.expectNothingLeft(of: failing)
            for cancelsTask in [true, false] {
                let executor = ScriptedExecutor(.hang, at: moment)
                let request = EvaluateRequest(modelID: model)
                let task = Task { try await store.evaluate(request, on: executor) }
                await executor.reached(moment)
                let waiting = Task { try await store.evaluationResult(request.operationID, of: model) }
                let running = try await store.operations(of: model, kind: .evaluate, isRunning: true).items.map(\.id)
                #expect(running == [request.operationID])
                if cancelsTask { task.cancel() } else { try await store.cancelEvaluation(request.operationID, of: model) }
                let (result, waited) = (try await task.value, try await waiting.value)
                #expect(result.outcome == .failure(.cancelled) && waited == result)
                try await harness.expectNothingLeft(of: executor)
                await expectRefusal(.evaluationNotFound) { try await store.cancelEvaluation(request.operationID, of: model) }
            }
        }
    }

    @Test func anEvaluationThatTakesTooLongIsEnded() async throws {
        try await OperationHarness.run(settings: ModelSettings(maxDurations: MaxDurations(evaluateSeconds: 1))) { harness in
            let executor = ScriptedExecutor(.hang, at: .evaluate)
            let result = try await harness.store.evaluate(EvaluateRequest(modelID: harness.model), on: executor)
            #expect(result.outcome == .failure(.maxDurationExceeded(at: .evaluate)))
            try await harness.expectNothingLeft(of: executor)
        }
    }

    @Test func resultsAreKeptWithinTheirBoundsOnly() async throws {
        var options = StateStore.Options()
        options.evaluationResultBytesMax = 10_000
        let large = EvaluationOutput(name: "y", items: [Item(elementType: "u8", shape: [6000], bytes: [UInt8](repeating: 1, count: 6000))])
        try await OperationHarness.run(options: options) { harness in
            let (store, model) = (harness.store, harness.model)
            let first = try await store.evaluate(EvaluateRequest(modelID: model), on: Self.answering([large]))
            let kept = try await store.evaluationResult(first.id, of: model)
            #expect(kept == first)
            let second = try await store.evaluate(EvaluateRequest(modelID: model), on: Self.answering([large]))
            await expectRefusal(.evaluationNotFound) { _ = try await store.evaluationResult(first.id, of: model) }
            let tooLarge = try await store.evaluate(EvaluateRequest(modelID: model), on: Self.answering([large, large]))
            await expectRefusal(.evaluationNotFound) { _ = try await store.evaluationResult(tooLarge.id, of: model) }
            let still = try await store.evaluationResult(second.id, of: model)
            #expect(still == second)
            // Their records are there all the same, and another process knows those alone.
            let records = try await store.operations(of: model, kind: .evaluate).total
            #expect(records == 3)
            _ = try await withStore(at: store.path) { other in
                await expectRefusal(.evaluationNotFound) { _ = try await other.evaluationResult(second.id, of: model) }
            }
        }
        options.evaluationResultSeconds = 0
        try await OperationHarness.run(options: options) { harness in
            let result = try await harness.store.evaluate(EvaluateRequest(modelID: harness.model), on: Self.answering([]))
            await expectRefusal(.evaluationNotFound, words: ["0 s"]) {
                _ = try await harness.store.evaluationResult(result.id, of: harness.model)
            }
        }
    }

    @Test func closuresCanEvaluate() async throws {
        try await OperationHarness.run { harness in
            let executor = ClosureExecutor { call in
                let count = call.state.count
                return ClosureExecutor.Instance(evaluate: { [EvaluationOutput(name: "keys", items: [.byte(UInt8(count + $0.count))])] })
            }
            let result = try await harness.store.evaluate(EvaluateRequest(modelID: harness.model), on: executor)
            #expect(result.outcome == .success([EvaluationOutput(name: "keys", items: [.byte(2)])]))
            let raising = ClosureExecutor { _ in throw GivenUp() }
            let raised = try await harness.store.evaluate(EvaluateRequest(modelID: harness.model), on: raising)
            #expect(raised.outcome == .failure(.exception(at: .instantiateModel, details: "GivenUp()")))
        }
    }
}

extension Array {
    fileprivate func asyncMap<T>(_ body: (Element) async throws -> T) async rethrows -> [T] {
        var mapped: [T] = []
        for element in self { mapped.append(try await body(element)) }
        return mapped
    }
}
