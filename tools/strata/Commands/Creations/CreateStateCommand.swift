import ArgumentParser
import DecthingsAPI
import ModelRuntime
import Strata

struct CreateStateCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "create-state", abstract: "Runs a model's createModelState and keeps what it provides as a new state.",
        discussion: """
            A parameter is one of
              NAME=VALUE            a scalar: true and false are boolean, integers i64, decimals f32, all else string,
                                    unless the model declares other types; "7" in double quotes is a text
              NAME:TYPE=VALUE       a scalar of this type, such as scale:f64=0.5
              NAME:TYPE[SHAPE]=...  values separated by commas, such as sizes:i64[3]=1,2,3; -1 fits any number
              NAME=@FILE            a file of serialized tensors
              NAME=dataset:SET/KEY  all tensors under a dataset's key
            Give a parameter several times for several tensors. A mount is MODEL (its active state), MODEL@STATE or \
            MODEL:SNAPSHOT.

            The state is not active unless --activate is given. With --json the result is the API's: \
            {"success": {"durations", "stateId"}} or {"failed": {"durations", "error"}}.

            Example:
              strata create-state minilm --name v1
              strata create-state minilm --name v2 --mount minilm@v1 --param seed=7 --param scale=0.001
            """)
    static let access = StoreAccess.writing

    @Argument(help: "The model's name or id.")
    var model: String

    @Option(help: "The new state's name.")
    var name: String

    @Option(
        name: .customLong("mount"), parsing: .singleValue,
        help: ArgumentHelp("Another model that the code may read; may be repeated.", valueName: "model[@state|:snapshot]"))
    var mounts: [MountReference] = []

    @Flag(help: "Make the new state the active one.")
    var activate = false

    @OptionGroup var run: RunOptions
    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        let model = try await store.findModel(model)
        let request = try await request(for: model, in: store)
        let progress = Progress("starting the code", output)
        defer { progress.finish() }
        let capture = OutputCapture()
        let result = try await store.createState(request, on: ObservedExecutor(run.executor(capture), progress: progress))
        progress.finish()
        if run.showOutput { StandardError.write(capture.text) }
        switch result {
        case .success(let id, _):
            if activate { try await store.activateState(id, of: model.id) }
            let state = try await store.state(id, of: model.id)
            try await output.show(CreationOutcome(result)) { CreationOutcome.text(state, result.durations) }
        case .failed(let failure, _):
            // A signal is told of as such.
            if Task.isCancelled { throw CancellationError() }
            if output.isJSON { try await output.show(CreationOutcome(result)) { "" } }
            let sentence = CreationOutcome.sentence(failure, output: run.showOutput ? "" : capture.text)
            let time = Text.duration(milliseconds: result.durations.totalMilliseconds)
            throw StrataError(
                .stateCreationFailed, "\(sentence)\nafter \(time); no state was made",
                context: ["modelId": model.id.rawValue, "failure": failure.code])
        }
    }

    private func request(for model: Strata.Model, in store: StateStore) async throws -> CreateStateRequest {
        var requests: [MountRequest] = []
        for mount in mounts { requests.append(try await mount.request(in: store)) }
        let declared = model.settings.parameterDefinitions.createState
        return CreateStateRequest(
            modelID: model.id, name: name, parameters: try await run.inputs(declared: declared, in: store),
            mounts: requests, location: run.location(model.settings.createStateLauncher))
    }
}
