import ArgumentParser
import Strata

struct StateUploadCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "upload", abstract: "Makes a state from files.",
        discussion: """
            A source is KEY=FILE, KEY=- for standard input, a file (its name is the key) or a folder (each file's path \
            below it is a key). The state is committed whole or not at all.

            Example:
              strata state upload minilm weights=model.safetensors --name v2 --base v1 --activate
              gzip -dc weights.gz | strata state upload minilm weights=- --name v3
            """)
    static let access = StoreAccess.writing

    @Argument(help: "The model's name or id.")
    var model: String

    @Argument(help: ArgumentHelp("What the state is made of.", valueName: "source"))
    var sources: [UploadSource]

    @Option(help: "The new state's name.")
    var name: String

    @Option(help: ArgumentHelp("A state that the new one resembles; by default one is looked for.", valueName: "[model@]state"))
    var base: String?

    @Flag(help: "Make it the model's active state.")
    var activate = false

    @Option(
        name: .customLong("delete-states"), parsing: .singleValue,
        help: ArgumentHelp("Delete this state of the model at the same moment; may be repeated.", valueName: "state"))
    var deleteStates: [String] = []

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard sources.count(where: { $0.path == "-" }) <= 1 else {
            throw ValidationError("Standard input can be read for one key only.")
        }
        var keys: Set<String> = []
        for key in sources.compactMap(\.key) where !keys.insert(key).inserted {
            throw ValidationError("The key `\(key)` is given twice.")
        }
    }

    /// Of the sources that are files; what cannot be read is told of later.
    var expectedBytes: Int64 {
        sources.reduce(0) { $0 + (((try? LocalFile.sizeBytes($1.path)) ?? nil) ?? 0) }
    }

    func run(in store: StateStore, _ output: Output) async throws {
        let model = try await store.findModel(model)
        let values = try sources.flatMap { try $0.values() }
        var options = StateOptions(makeActive: activate)
        if let base { options.base = try await findBase(base, of: model, in: store) }
        var deleted: [State] = []
        for reference in deleteStates { deleted.append(try await store.findState(reference, of: model)) }
        options.deleteStates = deleted.map(\.id)

        let sizes = values.map(\.sizeBytes)
        let total = sizes.contains(nil) ? nil : sizes.reduce(0) { $0 + ($1 ?? 0) }
        let progress = Progress("uploading", totalBytes: total, output)
        let start = ContinuousClock.now
        defer { progress.finish() }
        let state = try await store.commitState(of: model.id, named: name, options: options) { writer in
            for value in values {
                if value.sizeBytes != nil {
                    try await writer.write(value.key, fileAt: value.path) { progress.advance(by: $0) }
                } else {
                    // Standard input, or what else has no size: its cuts cannot be those of a base.
                    try await writer.write(value.key, pieces: try FilePieces(value.path, progress: progress))
                }
            }
        }
        progress.finish()
        let milliseconds = Int((ContinuousClock.now - start) / .milliseconds(1))
        try await output.show(StateView(state)) {
            Self.text(state, deleted, milliseconds: milliseconds)
        }
    }

    private static func text(_ state: State, _ deleted: [State], milliseconds: Int) -> String {
        let rate = milliseconds > 0 ? ", \(Text.size(state.sizeBytes * 1000 / Int64(milliseconds)))/s" : ""
        let size = "\(Text.count(state.keys.count, "key")), \(Text.size(state.sizeBytes))"
        let time = "\(Text.duration(milliseconds: milliseconds))\(rate)"
        let active = state.isActive ? "; it is active now" : ""
        let first = "committed state `\(Text.printable(state.name))` (\(state.id)): \(size) in \(time)\(active)"
        let others = deleted.map { "deleted state `\(Text.printable($0.name))` (\($0.id))" }
        return ([first] + others).joined(separator: "\n")
    }

    private func findBase(_ text: String, of model: Model, in store: StateStore) async throws -> StateID {
        if let mount = MountReference(argument: text), case .state(let reference) = mount.selection {
            return try await store.findState(reference, of: try await store.findModel(mount.model)).id
        }
        return try await store.findState(text, of: model).id
    }
}
