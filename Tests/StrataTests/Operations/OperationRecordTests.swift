import Foundation
import Strata
import StrataTesting
import Testing

/// What stays of operations, how long, and who can end them.
@Suite struct OperationRecordTests {
    @Test func aCreationLeavesARecordWithItsOutput() async throws {
        try await OperationHarness.run { harness in
            let (store, model) = (harness.store, harness.model)
            var script = ScriptedExecutor.Script(steps: [.provide("k", [1])])
            script.output = ExecutionOutput(standardOutput: "printed\0☃\n", standardError: "warned\n")
            let location = ExecutionLocation.temporaryLauncher(LauncherSpec(cpus: 2, memoryMebibytes: 64, diskMebibytes: 3))
            let request = CreateStateRequest(modelID: model, name: "created", location: location)
            let result = try await store.createState(request, on: ScriptedExecutor(script))
            let id = try #require(OperationID(request.stateID.rawValue))
            let record = try await store.operation(id, of: model)
            #expect(record.kind == .createState && record.status == .finished && record.newStateID == request.stateID)
            #expect(record.newStateName == "created" && record.location == location && record.durations == result.durations)
            #expect(record.baseStateID == nil && (record.finishedAtMilliseconds ?? 0) >= record.startedAtMilliseconds)
            let output = try await store.operationOutput(id, of: model)
            #expect(output == script.output)
            script.events[.createState] = .fail(.exception(at: .createState, details: "Traceback"))
            let failing = CreateStateRequest(modelID: model, name: "failed")
            _ = try await store.createState(failing, on: ScriptedExecutor(script))
            let failedID = try #require(OperationID(failing.stateID.rawValue))
            let failed = try await store.operation(failedID, of: model)
            #expect(failed.status == .failed(.exception(at: .createState, details: "Traceback")))
            let failedOutput = try await store.operationOutput(failedID, of: model)
            #expect(failedOutput == script.output)
        }
    }

    @Test func everyKindOfFailureIsReadAsItWasWritten() async throws {
        let failures: [ExecutionFailure] = [
            .serverOverloaded, .cancelled, .launcherTerminated, .readExecutableFileFailed(path: "main.py"),
            .invalidExecutableFile(reason: "no program"), .exception(at: .evaluate, details: nil), .exception(at: .instantiateModel, details: "a\0b"),
            .codeTerminated(exitCode: 3, signal: nil, outOfMemory: false), .codeTerminated(exitCode: nil, signal: "SIGSEGV", outOfMemory: true),
            .maxDurationExceeded(at: .getState), .invalidOutput(.invalid, details: "bytes"), .unknown(reason: "gibberish"),
        ]
        try await OperationHarness.run { harness in
            for failure in failures {
                let request = EvaluateRequest(modelID: harness.model)
                _ = try await harness.store.evaluate(request, on: ScriptedExecutor(.fail(failure), at: .evaluate))
                let record = try await harness.store.operation(request.operationID, of: harness.model)
                #expect(record.status == .failed(failure))
            }
        }
    }

    @Test func whatIsTooLongIsCutAtItsBeginning() async throws {
        try await OperationHarness.run { harness in
            let (store, model) = (harness.store, harness.model)
            var script = ScriptedExecutor.Script()
            script.output = ExecutionOutput(standardOutput: String(repeating: "☃", count: 200_000) + "end", standardError: "")
            script.events[.evaluate] = .fail(.exception(at: .evaluate, details: String(repeating: "x", count: 200_000) + "last"))
            let result = try await store.evaluate(EvaluateRequest(modelID: model), on: ScriptedExecutor(script))
            let output = try #require(try await store.operationOutput(result.id, of: model)).standardOutput
            #expect(output.utf8.count < 257 << 10 && output.hasSuffix("☃end") && output.contains("bytes left out") && !output.contains("\u{FFFD}"))
            guard case .failed(.exception(_, let details?)) = try await store.operation(result.id, of: model).status else {
                Issue.record("no exception")
                return
            }
            #expect(details.utf8.count < 65 << 10 && details.hasSuffix("last"))
        }
    }

    @Test func aModelKeepsTheNewestRecordsOfEachKind() async throws {
        var options = StateStore.Options()
        options.operationRecordsMax = 3
        try await OperationHarness.run(options: options) { harness in
            let (store, model) = (harness.store, harness.model)
            let training = harness.trainRequest()
            _ = try await harness.train(training, on: ScriptedExecutor(keys: [("w", [1])]))
            let hanging = ScriptedExecutor(.hang, at: .evaluate)
            let running = EvaluateRequest(modelID: model)
            let task = Task { try await store.evaluate(running, on: hanging) }
            await hanging.reached(.evaluate)
            var ids: [OperationID] = []
            for _ in 0..<5 { ids.append(try await store.evaluate(EvaluateRequest(modelID: model), on: ScriptedExecutor()).id) }
            let ended = try await store.operations(of: model, kind: .evaluate, isRunning: false)
            #expect(ended.items.map(\.id) == ids.suffix(3).reversed() && ended.total == 3)
            let all = try await store.operations(of: model).items.map(\.id)
            #expect(all == ids.suffix(3).reversed() + [running.operationID, training.operationID])
            let page = try await store.operations(of: model, offset: 1, limit: 2)
            #expect(page.items.map(\.id) == Array(all[1...2]) && page.total == 5)
            try await store.cancelEvaluation(running.operationID, of: model)
            _ = try await task.value
        }
    }

    @Test func metricsStayWithinTheirBounds() async throws {
        try await OperationHarness.run { harness in
            var script = ScriptedExecutor.Script(steps: [.provide("w", [1])])
            let mebibyte = Item(elementType: "u8", shape: [1 << 20], bytes: [UInt8](repeating: 7, count: 1 << 20))
            script.reports = (0..<20).map { _ in .metric("large", mebibyte) } + (0..<1010).map { .metric("name \($0)", .byte(0)) }
            let request = harness.trainRequest()
            _ = try await harness.train(request, on: ScriptedExecutor(script))
            let record = try await harness.store.operation(request.operationID, of: harness.model)
            // 16 MiB are full: nothing that has bytes fits.
            #expect(record.metricCount == 16 && record.droppedMetricCount == 4 + 1010)
            script.reports = (0..<1010).map { .metric("name \($0)", .byte(0)) } + [.metric("name 0", .byte(1))]
            let many = harness.trainRequest()
            _ = try await harness.train(many, on: ScriptedExecutor(script))
            let status = try await harness.store.trainingStatus(many.operationID, of: harness.model)
            #expect(status.metrics.count == 1000 && status.metrics[0] == TrainingMetric(name: "name 0", amount: 2))
            let again = try await harness.store.operation(many.operationID, of: harness.model)
            #expect(again.metricCount == 1001 && again.droppedMetricCount == 10)
        }
    }

    /// As another process would: the flag is seen at the next pulse, whatever the code does.
    @Test(arguments: OperationKind.allCases)
    func anOperationIsCancelledThroughAnotherHandle(kind: OperationKind) async throws {
        var options = StateStore.Options()
        options.operationPulseSeconds = 0.02
        try await OperationHarness.run(options: options) { harness in
            let (store, model) = (harness.store, harness.model)
            let moment: ScriptedExecutor.Moment = kind == .createState ? .createState : kind == .train ? .train : .evaluate
            let executor = ScriptedExecutor(.hang, at: moment)
            let id = OperationID.random()
            let task = Task { () -> ExecutionFailure? in
                switch kind {
                case .createState:
                    let request = CreateStateRequest(modelID: model, name: "n", stateID: StateID(unchecked: id.rawValue))
                    guard case .failed(let failure, _) = try await store.createState(request, on: executor) else { return nil }
                    return failure
                case .train:
                    var request = harness.trainRequest()
                    request.operationID = id
                    return try await harness.train(request, on: executor).failure
                case .evaluate:
                    let result = try await store.evaluate(EvaluateRequest(modelID: model, operationID: id), on: executor)
                    guard case .failure(let failure) = result.outcome else { return nil }
                    return failure
                }
            }
            await executor.reached(moment)
            try await withStore(at: store.path) { other in
                let listed = try await other.operations(of: model, isRunning: true).items.map(\.id)
                #expect(listed == [id])
                if kind == .train { await expectRefusal(.conflict) { _ = try await other.waitForTraining(id, of: model) } }
                if kind == .evaluate { await expectRefusal(.conflict) { _ = try await other.evaluationResult(id, of: model) } }
                await expectRefusal(.operationRunning) { try await other.clearOperation(id, of: model) }
                try await other.cancelOperation(id, of: model)
            }
            let failure = try await task.value
            #expect(failure == .cancelled && executor.terminations == [false])
            await expectRefusal(.operationNotRunning) { try await store.cancelOperation(id, of: model) }
            try await harness.expectNothingLeft(of: executor)
        }
    }

    /// A flag that nobody has looked at yet is looked at by the commit.
    @Test func theCommitOfACancelledTrainingIsRefused() async throws {
        var options = StateStore.Options()
        options.operationPulseSeconds = 3600
        try await OperationHarness.run(options: options) { harness in
            let (store, model) = (harness.store, harness.model)
            let gate = AsyncStream.makeStream(of: Void.self)
            let executor = ScriptedExecutor(.run { for await _ in gate.stream {} }, at: .midKey, byteCount: 2_000_000)
            let id = try await store.train(harness.trainRequest(), on: executor)
            await executor.reached(.midKey)
            try await withStore(at: store.path) { try await $0.cancelTraining(id, of: model) }
            let flagged = try await store.operation(id, of: model)
            #expect(flagged.isCancelRequested && flagged.isRunning)
            gate.continuation.finish()
            let result = try await store.waitForTraining(id, of: model)
            #expect(result.failure == .cancelled)
            try await harness.expectNothingLeft(of: executor)
        }
    }

    @Test func whatIsUnknownIsNotFound() async throws {
        try await OperationHarness.run { harness in
            let (store, model, id) = (harness.store, harness.model, OperationID.random())
            await expectRefusal(.operationNotFound) { _ = try await store.operation(id, of: model) }
            await expectRefusal(.operationNotFound) { _ = try await store.operationOutput(id, of: model) }
            await expectRefusal(.operationNotFound) { try await store.cancelOperation(id, of: model) }
            await expectRefusal(.operationNotFound) { try await store.clearOperation(id, of: model) }
            await expectRefusal(.trainingSessionNotFound) { _ = try await store.waitForTraining(id, of: model) }
            await expectRefusal(.trainingSessionNotFound) { try await store.cancelTraining(id, of: model) }
            await expectRefusal(.evaluationNotFound) { try await store.cancelEvaluation(id, of: model) }
            await expectRefusal(.modelNotFound) { _ = try await store.trainingStatus(id, of: .random()) }
            await expectRefusal(.modelNotFound) { _ = try await store.operations(of: .random()) }
            await expectRefusal(.modelNotFound) { try await store.clearOperation(id, of: .random()) }
            // An operation of another kind is not one either.
            let evaluation = try await store.evaluate(EvaluateRequest(modelID: model), on: ScriptedExecutor())
            await expectRefusal(.trainingSessionNotFound) { _ = try await store.trainingStatus(evaluation.id, of: model) }
            await expectRefusal(.trainingSessionNotFound) { try await store.clearTraining(evaluation.id, of: model) }
        }
    }

    /// From the catalog's copy, and from a catalog of which a page is gone.
    @Test(arguments: [true, false])
    func aRepairCarriesRecordsOver(isCatalogLost: Bool) async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            var script = ScriptedExecutor.Script(steps: [.provide("w", [1])])
            script.reports = [.metric("loss", .byte(4))]
            let (model, before) = try await withStore(at: path) { store in
                let model = try await store.createModel(named: "m").id
                let id = try await store.train(TrainRequest(modelID: model, newStateName: "n"), on: ScriptedExecutor(script))
                _ = try await store.waitForTraining(id, of: model)
                return (model, try await store.operation(id, of: model))
            }
            if isCatalogLost {
                try FileManager.default.removeItem(atPath: path + "/catalog.sqlite")
            } else {
                try FileManager.default.removeItem(atPath: path + "/catalog.copy.sqlite")
                try StoreFolder(path).zeroCatalogPage(38)
            }
            _ = try await StateStore.repair(at: path)
            try await withStore(at: path) { store in
                let after = try await store.operation(before.id, of: model)
                #expect(after == before)
                let losses = try await store.trainingMetric("loss", in: before.id, of: model)
                #expect(losses.map(\.tensor) == [[4]])
                let report = try await store.verify()
                #expect(report.isSound, "\(report.damages)")
            }
        }
    }

    @Test func aBackupHasTheRecordsAndWhatRanHasFailedInIt() async throws {
        try await OperationHarness.run { harness in
            try await withTemporaryFolder { folder in
                let (store, model) = (harness.store, harness.model)
                let ended = harness.trainRequest()
                _ = try await harness.train(ended, on: ScriptedExecutor(keys: [("w", [1])]))
                let executor = ScriptedExecutor(.hang, at: .train)
                let running = try await store.train(harness.trainRequest(), on: executor)
                await executor.reached(.train)
                _ = try await store.backUp(to: folder + "/b")
                try await store.cancelTraining(running, of: model)
                _ = try await store.waitForTraining(running, of: model)
                try await withStore(at: folder + "/b", .readOnly) { backup in
                    let listed = try await backup.operations(of: model).items
                    #expect(listed.map(\.id) == [running, ended.operationID])
                    #expect(listed.map(\.status) == [.failed(.launcherTerminated), .finished])
                }
            }
        }
    }
}
