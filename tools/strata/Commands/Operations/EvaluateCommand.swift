import ArgumentParser
import DecthingsAPI
import ModelRuntime
import Strata
import StrataServer

struct EvaluateCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Evaluates a model and prints its outputs.",
        discussion: """
            The model's code loads a state and answers. Outputs are held against what the model declares. Parameters are \
            written as `strata create-state` takes them.

            Example:
              strata evaluate minilm --param text=hello
              strata evaluate minilm:frozen --param x:f32[3]=1,2,3 --json
            """)
    static let access = StoreAccess.writing

    @Argument(help: "The model's name or id, or MODEL@STATE or MODEL:SNAPSHOT. (default: its active state)")
    var model: MountReference

    @OptionGroup var run: RunOptions
    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        let place = try await model.request(in: store)
        let model = try await store.model(place.modelID)
        var request = EvaluateRequest(modelID: model.id)
        var settings = model.settings
        switch place.selection {
        case .active: break
        case .state(let id): request.stateID = id
        case .snapshot(let id):
            request.snapshotID = id
            settings = try await store.snapshot(id, of: model.id).settings
        }
        request.parameters = try await run.inputs(declared: settings.parameterDefinitions.evaluateInput, in: store)
        request.location = run.location(settings.evaluateLauncher)
        let progress = Progress("starting the code", output)
        defer { progress.finish() }
        let capture = OutputCapture()
        let result = try await store.evaluate(request, on: ObservedExecutor(run.executor(capture), progress: progress))
        progress.finish()
        if run.showOutput { StandardError.write(capture.text) }
        let outcome = try EvaluationOutcome(result)
        switch result.outcome {
        case .success: try await output.show(outcome) { outcome.text }
        case .failure(let failure):
            // A signal is told of as such.
            if Task.isCancelled { throw CancellationError() }
            if output.isJSON { try await output.show(outcome) { "" } }
            throw StrataError.runFailed(
                .evaluationFailed, failure, output: run.showOutput ? "" : capture.text, result.durations, "there is no output",
                context: ["modelId": model.id.rawValue, "evaluationId": result.id.rawValue])
        }
    }
}

/// What came of an evaluation.
struct EvaluationOutcome: JSONDocument {
    struct OutputView: Encodable {
        let name: String
        let items: [ItemView]
    }

    struct Success: Encodable {
        let durations: DurationsView
        let output: [OutputView]
    }

    struct Failed: Encodable {
        let durations: DurationsView
        let error: RunFailure
    }

    let evaluationId: String
    let success: Success?
    let failed: Failed?

    init(_ result: Strata.EvaluateResult) throws {
        evaluationId = result.id.rawValue
        let durations = DurationsView(result.durations)
        switch result.outcome {
        case .success(let outputs):
            let views = try outputs.map { output in
                OutputView(name: output.name, items: try output.items.enumerated().map { try ItemView($1, index: $0) })
            }
            (success, failed) = (Success(durations: durations, output: views), nil)
        case .failure(let failure): (success, failed) = (nil, Failed(durations: durations, error: RunFailure(of: failure)))
        }
    }

    static let fields: [JSONField] = .all(
        [.init("evaluationId", "the evaluation's id")], DurationsView.fields.below("success"),
        [.init("success.output[].name", "an output's name; names may repeat")], ItemView.fields.below("success.output[].items[]"),
        DurationsView.fields.below("failed"), FailureFields.fields.below("failed"))

    var text: String {
        let rows = (success?.output ?? []).flatMap { output -> [[String]] in
            if output.items.isEmpty { return [[output.name, "", "", "", "", "no items"]] }
            return output.items.map { [output.name, "\($0.index)", $0.type, "\($0.shape)", Text.size(Int64($0.sizeBytes)), $0.preview] }
        }
        return Table(
            [.text("OUTPUT"), .number("ITEM"), .text("TYPE"), .text("SHAPE"), .number("SIZE"), .text("VALUES")], rows: rows
        ).text(empty: "the model gave no output")
    }
}
