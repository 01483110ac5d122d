import ArgumentParser
import Strata

struct ModelListCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists models, newest first.",
        discussion: """
            Example:
              strata model list --search mini --tag team=search
            """)
    static let access = StoreAccess.metadata

    @Option(help: ArgumentHelp("Only models whose name holds this text.", valueName: "text"))
    var search: String?

    @Option(
        name: .customLong("tag"), parsing: .singleValue,
        help: ArgumentHelp("Only models with this label; may be repeated.", valueName: "name=value"))
    var tags: [TagArgument] = []

    @Flag(help: "Sort by name.")
    var byName = false

    @OptionGroup var page: PageOptions
    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        var filter = ListFilter()
        filter.searchName = search
        filter.tags = tags.map(\.tag)
        if byName {
            filter.sort = .name
            filter.isAscending = true
        }
        let (models, total) = try await page.read { try await store.models(filter, offset: $0, limit: $1) }
        try await output.show(ListDocument(items: models.map(ModelView.init), total: total)) {
            Table(
                [.text("NAME"), .text("MODEL ID"), .text("LANGUAGE"), .number("STATES"), .number("SNAPSHOTS"), .text("CREATED")],
                rows: models.map {
                    [
                        $0.name, $0.id.rawValue, $0.settings.language.rawValue, Text.count($0.stateCount),
                        Text.count($0.snapshotCount), Text.date($0.createdAtMilliseconds),
                    ]
                }
            ).text(empty: "no models")
        }
    }
}

struct ModelShowCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows a model and its settings.",
        discussion: """
            Example:
              strata model show minilm --json
            """)
    static let access = StoreAccess.metadata

    @Argument(help: "The model's name or id.")
    var model: String

    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        let model = try await store.findModel(model)
        try await output.show(ModelView(model)) { ModelView.text(model) }
    }
}
