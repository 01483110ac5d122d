import ModelRuntime
import Strata
import Synchronization

/// Another executor, watched: says which phase runs and how much of the state has come.
struct ObservedExecutor: ModelExecutor {
    private let base: any ModelExecutor
    private let progress: Progress

    init(_ base: any ModelExecutor, progress: Progress) {
        self.base = base
        self.progress = progress
    }

    func acquireLauncher(at location: ExecutionLocation) async throws -> any ModelLauncher {
        progress.setLabel("acquiring a launcher")
        return Launcher(base: try await base.acquireLauncher(at: location), progress: progress)
    }

    private struct Launcher: ModelLauncher {
        let base: any ModelLauncher
        let progress: Progress

        var isReused: Bool { base.isReused }

        func start(_ code: ModelCode) async throws -> any ModelSession {
            progress.setLabel("starting the code")
            return Session(base: try await base.start(code), progress: progress)
        }

        func release() async -> ExecutionOutput? { await base.release() }
    }

    private struct Session: ModelSession {
        let base: any ModelSession
        let progress: Progress

        var isReused: Bool { base.isReused }

        func createModelState(_ call: CreateModelStateCall, receiver: any StateReceiver) async throws {
            progress.setLabel("creating the state")
            try await base.createModelState(call, receiver: Receiver(base: receiver, progress: progress))
            progress.setLabel("committing")
        }

        func instantiateModel(_ call: InstantiateModelCall) async throws -> any ModelInstance {
            progress.setLabel("loading the state")
            return Instance(base: try await base.instantiateModel(call), progress: progress)
        }

        func usage() async -> ResourceUsage? { await base.usage() }

        func terminate(reusable: Bool) async { await base.terminate(reusable: reusable) }
    }

    private struct Instance: ModelInstance {
        let base: any ModelInstance
        let progress: Progress

        func evaluate(
            _ parameters: [CallParameter], expecting expected: [Strata.ParameterDefinition]
        ) async throws -> [EvaluationOutput] {
            progress.setLabel("evaluating")
            return try await base.evaluate(parameters, expecting: expected)
        }

        func train(_ parameters: [CallParameter], observer: any TrainingObserver) async throws {
            progress.setLabel("training")
            try await base.train(parameters, observer: Observer(base: observer, line: progress))
        }

        func getModelState(receiver: any StateReceiver) async throws {
            progress.setLabel("getting the state")
            try await base.getModelState(receiver: Receiver(base: receiver, progress: progress))
            progress.setLabel("committing")
        }

        func dispose() async { await base.dispose() }
    }

    private struct Observer: TrainingObserver {
        let base: any TrainingObserver
        let line: Progress

        func progress(_ value: Double) async throws {
            // By custom it runs from 0 to 1; another number is shown as it is.
            line.setLabel("training: " + ((0...1).contains(value) ? Text.percent(value) : "\(value)"))
            try await base.progress(value)
        }

        func metric(_ name: String, _ item: Item) async throws { try await base.metric(name, item) }
    }

    private struct Receiver: StateReceiver {
        let base: any StateReceiver
        let progress: Progress

        func beginKey(_ key: String, sizeBytes: Int64?) async throws { try await base.beginKey(key, sizeBytes: sizeBytes) }

        func write(_ bytes: ArraySlice<UInt8>) async throws {
            try await base.write(bytes)
            progress.advance(by: bytes.count)
        }

        func endKey() async throws { try await base.endKey() }
    }
}

/// What a model's process printed.
final class OutputCapture: Sendable {
    private let output = Mutex<SessionOutput?>(nil)

    func set(_ new: SessionOutput) { output.withLock { $0 = new } }

    /// Standard output, then standard error.
    var text: String {
        output.withLock { output in
            [output?.standardOutput.text, output?.standardError.text].compactMap(\.self).filter { !$0.isEmpty }
                .map { $0.hasSuffix("\n") ? $0 : $0 + "\n" }.joined()
        }
    }
}
