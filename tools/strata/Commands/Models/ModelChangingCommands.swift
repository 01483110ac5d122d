import ArgumentParser
import Strata

struct ModelUpdateCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Changes a model's name, description, labels or settings.",
        discussion: """
            What is not given stays as it is. Snapshots keep the settings that they were taken with.

            Example:
              strata model update minilm --max-create-state-seconds 120 --public
            """)
    static let access = StoreAccess.writing

    @Argument(help: "The model's name or id.")
    var model: String

    @Option(help: "A new name.")
    var name: String?

    @Option(help: "Free text.")
    var description: String?

    @Flag(inversion: .prefixedNo, help: "Whether everybody may read it.")
    var `public`: Bool?

    @Option(
        name: .customLong("tag"), parsing: .singleValue,
        help: ArgumentHelp("A label; those given replace all.", valueName: "name=value"))
    var tags: [TagArgument] = []

    @Flag(help: "Remove all labels.")
    var clearTags = false

    @Option(help: ArgumentHelp("Room for the model's files.", valueName: "MiB"))
    var filesystemMebibytes: Int?

    @OptionGroup(title: "Settings") var settings: ModelSettingsOptions
    @OptionGroup var global: GlobalOptions

    private var isEmpty: Bool {
        name == nil && description == nil && `public` == nil && tags.isEmpty && !clearTags && settings.isEmpty
    }

    func validate() throws {
        if clearTags, !tags.isEmpty { throw ValidationError("Give --tag or --clear-tags, not both.") }
        if isEmpty, filesystemMebibytes == nil { throw ValidationError("Nothing to change was given.") }
    }

    func run(in store: StateStore, _ output: Output) async throws {
        let model = try await store.findModel(model)
        var change = ModelChange(name: name, description: description, isPublic: `public`)
        if clearTags || !tags.isEmpty { change.tags = tags.map(\.tag) }
        if !settings.isEmpty {
            var changed = model.settings
            try await settings.apply(to: &changed)
            change.settings = changed
        }
        if let filesystemMebibytes { try await store.setFilesystemSize(of: model.id, mebibytes: filesystemMebibytes) }
        if !isEmpty { try await store.updateModel(model.id, change) }
        let updated = try await store.model(model.id)
        try await output.show(ModelView(updated)) { ModelView.text(updated) }
    }
}

struct ModelDeleteCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Deletes a model with its files, states and snapshots.",
        discussion: """
            Running creations of the model are cancelled. What others have mounted stays readable to them.

            Example:
              strata model delete minilm --dry-run
            """)
    static let access = StoreAccess.writing

    @Argument(help: "The model's name or id.")
    var model: String

    @Flag(help: "Only say what would be deleted.")
    var dryRun = false

    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        let model = try await store.findModel(model)
        let states = try await store.allStates(of: model.id)
        let snapshots = try await store.allSnapshots(of: model.id)
        let files = model.basedOnSnapshot == nil ? try await store.files(of: model.id) : []
        let regular = files.filter { $0.kind == .file }
        let sizes: [Int64] = states.map(\.sizeBytes) + snapshots.map(\.sizeBytes) + regular.map(\.sizeBytes)
        if !dryRun { try await store.deleteModel(model.id) }
        let view = DeletionView(
            [
                .init(
                    kind: "model", id: model.id.rawValue, name: model.name, sizeBytes: sizes.reduce(0, +), stateCount: states.count,
                    snapshotCount: snapshots.count, fileCount: regular.count)
            ], dryRun: dryRun)
        try await output.show(view) { view.text }
    }
}
