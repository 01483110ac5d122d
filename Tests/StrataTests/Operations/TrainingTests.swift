import Strata
import StrataTesting
import Testing

@Suite struct TrainingTests {
    @Test func aTrainingMakesAStateThatRemembersWhereItCameFrom() async throws {
        try await OperationHarness.run { harness in
            let trained = SeededBytes.trained(OperationHarness.weights, seed: 2)
            var script = ScriptedExecutor.Script(steps: [.provide("w", trained)], readsEverything: true)
            script.output = ExecutionOutput(standardOutput: "epoch 1\n", standardError: "")
            let executor = ScriptedExecutor(script)
            let before = try await harness.store.statistics().packBytes
            let request = harness.trainRequest([.inline(name: "x", items: [.byte(7), .byte(8)])])
            let id = try await harness.store.train(request, on: executor)
            #expect(id == request.operationID)
            let result = try await harness.store.waitForTraining(id, of: harness.model)
            let state = try await harness.store.state(try #require(result.stateID), of: harness.model)
            #expect(state.id == request.newStateID && state.name == "trained" && !state.isActive)
            #expect(state.baseStateID == harness.start.id && state.trainingOperations == [id.rawValue] && state.mounts == [])
            let read = try await harness.store.bytes(of: "w", in: state.id, of: harness.model)
            #expect(read == trained)
            let grown = try await harness.store.statistics().packBytes - before
            #expect(grown < Int64(trained.count) * 2 / 3, "the new state is kept as differences from the old one")
            // What the code was given.
            let call = try #require(executor.calls.first)
            #expect(call.state?.map(\.name) == ["w", "empty"] && call.state?.first?.items == [OperationHarness.weights])
            #expect(call.codeFiles?.entries["main.py"]?.content == .file(Array("run".utf8)))
            #expect(executor.parameters.map { $0.map(\.name) } == [["x"]] && executor.parameters[0][0].items == [[7], [8]])
            #expect(executor.terminations == [true] && executor.disposalCount == 1)
            #expect(result.durations.phases == ["createLauncher", "codeStartup"])
            let named = result.durations
            #expect(named.instantiateModelMilliseconds != nil && named.trainMilliseconds != nil && named.getStateMilliseconds != nil)
            #expect(named.evaluateMilliseconds == nil && named.createStateMilliseconds == nil)
            try await harness.expectNothingLeft(of: executor, made: 1)
        }
    }

    @Test func trainingsFollowOneAnother() async throws {
        try await OperationHarness.run { harness in
            var (lineage, start): ([String], StateID?) = ([], nil)
            for round in 1...3 {
                let request = harness.trainRequest(stateID: start)
                let result = try await harness.train(request, on: ScriptedExecutor(keys: [("w", [UInt8(round)])]))
                lineage.append(request.operationID.rawValue)
                start = result.stateID
                let state = try await harness.store.state(try #require(start), of: harness.model)
                #expect(state.trainingOperations == lineage)
            }
            let listed = try await harness.store.operations(of: harness.model, kind: .train)
            #expect(listed.items.map(\.id.rawValue) == lineage.reversed() && listed.total == 3)
            #expect(listed.items[0].baseStateID == listed.items[1].newStateID)
        }
    }

    @Test func whatTheStateWasMadeWithIsMountedAgain() async throws {
        try await OperationHarness.run { harness in
            let (store, model) = (harness.store, harness.model)
            let other = try await store.createModel(named: "other")
            try await store.changeFiles(of: other.id) { try await $0.put("lib.py", [1]) }
            let kept = try await store.commit([("k", [1])], to: other.id, options: StateOptions(makeActive: true))
            let snapshot = try await store.createSnapshot(of: other.id, named: "s")
            let later = try await store.commit([("k", [2])], to: other.id, options: StateOptions(makeActive: true))
            for (record, bytes) in [(MountRecord(modelID: other.id), [2]), (MountRecord(modelID: other.id, snapshotID: snapshot.id), [1 as UInt8])] {
                var options = StateOptions()
                options.mounts = [record]
                let start = try await store.commit([("w", [9])], to: model, options: options)
                let executor = ScriptedExecutor(.init(steps: [.provide("w", [10])], readsEverything: true))
                let result = try await harness.train(harness.trainRequest(stateID: start.id), on: executor)
                let state = try await store.state(try #require(result.stateID), of: model)
                #expect(state.mounts == [record])
                let mounted = try #require(executor.calls.first?.mounts.first)
                #expect(mounted.modelID == other.id && mounted.state.map(\.items) == [[bytes]])
                #expect(mounted.files.entries["lib.py"]?.content == .file([1]))
            }
            _ = (kept, later)
        }
    }

    @Test func whatTrainingReportsIsSeenWhileItRunsAndAfter() async throws {
        try await OperationHarness.run { harness in
            let (store, model) = (harness.store, harness.model)
            let gate = AsyncStream.makeStream(of: Void.self)
            var script = ScriptedExecutor.Script(events: [.train: .run { for await _ in gate.stream {} }], steps: [.provide("w", [1])])
            script.reports = [
                .progress(0.25), .progress(.nan), .metric("loss", .byte(1)), .metric("accuracy", .byte(9)), .metric("loss", .byte(2)),
                .metric("bad\0name", .byte(0)),
            ]
            script.usage = ResourceUsage(cpuSeconds: 0.5, memoryBytes: 64 << 20, diskBytes: nil)
            let executor = ScriptedExecutor(script)
            let id = try await store.train(harness.trainRequest(), on: executor)
            await executor.reached(.train)
            let status = try await store.trainingStatus(id, of: model)
            #expect(status.phase == .running(progress: 0.25) && status.newStateName == "trained")
            #expect(status.metrics == [TrainingMetric(name: "loss", amount: 2), TrainingMetric(name: "accuracy", amount: 1)])
            #expect(status.durations.instantiateModelMilliseconds != nil && status.durations.trainMilliseconds == nil)
            // Another process sees the same.
            try await withStore(at: store.path, .readOnly) { other in
                let seen = try await other.trainingStatus(id, of: model)
                #expect(seen == status)
                let listed = try await other.operations(of: model, isRunning: true).items.map(\.id)
                #expect(listed == [id])
            }
            gate.continuation.finish()
            let result = try await store.waitForTraining(id, of: model)
            let end = try await store.trainingStatus(id, of: model)
            guard case .completed(let state, let finishedAt) = end.phase else {
                Issue.record("\(end)")
                return
            }
            #expect(state == result.stateID && finishedAt >= end.createdAtMilliseconds && end.durations == result.durations)
            let losses = try await store.trainingMetric("loss", in: id, of: model)
            #expect(losses.map(\.tensor) == [[1], [2]] && losses.allSatisfy { $0.timestampMilliseconds >= end.createdAtMilliseconds })
            let clipped = try await store.trainingMetric("loss", from: 1, limit: 10, in: id, of: model)
            #expect(clipped.map(\.tensor) == [[2]])
            let (beyond, unknown) = try await (
                store.trainingMetric("loss", from: 2, in: id, of: model), store.trainingMetric("none", in: id, of: model))
            #expect(beyond == [] && unknown == [])
            let usage = try await store.trainingUsage(of: id, model: model)
            #expect(usage.count >= 1 && usage[0].memoryBytes == 64 << 20 && usage[0].cpus > 0 && usage[0].diskBytes == nil)
            let later = try await store.trainingUsage(of: id, after: usage.last!.timestampMilliseconds, model: model)
            #expect(later == [])
            let record = try await store.operation(id, of: model)
            #expect(record.metricCount == 3 && record.droppedMetricCount == 1 && record.progress == 0.25)
        }
    }

    @Test func aTrainingThatHasEndedAnswersFromItsRecord() async throws {
        try await OperationHarness.run { harness in
            let (store, model) = (harness.store, harness.model)
            let good = harness.trainRequest()
            let success = try await harness.train(good, on: ScriptedExecutor(keys: [("w", [1])]))
            let bad = harness.trainRequest()
            let failure = ExecutionFailure.codeTerminated(exitCode: nil, signal: "SIGKILL", outOfMemory: true)
            let failed = try await harness.train(bad, on: ScriptedExecutor(.fail(failure), at: .train))
            try await withStore(at: store.path) { other in
                let (first, second) = try await (
                    other.waitForTraining(good.operationID, of: model), other.waitForTraining(bad.operationID, of: model))
                #expect(first == success && second == failed && second.failure == failure)
            }
        }
    }

    /// What a training uses stays until its end, and what it is to be the difference from does too.
    @Test func theStartMayBeDeletedInMidTraining() async throws {
        try await OperationHarness.run { harness in
            let (store, model) = (harness.store, harness.model)
            let other = try await store.commit([("k", [1])], to: model, options: StateOptions(makeActive: true))
            let gate = AsyncStream.makeStream(of: Void.self)
            let trained = SeededBytes.trained(OperationHarness.weights, seed: 3)
            let script = ScriptedExecutor.Script(events: [.train: .run { for await _ in gate.stream {} }], steps: [.provide("w", trained)])
            let executor = ScriptedExecutor(script)
            let id = try await store.train(harness.trainRequest(stateID: harness.start.id), on: executor)
            await executor.reached(.train)
            try await store.deleteState(harness.start.id, of: model)
            let marked = try await store.state(harness.start.id, of: model)
            #expect(marked.isBeingDeleted)
            await expectRefusal(.invalidParameter, field: "stateId") {
                try await store.train(harness.trainRequest(stateID: harness.start.id), on: executor)
            }
            gate.continuation.finish()
            let result = try await store.waitForTraining(id, of: model)
            let made: StateID = try #require(result.stateID)
            await expectRefusal(.stateNotFound) { _ = try await store.state(harness.start.id, of: model) }
            _ = try await store.collect()
            let read = try await store.bytes(of: "w", in: made, of: model)
            #expect(read == trained)
            let state = try await store.state(made, of: model)
            #expect(state.baseStateID == harness.start.id && other.isActive)
        }
    }

    @Test func closuresCanTrain() async throws {
        try await OperationHarness.run { harness in
            let executor = ClosureExecutor { call in
                let weights = try await call.state[0].items.bytes(of: 0)
                return ClosureExecutor.Instance(
                    train: { parameters, observer in
                        try await observer.progress(1)
                        try await observer.metric("seen", .byte(UInt8(parameters[0].items.itemCount)))
                    },
                    getModelState: { try await $0.provide("w", Array(weights.reversed())) })
            }
            let request = harness.trainRequest([.inline(name: "x", items: [.byte(1), .byte(2), .byte(3)])])
            let result = try await harness.train(request, on: executor)
            let made: StateID = try #require(result.stateID)
            let read = try await harness.store.bytes(of: "w", in: made, of: harness.model)
            #expect(read == OperationHarness.weights.reversed())
            let seen = try await harness.store.trainingMetric("seen", in: request.operationID, of: harness.model)
            #expect(seen.map(\.tensor) == [[3]])
            try await harness.expectNothingLeft(made: 1)
        }
    }
}
