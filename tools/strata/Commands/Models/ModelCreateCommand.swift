import ArgumentParser
import Strata

struct ModelCreateCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Makes a model with one active state.",
        discussion: """
            The first state is named `initial` and has no keys, unless the model is made from another one.

            Example:
              strata model create minilm --files ./minilm --definitions minilm.json --tag team=search
              strata model create sibling --copy-of minilm:before-tuning
            """)
    static let access = StoreAccess.writing

    @Argument(help: "The new model's name, unique in the store.")
    var name: String

    @Option(help: "Free text.")
    var description = ""

    @Flag(name: .customLong("public"), help: "Everybody may read it.")
    var isPublic = false

    @Option(
        name: .customLong("tag"), parsing: .singleValue,
        help: ArgumentHelp("A label; may be repeated.", valueName: "name=value"))
    var tags: [TagArgument] = []

    @Option(
        help: ArgumentHelp("Run the code of this snapshot; the first state is a copy of its state.", valueName: "model:snapshot"))
    var fromSnapshot: String?

    @Option(
        help: ArgumentHelp("Copy files, settings and state of a model, or of a snapshot of it.", valueName: "model[:snapshot]"))
    var copyOf: String?

    @Option(help: ArgumentHelp("A folder whose content becomes the model's files.", valueName: "dir"))
    var files: String?

    @Option(help: ArgumentHelp("Room for the model's files. (default: 32)", valueName: "MiB"))
    var filesystemMebibytes: Int?

    @OptionGroup(title: "Settings") var settings: ModelSettingsOptions
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if fromSnapshot != nil, copyOf != nil { throw ValidationError("Give --from-snapshot or --copy-of, not both.") }
        if let fromSnapshot, Reference.modelAndSnapshot(fromSnapshot).snapshot == nil {
            throw ValidationError("--from-snapshot wants MODEL:SNAPSHOT.")
        }
        if fromSnapshot != nil, files != nil {
            throw ValidationError("A model made with --from-snapshot runs that snapshot's files; leave out --files or use --copy-of.")
        }
    }

    func run(in store: StateStore, _ output: Output) async throws {
        var options = ModelOptions(description: description)
        options.isPublic = isPublic
        options.tags = tags.map(\.tag)
        options.filesystemSizeMebibytes = filesystemMebibytes ?? options.filesystemSizeMebibytes
        var base: ModelSettings?
        (options.origin, base) = try await origin(in: store)
        if !settings.isEmpty {
            var changed = base ?? ModelSettings()
            try await settings.apply(to: &changed)
            options.settings = changed
        }
        if let files, try LocalFile.kind(files) != .directory {
            throw StrataError(.notADirectory, "`\(files)` is no folder; --files wants one", context: ["path": files])
        }
        let model = try await store.createModel(named: name, options: options)
        try await putFiles(into: model, in: store)
        try await output.show(ModelView(model)) { "created model `\(name)` (\(model.id))" }
    }

    private func origin(in store: StateStore) async throws -> (ModelOptions.Origin, ModelSettings?) {
        guard let reference = fromSnapshot ?? copyOf else { return (.empty, nil) }
        let (modelText, snapshotText) = Reference.modelAndSnapshot(reference)
        let model = try await store.findModel(modelText)
        guard let snapshotText else { return (.copyOfModel(model.id), model.settings) }
        let snapshot = try await store.findSnapshot(snapshotText, of: model)
        let origin: ModelOptions.Origin =
            fromSnapshot == nil ? .copyOfSnapshot(snapshot.id, of: model.id) : .basedOnSnapshot(snapshot.id, of: model.id)
        return (origin, snapshot.settings)
    }

    /// All or nothing: a model whose files cannot be taken over is not left behind.
    private func putFiles(into model: Model, in store: StateStore) async throws {
        guard let files else { return }
        do {
            try await store.changeFiles(of: model.id, replacingAll: true) { try await $0.putTree(files) }
        } catch {
            try? await Task { try await store.deleteModel(model.id) }.value
            throw error
        }
    }
}
