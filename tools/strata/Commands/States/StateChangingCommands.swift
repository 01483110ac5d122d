import ArgumentParser
import Strata

struct StateRenameCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "rename", abstract: "Gives a state another name.",
        discussion: """
            Example:
              strata state rename minilm v1 baseline
            """)
    static let access = StoreAccess.writing

    @Argument(help: "The model's name or id.")
    var model: String

    @Argument(help: "The state's name, id, beginning of its id, or `active`.")
    var state: String

    @Argument(help: "The new name; need not be unique.")
    var name: String

    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        let model = try await store.findModel(model)
        let state = try await store.findState(state, of: model)
        try await store.renameState(state.id, of: model.id, to: name)
        let changed = try await store.state(state.id, of: model.id)
        try await output.show(StateView(changed)) {
            "renamed state `\(Text.printable(state.name))` (\(state.id)) to `\(name)`"
        }
    }
}

struct StateActivateCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "activate", abstract: "Makes a state the model's active one.",
        discussion: """
            Example:
              strata state activate minilm v2
            """)
    static let access = StoreAccess.writing

    @Argument(help: "The model's name or id.")
    var model: String

    @Argument(help: "The state's name, id, or beginning of its id.")
    var state: String

    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        let model = try await store.findModel(model)
        let state = try await store.findState(state, of: model)
        try await store.activateState(state.id, of: model.id)
        let changed = try await store.state(state.id, of: model.id)
        try await output.show(StateView(changed)) {
            "state `\(Text.printable(state.name))` (\(state.id)) is active now"
        }
    }
}

struct StateDeleteCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Deletes states; the active one is refused.",
        discussion: """
            Only metadata changes; bytes that nothing else shares are collected later. A state that is mounted goes \
            with the last mount of it.

            Example:
              strata state delete minilm v1 3f2a9c41
            """)
    static let access = StoreAccess.writing

    @Argument(help: "The model's name or id.")
    var model: String

    @Argument(help: "The states' names, ids, or beginnings of ids.")
    var states: [String]

    @Flag(help: "Only say what would be deleted.")
    var dryRun = false

    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        let model = try await store.findModel(model)
        var found: [State] = []
        for reference in states {
            let state = try await store.findState(reference, of: model)
            if !found.contains(where: { $0.id == state.id }) { found.append(state) }
        }
        if let active = found.first(where: \.isActive) {
            throw StrataError(
                .stateIsActive, "state `\(active.name)` (\(active.id)) is active; activate another one first",
                context: ["modelId": model.id.rawValue, "stateId": active.id.rawValue])
        }
        if !dryRun { for state in found { try await store.deleteState(state.id, of: model.id) } }
        let view = DeletionView(
            found.map { .init(kind: "state", id: $0.id.rawValue, name: $0.name, sizeBytes: $0.sizeBytes) }, dryRun: dryRun)
        try await output.show(view) { view.text }
    }
}
