import ArgumentParser
import Strata

/// Where values are read: a state, or a snapshot's copy of one.
struct StateSourceOptions: ParsableArguments {
    @Argument(help: "The model's name or id.")
    var model: String

    @Option(help: "Read this snapshot's state instead.")
    var snapshot: String?

    func read(_ state: String, in store: StateStore, _ body: (StateReader) async throws -> Void) async throws {
        let model = try await store.findModel(model)
        if let snapshot {
            let id = try await store.findSnapshot(snapshot, of: model).id
            return try await store.withSnapshotState(id, of: model.id, body)
        }
        let id = try await store.findState(state, of: model).id
        try await store.withState(id, of: model.id, body)
    }
}

struct StateCatCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "cat", abstract: "Writes the value of one key, or some bytes of it, to standard output.",
        discussion: """
            Every byte is checked before it is written. --json changes only how errors are told.

            Example:
              strata state cat minilm weights > model.safetensors
              strata state cat minilm weights --state v1 --offset 8 --length 1024
              strata state cat minilm weights --snapshot before-tuning
            """)
    static let access = StoreAccess.values

    @OptionGroup var source: StateSourceOptions

    @Argument(help: "The key.")
    var key: String

    @Option(help: "The state's name, id, or beginning of its id.")
    var state = "active"

    @Option(help: ArgumentHelp("Begin at this byte.", valueName: "bytes"))
    var offset: Int64 = 0

    @Option(help: ArgumentHelp("Write at most so many bytes. (default: all)", valueName: "bytes"))
    var length: Int64?

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard offset >= 0 else { throw ValidationError("--offset is \(offset); the least is 0.") }
        if let length, length < 0 { throw ValidationError("--length is \(length); the least is 0.") }
        if source.snapshot != nil, state != "active" { throw ValidationError("Give --state or --snapshot, not both.") }
    }

    func run(in store: StateStore, _ output: Output) async throws {
        try await source.read(state, in: store) { reader in
            let size = reader.sizeBytes(of: key) ?? 0
            if offset > size {
                throw StrataError(
                    .indexOutOfRange, "--offset is \(offset), key `\(key)` has \(size) bytes", context: ["key": key])
            }
            let (end, isLate) = offset.addingReportingOverflow(length ?? size)
            let range = offset..<(isLate ? Int64.max : end)
            let progress = Progress("reading `\(key)`", totalBytes: min(range.upperBound, size) - offset, output)
            defer { progress.finish() }
            try await reader.read(key, in: range) { piece in
                try await StandardOutput.write(piece)
                progress.advance(by: piece.count)
            }
        }
    }
}
