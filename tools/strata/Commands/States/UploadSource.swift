import ArgumentParser
import Foundation
import Strata

/// `KEY=FILE`, a file, or a folder.
struct UploadSource: ExpressibleByArgument {
    /// Nil for a path without a key.
    let key: String?
    /// `-` is standard input.
    let path: String

    init?(argument: String) {
        if let separator = argument.firstIndex(of: "=") {
            key = String(argument[..<separator])
            path = String(argument[argument.index(after: separator)...])
            guard key?.isEmpty == false else { return nil }
        } else {
            key = nil
            path = argument
        }
        guard !path.isEmpty, path != "-" || key != nil else { return nil }
    }

    /// What a state is made of: keys, the files with their values, and sizes where they are known.
    struct Value {
        let key: String
        let path: String
        let sizeBytes: Int64?
    }

    /// A file without a key gets its own name; of a folder, every file below it gets its path there.
    func values() throws -> [Value] {
        if path == "-" { return [Value(key: key ?? path, path: path, sizeBytes: nil)] }
        guard try LocalFile.kind(path) == .directory else {
            let name = key ?? URL(fileURLWithPath: path).lastPathComponent
            return [Value(key: name, path: path, sizeBytes: try LocalFile.sizeBytes(path))]
        }
        guard key == nil else {
            throw StrataError(.isADirectory, "`\(path)` is a folder; give it without a key, or name a file", context: ["path": path])
        }
        guard let paths = FileManager.default.subpaths(atPath: path) else {
            throw StrataError(.io, "cannot list the folder `\(path)`", context: ["path": path])
        }
        let values = try paths.sorted().compactMap { name -> Value? in
            let full = path + "/" + name
            guard try LocalFile.kind(full) == .file else { return nil }
            return Value(key: name, path: full, sizeBytes: try LocalFile.sizeBytes(full))
        }
        guard !values.isEmpty else {
            throw StrataError(.invalidParameter, "the folder `\(path)` holds no files", parameterName: "sources")
        }
        return values
    }
}
