import Foundation
import ModelRuntime
import Strata
import StrataTesting
import Testing

/// Operations whose real process is stuck in one of its calls, or that still wait for a launcher: cut at the limit of the
/// phase, or cancelled. `PipelineRun` checks after each that nothing is left.
@Suite struct StuckPipelineTests {
    /// Runs `body` with a model whose active state makes it hang in `phase`, and checks that no state has come to it.
    private static func with(
        _ phase: ExecutionPhase, limits: MaxDurations = MaxDurations(),
        configure: @Sendable (inout ProcessExecutor.Configuration) -> Void = { _ in },
        _ body: @escaping @Sendable (PipelineRun) async throws -> Void
    ) async throws {
        try await PipelineRun.with("hangs_on_request", limits: limits, configure: configure) { run in
            try await StuckOperation.makeState(in: run.store, of: run.model, hangingIn: phase)
            try await body(run)
            #expect(try await run.store.states(of: run.model).total == 2)
            #expect(Leftovers.processes(below: run.root).isEmpty)
        }
    }

    @Test(arguments: [
        (OperationKind.train, ExecutionPhase.instantiateModel), (.train, .train), (.train, .getState), (.evaluate, .instantiateModel),
        (.evaluate, .evaluate),
    ])
    func aPhaseThatTakesTooLongIsCutAtItsLimit(kind: OperationKind, phase: ExecutionPhase) async throws {
        var limits = MaxDurations()
        switch phase {
        case .instantiateModel: limits.instantiateModelSeconds = 1
        case .train: limits.trainSeconds = 1
        case .evaluate: limits.evaluateSeconds = 1
        default: limits.createStateSeconds = 1
        }
        try await Self.with(phase, limits: limits) { run in
            let operation = StuckOperation(kind: kind, store: run.store, model: run.model)
            let failure = try await operation.failure(on: run.executor)
            #expect(failure == .maxDurationExceeded(at: phase))
            let record = try await run.store.operation(operation.id, of: run.model)
            #expect(record.status == .failed(.maxDurationExceeded(at: phase)))
            let durations = record.durations
            let duration =
                switch phase {
                case .instantiateModel: durations.instantiateModelMilliseconds
                case .train: durations.trainMilliseconds
                case .evaluate: durations.evaluateMilliseconds
                default: durations.getStateMilliseconds
                }
            #expect(try #require(duration) >= 1000)
        }
    }

    @Test(arguments: [
        (OperationKind.train, ExecutionPhase.instantiateModel), (.train, .getState), (.evaluate, .instantiateModel), (.evaluate, .evaluate),
        (.createState, .createState),
    ])
    func anOperationIsCancelledInAnyOfItsCalls(kind: OperationKind, phase: ExecutionPhase) async throws {
        try await Self.with(phase) { run in
            let operation = StuckOperation(kind: kind, store: run.store, model: run.model)
            let failure = Task { try await operation.failure(on: run.executor) }
            #expect(await holds(within: .seconds(60)) { StuckOperation.hangs(below: run.root) })
            if kind == .train {
                let status = try await run.store.trainingStatus(operation.id, of: run.model)
                #expect(status.phase == (phase == .getState ? .gettingState : .starting))
            }
            try await run.store.cancelOperation(operation.id, of: run.model)
            #expect(try await failure.value == .cancelled)
            let record = try await run.store.operation(operation.id, of: run.model)
            #expect(record.status == .failed(.cancelled))
        }
    }

    @Test(arguments: [OperationKind.train, .evaluate, .createState])
    func anOperationIsCancelledWhileItWaitsForALauncher(kind: OperationKind) async throws {
        try await Self.with(.train, configure: { $0.launchersMax = 1 }) { run in
            let first = StuckOperation(kind: .train, store: run.store, model: run.model)
            let end = Task { try await first.failure(on: run.executor) }
            #expect(await holds(within: .seconds(60)) { StuckOperation.hangs(below: run.root) })
            let waiting = StuckOperation(kind: kind, store: run.store, model: run.model)
            let failure = Task { try await waiting.failure(on: run.executor) }
            while try await run.store.operations(of: run.model, isRunning: true).total < 2 { try await Task.sleep(for: .milliseconds(10)) }
            // It has its record; what follows is that it waits.
            try await Task.sleep(for: .milliseconds(200))
            #expect(Leftovers.files(below: run.root).count == 1)
            try await run.store.cancelOperation(waiting.id, of: run.model)
            #expect(try await failure.value == .cancelled)
            let record = try await run.store.operation(waiting.id, of: run.model)
            #expect(record.status == .failed(.cancelled) && record.durations.codeStartupMilliseconds == nil)
            // The one that runs is not touched, and its place is free once it has ended.
            #expect(try await run.store.operation(first.id, of: run.model).isRunning)
            try await run.store.cancelOperation(first.id, of: run.model)
            #expect(try await end.value == .cancelled)
            let initial = try #require(try await run.store.states(of: run.model).items.first { $0.name == "initial" })
            let healthy = EvaluateRequest(modelID: run.model, stateID: initial.id)
            #expect(try await run.store.evaluate(healthy, on: run.executor).outcome == .success([]))
        }
    }
}
