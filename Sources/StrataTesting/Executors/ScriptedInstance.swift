import Strata
import Synchronization

/// An instance of a `ScriptedExecutor`.
final class ScriptedInstance: ModelInstance {
    private let executor: ScriptedExecutor
    private let hasEnded = Atomic<Bool>(false)

    init(executor: ScriptedExecutor) { self.executor = executor }

    func evaluate(_ parameters: [CallParameter], expecting expected: [ParameterDefinition]) async throws -> [EvaluationOutput] {
        try await call(.evaluate) {
            if executor.script.readsEverything { executor.record.gaveParameters(try await Self.read(parameters)) }
            return executor.script.outputs
        }
    }

    func train(_ parameters: [CallParameter], observer: any TrainingObserver) async throws {
        try await call(nil) {
            if executor.script.readsEverything { executor.record.gaveParameters(try await Self.read(parameters)) }
            for report in executor.script.reports {
                switch report {
                case .progress(let value): try await observer.progress(value)
                case .metric(let name, let item): try await observer.metric(name, item)
                }
            }
            // Behind the reports, so that whoever waits for the moment finds them made.
            try await executor.perform(executor.script.events[.train], at: .train)
        }
    }

    func getModelState(receiver: any StateReceiver) async throws {
        try await call(.getState) { try await executor.provide(to: receiver) }
    }

    func dispose() async {
        if hasEnded.exchange(true, ordering: .acquiringAndReleasing) {
            executor.record.violated("an instance was disposed of twice, or after a call that had failed")
        }
        executor.record.disposed()
    }

    private func call<T>(_ moment: ScriptedExecutor.Moment?, _ body: () async throws -> T) async throws -> T {
        do {
            if let moment { try await executor.perform(executor.script.events[moment], at: moment) }
            return try await body()
        } catch {
            hasEnded.store(true, ordering: .releasing)
            throw error
        }
    }

    private static func read(_ parameters: [CallParameter]) async throws -> [ScriptedExecutor.Call.Parameter] {
        var read: [ScriptedExecutor.Call.Parameter] = []
        for parameter in parameters { read.append(try await .init(parameter)) }
        return read
    }
}

extension ScriptedExecutor {
    /// Provides the script's keys, piece by piece.
    func provide(to receiver: any StateReceiver) async throws {
        for step in script.steps {
            switch step {
            case .provide(let key, let bytes): try await receiver.provide(key, bytes)
            case .begin(let key, let sizeBytes): try await receiver.beginKey(key, sizeBytes: sizeBytes)
            case .bytes(let bytes): try await receiver.write(bytes[...])
            case .end: try await receiver.endKey()
            case .event(let event): try await perform(event, at: .midKey)
            }
        }
    }
}
