import DecthingsAPI
import Foundation
import ModelRuntime
import Strata
import StrataTesting
import Testing

/// Trainings and evaluations of a real model by the real Python runtime, through the store.
@Suite struct TrainingPipelineTests {
    private static func tensors(_ values: [Float]) -> [Item] {
        values.map { value in
            let tensor = Tensor.scalar(value)
            return Item(elementType: tensor.type.name, shape: tensor.shape, bytes: Array(tensor.bytes))
        }
    }

    private static func start(_ run: PipelineRun) async throws -> StateID {
        guard case .success(let id, _) = try await run.create([.inline(name: "weight", items: tensors([1]))]) else {
            throw AnotherFailure(nil)
        }
        try await run.store.activateState(id, of: run.model)
        return id
    }

    private static func weight(_ id: StateID, _ run: PipelineRun) async throws -> Float {
        let bytes = try await run.store.bytes(of: "weight", in: id, of: run.model)
        return bytes.withUnsafeBytes { $0.loadUnaligned(as: Float.self) }
    }

    @Test func aTrainingMakesAStateThatTellsWhereItComesFrom() async throws {
        try await PipelineRun.with("scaler") { run in
            let first = try await Self.start(run)
            var lineage: [String] = []
            var base = first
            for round in 1...2 {
                let factor = Float(round + 1)
                let request = TrainRequest(
                    modelID: run.model, newStateName: "trained \(round)",
                    parameters: [
                        .inline(name: "x", items: Self.tensors([1, 2, 4])),
                        .inline(name: "y", items: Self.tensors([factor, 2 * factor, 4 * factor])),
                    ])
                let id = try await run.store.train(request, on: run.executor)
                guard case .success(let state, let durations) = try await run.store.waitForTraining(id, of: run.model) else {
                    throw AnotherFailure(nil)
                }
                lineage.append(id.rawValue)
                #expect(durations.trainMilliseconds != nil && durations.getStateMilliseconds != nil)
                #expect(durations.instantiateModelMilliseconds != nil && durations.codeStartupMilliseconds != nil)
                #expect(try await Self.weight(state, run) == factor)
                let made = try await run.store.state(state, of: run.model)
                #expect(made.trainingOperations == lineage && !made.isActive)
                #expect(made.baseStateID == base)
                #expect(try await run.store.operation(id, of: run.model).baseStateID == base)
                base = state
                let status = try await run.store.trainingStatus(id, of: run.model)
                #expect(status.metrics == [TrainingMetric(name: "loss", amount: 3)])
                #expect(try await run.store.trainingMetric("loss", from: 1, limit: 9, in: id, of: run.model).count == 2)
                try await run.store.activateState(state, of: run.model)
            }
            #expect(try await run.store.operations(of: run.model).items.filter { $0.kind == .train }.count == 2)
            #expect(try await Self.weight(first, run) == 1)
        }
    }

    @Test func anEvaluationAnswersWithWhatTheLoadedStateMakesOfIt() async throws {
        try await PipelineRun.with("scaler") { run in
            _ = try await Self.start(run)
            let request = EvaluateRequest(modelID: run.model, parameters: [.inline(name: "x", items: Self.tensors([3, 4]))])
            let result = try await run.store.evaluate(request, on: run.executor)
            guard case .success(let outputs) = result.outcome else { throw AnotherFailure(nil) }
            #expect(outputs == [EvaluationOutput(name: "y", items: Self.tensors([3, 4]))])
        }
    }

    @Test func aTrainingThatIsCancelledEndsItsProcessAndKeepsNothing() async throws {
        try await PipelineRun.with("conformance_python") { run in
            let request = TrainRequest(
                modelID: run.model, newStateName: "never",
                parameters: [.inline(name: "x", items: Self.tensors([1])), .inline(name: "wait", items: Self.tensors([1]))])
            let id = try await run.store.train(request, on: run.executor)
            while try await run.store.trainingStatus(id, of: run.model).metrics.isEmpty { try await Task.sleep(for: .milliseconds(20)) }
            try await run.store.cancelTraining(id, of: run.model)
            guard case .failed(.cancelled, _) = try await run.store.waitForTraining(id, of: run.model) else { throw AnotherFailure(nil) }
            #expect(Leftovers.processes(below: run.root).isEmpty)
            #expect(try await run.store.states(of: run.model).total == 1)
        }
    }

    /// The program stops when it is asked to, and answers with success.
    @Test func aTrainingThatTookTooLongIsNoneThoughItsProgramStopsInPeace() async throws {
        try await PipelineRun.with("conformance_executable", language: .rust, limits: MaxDurations(trainSeconds: 1)) { run in
            let request = TrainRequest(
                modelID: run.model, newStateName: "never",
                parameters: [.inline(name: "x", items: Self.tensors([1])), .inline(name: "wait", items: Self.tensors([1]))])
            let id = try await run.store.train(request, on: run.executor)
            guard case .failed(let failure, let durations) = try await run.store.waitForTraining(id, of: run.model) else {
                throw AnotherFailure(nil)
            }
            #expect(failure == .maxDurationExceeded(at: .train))
            #expect(durations.trainMilliseconds.map { $0 < 4000 } == true)
            #expect(try await run.store.states(of: run.model).total == 1)
            let output = try await run.store.operationOutput(id, of: run.model)
            #expect(output?.standardOutput.contains("asked to stop") == true)
        }
    }

    @Test func anOperationFailsWithItsLauncherAndItsRecordSaysSo() async throws {
        try await PipelineRun.with("conformance_python") { run in
            let launcher = try run.executor.createPersistentLauncher(name: "short-lived", spec: .init())
            let request = TrainRequest(
                modelID: run.model, newStateName: "never",
                parameters: [.inline(name: "x", items: Self.tensors([1])), .inline(name: "wait", items: Self.tensors([1]))],
                location: .persistentLauncher(launcher))
            let id = try await run.store.train(request, on: run.executor)
            while try await run.store.trainingStatus(id, of: run.model).metrics.isEmpty { try await Task.sleep(for: .milliseconds(20)) }
            try await run.executor.deletePersistentLauncherAndWait(launcher, terminating: true)
            guard case .failed(.launcherTerminated, _) = try await run.store.waitForTraining(id, of: run.model) else {
                throw AnotherFailure(nil)
            }
            let record = try await run.store.operation(id, of: run.model)
            guard case .failed(.launcherTerminated) = record.status else { throw AnotherFailure(nil) }
        }
    }

    @Test func aModelThatIsDeletedInMidRunTakesItsOperationsWithIt() async throws {
        try await PipelineRun.with("conformance_python") { run in
            let request = TrainRequest(
                modelID: run.model, newStateName: "never",
                parameters: [.inline(name: "x", items: Self.tensors([1])), .inline(name: "wait", items: Self.tensors([1]))])
            let id = try await run.store.train(request, on: run.executor)
            while try await run.store.trainingStatus(id, of: run.model).metrics.isEmpty { try await Task.sleep(for: .milliseconds(20)) }
            try await run.store.deleteModel(run.model)
            while !Leftovers.processes(below: run.root).isEmpty || !Leftovers.files(below: run.root).isEmpty {
                try await Task.sleep(for: .milliseconds(20))
            }
            let error = await #expect(throws: StrataError.self) { try await run.store.operation(id, of: run.model) }
            #expect(error?.code == .modelNotFound)
        }
    }

    @Test func durationsSayWhatAWarmLauncherSaved() async throws {
        try await PipelineRun.with("conformance_python") { run in
            let launcher = try run.executor.createPersistentLauncher(name: "warm", spec: .init())
            while run.executor.persistentLaunchers.first?.state != .active { try await Task.sleep(for: .milliseconds(2)) }
            for isFirst in [true, false, false] {
                let request = CreateStateRequest(modelID: run.model, name: "made", location: .persistentLauncher(launcher))
                let result = try await run.store.createState(request, on: run.executor)
                guard case .success(_, let durations) = result else { throw AnotherFailure(nil) }
                #expect(durations.createLauncherMilliseconds == nil)
                #expect((durations.codeStartupMilliseconds != nil) == isFirst)
                #expect(durations.createStateMilliseconds != nil)
            }
            // Changed files are loaded anew.
            try await run.store.changeFiles(of: run.model) { try await $0.put("note", [1]) }
            let request = CreateStateRequest(modelID: run.model, name: "made", location: .persistentLauncher(launcher))
            guard case .success(_, let durations) = try await run.store.createState(request, on: run.executor) else { throw AnotherFailure(nil) }
            #expect(durations.codeStartupMilliseconds != nil)
        }
    }

    @Test func whatCodeWroteStaysWithTheOperation() async throws {
        try await PipelineRun.with("raise_in_create") { run in
            guard case .failed = try await run.create() else { throw AnotherFailure(nil) }
            let record = try #require(try await run.store.operations(of: run.model).items.first)
            guard case .failed(.exception(at: .createState, _)) = record.status else { throw AnotherFailure(nil) }
            #expect(try await run.store.operationOutput(record.id, of: run.model) != nil)
        }
    }
}
