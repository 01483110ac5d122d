import ArgumentParser
import Strata

struct SnapshotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot", abstract: "Takes, lists, shows, renames and deletes snapshots.",
        discussion: """
            A snapshot freezes a model's files, settings and active state, and outlives them.

            Example:
              strata snapshot create minilm before-tuning
            """,
        subcommands: [
            SnapshotCreateCommand.self, SnapshotListCommand.self, SnapshotShowCommand.self, SnapshotRenameCommand.self,
            SnapshotDeleteCommand.self,
        ])
}

struct SnapshotView: JSONDocument {
    let id: String
    let modelId: String
    let name: String
    let createdAt: String
    let stateName: String
    let sizeBytes: Int64
    let keys: [KeyView]
    let mounts: [MountView]
    let filesystemMebibytes: Int

    init(_ snapshot: Snapshot) {
        id = snapshot.id.rawValue
        modelId = snapshot.modelID.rawValue
        name = snapshot.name
        createdAt = Text.exactDate(snapshot.createdAtMilliseconds)
        stateName = snapshot.stateName
        sizeBytes = snapshot.sizeBytes
        keys = snapshot.keys.map(KeyView.init)
        mounts = snapshot.mounts.map(MountView.init)
        filesystemMebibytes = snapshot.filesystemSizeMebibytes
    }

    static let fields: [JSONField] = .all(
        [
            .init("id", "the snapshot's id"), .init("modelId", "its model's id"),
            .init("name", "its name; need not be unique"), .init("createdAt", "ISO 8601 in UTC with milliseconds"),
            .init("stateName", "the name that the frozen state had"), .init("sizeBytes", "bytes of the state's values"),
            .init("filesystemMebibytes", "room for the model's files when it was taken"),
        ], KeyView.fields.below("keys[]"), MountView.fields.below("mounts[]"))

    static func text(_ snapshot: Snapshot) -> String {
        let head = Table.pairs([
            ("name", snapshot.name), ("id", snapshot.id.rawValue), ("model", snapshot.modelID.rawValue),
            ("created", Text.date(snapshot.createdAtMilliseconds)), ("state", snapshot.stateName),
            ("size", Text.exactSize(snapshot.sizeBytes)), ("mounted", MountView.text(snapshot.mounts)),
        ])
        return head + "\n\n" + KeyView.table(snapshot.keys)
    }
}

struct SnapshotCreateCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Freezes a model's files, settings and active state.",
        discussion: """
            Takes no room of its own: everything is shared until the model changes.

            Example:
              strata snapshot create minilm before-tuning
            """)
    static let access = StoreAccess.writing

    @Argument(help: "The model's name or id.")
    var model: String

    @Argument(help: "The snapshot's name.")
    var name: String

    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        let model = try await store.findModel(model)
        let snapshot = try await store.createSnapshot(of: model.id, named: name)
        try await output.show(SnapshotView(snapshot)) {
            "took snapshot `\(name)` (\(snapshot.id)) of model `\(model.name)` with state `\(Text.printable(snapshot.stateName))`"
        }
    }
}

struct SnapshotListCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists a model's snapshots, oldest first.",
        discussion: """
            Example:
              strata snapshot list minilm
            """)
    static let access = StoreAccess.metadata

    @Argument(help: "The model's name or id.")
    var model: String

    @OptionGroup var page: PageOptions
    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        let model = try await store.findModel(model)
        let (snapshots, total) = try await page.read { try await store.snapshots(of: model.id, offset: $0, limit: $1) }
        try await output.show(ListDocument(items: snapshots.map(SnapshotView.init), total: total)) {
            Table(
                [.text("NAME"), .text("SNAPSHOT ID"), .text("STATE"), .number("KEYS"), .number("SIZE"), .text("CREATED")],
                rows: snapshots.map {
                    [
                        $0.name, $0.id.rawValue, $0.stateName, Text.count($0.keys.count), Text.size($0.sizeBytes),
                        Text.date($0.createdAtMilliseconds),
                    ]
                }
            ).text(empty: "no snapshots")
        }
    }
}

struct SnapshotShowCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows a snapshot and its keys.",
        discussion: """
            Example:
              strata snapshot show minilm before-tuning
            """)
    static let access = StoreAccess.metadata

    @Argument(help: "The model's name or id.")
    var model: String

    @Argument(help: "The snapshot's name, id, or beginning of its id.")
    var snapshot: String

    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        let snapshot = try await store.findSnapshot(snapshot, of: try await store.findModel(model))
        try await output.show(SnapshotView(snapshot)) { SnapshotView.text(snapshot) }
    }
}
