import ArgumentParser
import Strata

struct DatasetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dataset", abstract: "Makes, lists, fills, reads and deletes datasets.",
        discussion: """
            A dataset is a table of tensors: keys are columns, an entry has one tensor a key.

            Example:
              strata dataset create pairs --key text:string --key label:i64
              strata dataset append pairs text=hello label=1
            """,
        subcommands: [
            DatasetCreateCommand.self, DatasetListCommand.self, DatasetShowCommand.self, DatasetAppendCommand.self,
            DatasetItemsCommand.self, DatasetDeleteCommand.self,
        ])
}

struct DatasetView: JSONDocument {
    let id: String
    let name: String
    let description: String
    let `public`: Bool
    let owner: String
    let createdAt: String
    let tags: [TagView]
    let keys: [DefinitionView]
    let entryCount: Int
    let sizeBytes: Int64
    let versionId: String

    init(_ dataset: Dataset) {
        id = dataset.id.rawValue
        name = dataset.name
        description = dataset.description
        `public` = dataset.isPublic
        owner = dataset.owner
        createdAt = Text.exactDate(dataset.createdAtMilliseconds)
        tags = dataset.tags.map(TagView.init)
        keys = dataset.keys.map(DefinitionView.init)
        entryCount = dataset.entryCount
        sizeBytes = dataset.sizeBytes
        versionId = dataset.versionID
    }

    static let fields: [JSONField] = .all(
        [
            .init("id", "the dataset's id"), .init("name", "its name"), .init("description", "free text"),
            .init("public", "whether everybody may read it"), .init("owner", "who owns it"),
            .init("createdAt", "ISO 8601 in UTC with milliseconds"), .init("entryCount", "how many entries it has"),
            .init("sizeBytes", "bytes of all tensors, serialized"),
            .init("versionId", "changes with every change of the entries"),
        ], TagView.fields.below("tags[]"), DefinitionView.fields.below("keys[]"))

    static func text(_ dataset: Dataset) -> String {
        let head = Table.pairs([
            ("name", dataset.name), ("id", dataset.id.rawValue), ("description", dataset.description),
            ("owner", dataset.owner + (dataset.isPublic ? ", public" : "")),
            ("created", Text.date(dataset.createdAtMilliseconds)),
            ("tags", dataset.tags.map { "\($0.tag)=\($0.value)" }.joined(separator: ", ")),
            ("entries", Text.count(dataset.entryCount)), ("size", Text.exactSize(dataset.sizeBytes)),
            ("version", dataset.versionID),
        ])
        let keys = Table(
            [.text("KEY"), .text("TYPES"), .text("SHAPE")],
            rows: dataset.keys.map {
                [$0.name, $0.allowedTypes.isEmpty ? "any" : $0.allowedTypes.joined(separator: ", "), "\($0.shape)"]
            }
        ).text(empty: "no keys")
        return head + "\n\n" + keys
    }
}

struct DatasetListCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists datasets, newest first.",
        discussion: """
            Example:
              strata dataset list
            """)
    static let access = StoreAccess.metadata

    @Option(help: ArgumentHelp("Only datasets whose name holds this text.", valueName: "text"))
    var search: String?

    @OptionGroup var page: PageOptions
    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        var filter = ListFilter()
        filter.searchName = search
        let (datasets, total) = try await page.read { try await store.datasets(filter, offset: $0, limit: $1) }
        try await output.show(ListDocument(items: datasets.map(DatasetView.init), total: total)) {
            Table(
                [.text("NAME"), .text("DATASET ID"), .number("KEYS"), .number("ENTRIES"), .number("SIZE"), .text("CREATED")],
                rows: datasets.map {
                    [
                        $0.name, $0.id.rawValue, Text.count($0.keys.count), Text.count($0.entryCount),
                        Text.size($0.sizeBytes), Text.date($0.createdAtMilliseconds),
                    ]
                }
            ).text(empty: "no datasets")
        }
    }
}

struct DatasetShowCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows a dataset and its keys.",
        discussion: """
            Example:
              strata dataset show pairs
            """)
    static let access = StoreAccess.metadata

    @Argument(help: "The dataset's name or id.")
    var dataset: String

    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        let dataset = try await store.findDataset(dataset)
        try await output.show(DatasetView(dataset)) { DatasetView.text(dataset) }
    }
}
