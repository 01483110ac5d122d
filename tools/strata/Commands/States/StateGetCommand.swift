import ArgumentParser
import Foundation
import Strata

struct StateGetCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Writes all keys of a state to files in a folder.",
        discussion: """
            Each key becomes a file of that name; a key with `/` goes into folders. On an error nothing is left.

            Example:
              strata state get minilm --state v1 --to ./v1
            """)
    static let access = StoreAccess.values

    @OptionGroup var source: StateSourceOptions

    @Option(help: "The state's name, id, or beginning of its id.")
    var state = "active"

    @Option(help: ArgumentHelp("A new or empty folder.", valueName: "dir"))
    var to: String

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if source.snapshot != nil, state != "active" { throw ValidationError("Give --state or --snapshot, not both.") }
    }

    func run(in store: StateStore, _ output: Output) async throws {
        try await source.read(state, in: store) { reader in
            let paths = try reader.keys.map { try Self.path(for: $0.key) }
            let progress = Progress("reading", totalBytes: reader.keys.reduce(0) { $0 + $1.sizeBytes }, output)
            defer { progress.finish() }
            try await LocalFile.filling(to) {
                for (key, path) in zip(reader.keys, paths) {
                    let file = try await OutputFile.make(to + "/" + path)
                    try await reader.read(key.key) { piece in
                        try await file.append(piece)
                        progress.advance(by: piece.count)
                    }
                }
            }
            progress.finish()
            let view = FilledFolderView(path: to, keys: reader.keys.map(KeyView.init))
            try await output.show(view) { "wrote \(Text.count(paths.count, "key")) to \(to)" }
        }
    }

    /// A key as a path below the folder.
    /// - Throws: `invalid_parameter` for a key that would lead elsewhere or can be no file's name.
    static func path(for key: String) throws -> String {
        let names = key.split(separator: "/", omittingEmptySubsequences: false)
        guard names.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && $0.utf8.count <= 255 && !$0.utf8.contains(0) })
        else {
            throw StrataError(
                .invalidParameter, "the key `\(key)` cannot be a file's name; read it with `strata state cat`",
                parameterName: "key")
        }
        return key
    }
}

struct FilledFolderView: JSONDocument {
    let path: String
    let keys: [KeyView]

    static let fields: [JSONField] = .all(
        [.init("path", "the folder that was filled")], KeyView.fields.below("keys[]"))
}

/// A new file that is written piece by piece.
final class OutputFile: Sendable {
    private let path: String
    private let descriptor: Int32

    private init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    static func make(_ path: String) async throws -> OutputFile {
        try await BlockingWork.run {
            let folder = (path as NSString).deletingLastPathComponent
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            guard descriptor >= 0 else { throw StandardOutput.failure("making `\(path)`") }
            return OutputFile(path: path, descriptor: descriptor)
        }
    }

    func append(_ bytes: ArraySlice<UInt8>) async throws {
        try await BlockingWork.run { [self] in
            var rest = bytes
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
                guard count >= 0 else { throw StandardOutput.failure("writing `\(path)`") }
                rest = rest.dropFirst(count)
            }
        }
    }

    deinit { close(descriptor) }
}
