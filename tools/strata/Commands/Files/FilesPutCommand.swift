import ArgumentParser
import Foundation
import Strata

struct FilesPutCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "put", abstract: "Puts a folder's content or a file among a model's files.",
        discussion: """
            All of it becomes visible together, or nothing. Files that are there already are replaced; others stay \
            unless --replace-all is given.

            Example:
              strata files put minilm ./minilm --replace-all
              strata files put minilm labels.txt data/labels.txt
            """)
    static let access = StoreAccess.writing

    @Argument(help: "The model's name or id.")
    var model: String

    @Argument(help: "A folder, a file, or - for standard input.")
    var source: String

    @Argument(help: "Where it goes among the model's files. (default: the root, for a file its own name)")
    var target: String?

    @Flag(help: "Remove first what is there.")
    var replaceAll = false

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if source == "-", target == nil { throw ValidationError("Standard input needs a target path.") }
    }

    func run(in store: StateStore, _ output: Output) async throws {
        let model = try await store.findModel(model)
        let isFolder = source == "-" ? false : try LocalFile.kind(source) == .directory
        let path = target ?? (isFolder ? "" : URL(fileURLWithPath: source).lastPathComponent)
        try await store.changeFiles(of: model.id, replacingAll: replaceAll) { writer in
            if source == "-" {
                try await writer.put(path, try await LocalFile.read("-"))
            } else if isFolder {
                if !path.isEmpty { try writer.makeDirectory(path) }
                try await writer.putTree(source, at: path)
            } else {
                try await writer.put(path, fileAt: source)
            }
        }
        let files = try await store.files(of: model.id)
        try await output.show(ListDocument(items: files.map(FileView.init), total: files.count)) { FileView.table(files) }
    }
}

struct FilesGetCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Writes a file to standard output, or all files to a folder.",
        discussion: """
            With --json and --to, the files that were written are listed. A single file is written as it is.

            Example:
              strata files get minilm main.py
              strata files get minilm --to ./minilm-copy
            """)
    static let access = StoreAccess.values

    @Argument(help: "The model's name or id.")
    var model: String

    @Argument(help: "A file's path; without it all files are written to the folder of --to.")
    var path: String?

    @Option(help: ArgumentHelp("A new or empty folder for all files.", valueName: "dir"))
    var to: String?

    @Option(help: "Read the files of this snapshot.")
    var snapshot: String?

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if (path == nil) == (to == nil) { throw ValidationError("Give either a file's path or --to DIR.") }
    }

    func run(in store: StateStore, _ output: Output) async throws {
        let model = try await store.findModel(model)
        var snapshotID: SnapshotID?
        if let snapshot { snapshotID = try await store.findSnapshot(snapshot, of: model).id }
        if let path {
            let bytes = try await store.fileBytes(at: path, of: model.id, snapshot: snapshotID)
            return try await StandardOutput.write(bytes)
        }
        guard let to else { return }
        try await LocalFile.filling(to) { try await store.layOutFiles(of: model.id, snapshot: snapshotID, in: to) }
        let files =
            if let snapshotID {
                try await store.files(ofSnapshot: snapshotID, of: model.id)
            } else {
                try await store.files(of: model.id)
            }
        try await output.show(ListDocument(items: files.map(FileView.init), total: files.count)) {
            "wrote \(Text.count(files.count(where: { $0.kind == .file }), "file")) to \(to)"
        }
    }
}

struct FilesRemoveCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Removes files from a model: all that are named, or none.",
        discussion: """
            Snapshots keep the files that they have.

            Example:
              strata files remove minilm data --recursive
            """)
    static let access = StoreAccess.writing

    @Argument(help: "The model's name or id.")
    var model: String

    @Argument(help: "Paths of files or folders.")
    var paths: [String]

    @Flag(help: "Remove folders with what is in them.")
    var recursive = false

    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        let model = try await store.findModel(model)
        let before = try await store.files(of: model.id)
        try await store.changeFiles(of: model.id) { writer in
            for path in paths { try writer.remove(path, recursively: recursive) }
        }
        let after = Set(try await store.files(of: model.id).map(\.path))
        let removed = before.filter { !after.contains($0.path) }
        let view = DeletionView(
            removed.map { .init(kind: $0.kind.rawValue, id: nil, name: $0.path, sizeBytes: $0.kind == .file ? $0.sizeBytes : nil) })
        try await output.show(view) { view.text }
    }
}
