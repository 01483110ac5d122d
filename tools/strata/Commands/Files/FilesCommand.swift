import ArgumentParser
import Strata

struct FilesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "files", abstract: "Puts, gets, lists and removes a model's files: its code.",
        discussion: """
            Example:
              strata files put minilm ./minilm
            """,
        subcommands: [FilesPutCommand.self, FilesGetCommand.self, FilesListCommand.self, FilesRemoveCommand.self])
}

struct FileView: JSONDocument {
    let path: String
    let kind: String
    let permissions: String
    let sizeBytes: Int64
    let target: String?
    let modifiedAt: String

    init(_ file: ModelFile) {
        path = file.path
        kind = file.kind.rawValue
        permissions = Text.permissions(file.permissions)
        sizeBytes = file.sizeBytes
        target = file.target
        modifiedAt = Text.exactDate(file.modifiedAtMilliseconds)
    }

    static let fields: [JSONField] = [
        .init("path", "names joined by `/`"), .init("kind", "file, directory or symlink"),
        .init("permissions", "octal, such as 0644"), .init("sizeBytes", "bytes of the content"),
        .init("target", "where a symbolic link points"), .init("modifiedAt", "ISO 8601 in UTC with milliseconds"),
    ]

    static func table(_ files: [ModelFile]) -> String {
        Table(
            [.text("MODE"), .number("SIZE"), .text("MODIFIED"), .text("PATH")],
            rows: files.map { file in
                let suffix = file.kind == .directory ? "/" : file.target.map { " -> \($0)" } ?? ""
                return [
                    Text.permissions(file.permissions), file.kind == .file ? Text.size(file.sizeBytes) : "",
                    Text.date(file.modifiedAtMilliseconds), file.path + suffix,
                ]
            }
        ).text(empty: "no files")
    }
}

struct FilesListCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists a model's files, or a snapshot's.",
        discussion: """
            Example:
              strata files list minilm --snapshot before-tuning
            """)
    static let access = StoreAccess.metadata

    @Argument(help: "The model's name or id.")
    var model: String

    @Option(help: "List the files of this snapshot.")
    var snapshot: String?

    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        let model = try await store.findModel(model)
        let files: [ModelFile]
        if let snapshot {
            files = try await store.files(ofSnapshot: try await store.findSnapshot(snapshot, of: model).id, of: model.id)
        } else {
            files = try await store.files(of: model.id)
        }
        try await output.show(ListDocument(items: files.map(FileView.init), total: files.count)) { FileView.table(files) }
    }
}
