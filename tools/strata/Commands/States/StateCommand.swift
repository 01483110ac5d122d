import ArgumentParser
import Strata

struct StateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "state", abstract: "Uploads, lists, reads, renames, activates and deletes states.",
        discussion: """
            Example:
              strata state upload minilm weights=model.safetensors --name v1
            """,
        subcommands: [
            StateUploadCommand.self, StateListCommand.self, StateShowCommand.self, StateCatCommand.self,
            StateGetCommand.self, StateRenameCommand.self, StateActivateCommand.self, StateDeleteCommand.self,
        ])
}

struct StateListCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists a model's states, oldest first.",
        discussion: """
            Example:
              strata state list minilm --json
            """)
    static let access = StoreAccess.metadata

    @Argument(help: "The model's name or id.")
    var model: String

    @OptionGroup var page: PageOptions
    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        let model = try await store.findModel(model)
        let (states, total) = try await page.read { try await store.states(of: model.id, offset: $0, limit: $1) }
        try await output.show(ListDocument(items: states.map(StateView.init), total: total)) { StateView.table(states) }
    }
}

struct StateShowCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows a state and its keys.",
        discussion: """
            Example:
              strata state show minilm active
            """)
    static let access = StoreAccess.metadata

    @Argument(help: "The model's name or id.")
    var model: String

    @Argument(help: "The state's name, id, beginning of its id, or `active`.")
    var state = "active"

    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        let state = try await store.findState(state, of: try await store.findModel(model))
        try await output.show(StateView(state)) { StateView.text(state) }
    }
}
