import ArgumentParser
import Strata

struct SnapshotRenameCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "rename", abstract: "Gives a snapshot another name.",
        discussion: """
            Example:
              strata snapshot rename minilm before-tuning v1
            """)
    static let access = StoreAccess.writing

    @Argument(help: "The model's name or id.")
    var model: String

    @Argument(help: "The snapshot's name, id, or beginning of its id.")
    var snapshot: String

    @Argument(help: "The new name; need not be unique.")
    var name: String

    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        let model = try await store.findModel(model)
        let snapshot = try await store.findSnapshot(snapshot, of: model)
        try await store.renameSnapshot(snapshot.id, of: model.id, to: name)
        let changed = try await store.snapshot(snapshot.id, of: model.id)
        try await output.show(SnapshotView(changed)) {
            "renamed snapshot `\(Text.printable(snapshot.name))` (\(snapshot.id)) to `\(name)`"
        }
    }
}

struct SnapshotDeleteCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Deletes a snapshot.",
        discussion: """
            Models that run its code keep their states, but lose their code.

            Example:
              strata snapshot delete minilm before-tuning --dry-run
            """)
    static let access = StoreAccess.writing

    @Argument(help: "The model's name or id.")
    var model: String

    @Argument(help: "The snapshot's name, id, or beginning of its id.")
    var snapshot: String

    @Flag(help: "Only say what would be deleted.")
    var dryRun = false

    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        let model = try await store.findModel(model)
        let snapshot = try await store.findSnapshot(snapshot, of: model)
        if !dryRun { try await store.deleteSnapshot(snapshot.id, of: model.id) }
        let view = DeletionView(
            [.init(kind: "snapshot", id: snapshot.id.rawValue, name: snapshot.name, sizeBytes: snapshot.sizeBytes)],
            dryRun: dryRun)
        try await output.show(view) { view.text }
    }
}
