import ArgumentParser
import DecthingsAPI
import ModelRuntime
import Strata
import StrataServer

struct TrainCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Trains a model and keeps what comes of it as a new state.",
        discussion: """
            The model's code loads a state, trains, and gives the new one, whose differences are taken from the state that it \
            started from. Parameters are written as `strata create-state` takes them. The new state is not active unless \
            --activate is given.

            What training reports stays: `strata operations show` has it, also while it runs.

            Example:
              strata train minilm --name tuned --param x=dataset:pairs/text --param y=dataset:pairs/label
            """)
    static let access = StoreAccess.writing

    @Argument(help: "The model's name or id.")
    var model: String

    @Option(help: "The new state's name.")
    var name: String

    @Option(help: "The state to start from: name, id, or beginning of its id. (default: the active one)")
    var state: String?

    @Flag(help: "Make the new state the active one.")
    var activate = false

    @OptionGroup var run: RunOptions
    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        let model = try await store.findModel(model)
        let start = if let state { try await store.findState(state, of: model).id } else { nil as StateID? }
        let request = TrainRequest(
            modelID: model.id, stateID: start, newStateName: name,
            parameters: try await run.inputs(declared: model.settings.parameterDefinitions.train, in: store),
            location: run.location(model.settings.createStateLauncher))
        let progress = Progress("starting the code", output)
        defer { progress.finish() }
        let capture = OutputCapture()
        let id = try await store.train(request, on: ObservedExecutor(run.executor(capture), progress: progress))
        let result = try await withTaskCancellationHandler {
            try await store.waitForTraining(id, of: model.id)
        } onCancel: {
            Task { try await store.cancelTraining(id, of: model.id) }
        }
        progress.finish()
        if run.showOutput { StandardError.write(capture.text) }
        switch result {
        case .success(let state, let durations):
            if activate { try await store.activateState(state, of: model.id) }
            let state = try await store.state(state, of: model.id)
            try await output.show(TrainingOutcome(id, result)) { TrainingOutcome.text(state, DurationsView(durations)) }
        case .failed(let failure, let durations):
            // A signal is told of as such.
            if Task.isCancelled { throw CancellationError() }
            if output.isJSON { try await output.show(TrainingOutcome(id, result)) { "" } }
            throw StrataError.runFailed(
                .trainingFailed, failure, output: run.showOutput ? "" : capture.text, durations, "no state was made",
                context: ["modelId": model.id.rawValue, "trainingSessionId": id.rawValue])
        }
    }
}

/// What came of a training.
struct TrainingOutcome: JSONDocument {
    struct Success: Encodable {
        let durations: DurationsView
        let stateId: String
    }

    struct Failed: Encodable {
        let durations: DurationsView
        let error: RunFailure
    }

    let trainingSessionId: String
    let success: Success?
    let failed: Failed?

    init(_ id: OperationID, _ result: Strata.TrainResult) {
        trainingSessionId = id.rawValue
        switch result {
        case .success(let state, let durations):
            (success, failed) = (Success(durations: DurationsView(durations), stateId: state.rawValue), nil)
        case .failed(let failure, let durations):
            (success, failed) = (nil, Failed(durations: DurationsView(durations), error: RunFailure(of: failure)))
        }
    }

    static let fields: [JSONField] = .all(
        [.init("trainingSessionId", "the training's id")], DurationsView.fields.below("success"),
        [.init("success.stateId", "the new state's id")], DurationsView.fields.below("failed"), FailureFields.fields.below("failed"))

    static func text(_ state: State, _ durations: DurationsView) -> String {
        let size = "\(Text.count(state.keys.count, "key")), \(Text.size(state.sizeBytes))"
        let active = state.isActive ? "; it is active now" : ""
        return "trained state `\(Text.printable(state.name))` (\(state.id)): \(size) in \(Text.duration(milliseconds: durations.total)) "
            + "(\(durations.text))\(active)"
    }
}

extension StrataError {
    /// A run that was started and failed, in a sentence.
    static func runFailed(
        _ code: Code, _ failure: ExecutionFailure, output: String, _ durations: OperationDurations, _ consequence: String,
        context: [String: String]
    ) -> StrataError {
        let sentence = CreationOutcome.sentence(failure, output: output)
        let time = Text.duration(milliseconds: durations.totalMilliseconds)
        return StrataError(code, "\(sentence)\nafter \(time); \(consequence)", context: context.merging(["failure": failure.code]) { $1 })
    }
}
