import ArgumentParser
import Strata

struct CreationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "creations", abstract: "Lists and cancels states that are being created.",
        discussion: """
            Example:
              strata creations list
            """,
        subcommands: [CreationsListCommand.self, CreationsCancelCommand.self])
}

struct CreationView: JSONDocument {
    let modelId: String
    let modelName: String
    let stateId: String
    let name: String
    let startedAt: String

    init(_ creation: StateCreation, of model: Model) {
        modelId = model.id.rawValue
        modelName = model.name
        stateId = creation.stateID.rawValue
        name = creation.name
        startedAt = Text.exactDate(creation.startedAtMilliseconds)
    }

    static let fields: [JSONField] = [
        .init("modelId", "the model's id"), .init("modelName", "its name"), .init("stateId", "the id that the state will have"),
        .init("name", "the state's name"), .init("startedAt", "ISO 8601 in UTC with milliseconds"),
    ]
}

struct CreationsListCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the states that are being created, by any process.",
        discussion: """
            Example:
              strata creations list minilm
            """)
    static let access = StoreAccess.metadata

    @Argument(help: "The model's name or id. (default: all models)")
    var model: String?

    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        var models: [Model] = []
        if let model {
            models = [try await store.findModel(model)]
        } else {
            models = try await PageOptions.all { try await store.models(offset: $0, limit: $1) }.items
        }
        var views: [CreationView] = []
        for model in models {
            views += try await store.creatingStates(of: model.id).map { CreationView($0, of: model) }
        }
        try await output.show(ListDocument(items: views, total: views.count)) {
            Table(
                [.text("MODEL"), .text("NAME"), .text("STATE ID"), .text("STARTED")],
                rows: views.map { [$0.modelName, $0.name, $0.stateId, $0.startedAt] }
            ).text(empty: "no state is being created")
        }
    }
}

struct CreationsCancelCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Cancels the creation of a state, in whichever process it runs.",
        discussion: """
            A creation in another process is refused its commit; its code ends by itself.

            Example:
              strata creations cancel minilm v2
            """)
    static let access = StoreAccess.writing

    @Argument(help: "The model's name or id.")
    var model: String

    @Argument(help: "The state's name, id, or beginning of its id.")
    var state: String

    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        let model = try await store.findModel(model)
        let creations = try await store.creatingStates(of: model.id)
        let found = Reference.matches(state, creations, id: \.stateID.rawValue, name: \.name)
        guard let creation = found.first else {
            if let id = StateID(state) {
                // The store knows whether it was created meanwhile.
                return try await store.cancelCreateState(id, of: model.id)
            }
            throw StrataError(
                .stateNotFound, "model `\(model.name)` is creating no state `\(state)`; `strata creations list` shows them",
                context: ["modelId": model.id.rawValue])
        }
        guard found.count == 1 else {
            throw StrataError(.ambiguousReference, "\(found.count) states that are being created fit `\(state)`; give an id")
        }
        try await store.cancelCreateState(creation.stateID, of: model.id)
        try await output.show(CreationView(creation, of: model)) {
            "cancelled the creation of state `\(Text.printable(creation.name))` (\(creation.stateID))"
        }
    }
}
