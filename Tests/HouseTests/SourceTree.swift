import Foundation

/// The project's own files, found from where this one lies.
enum SourceTree {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    struct File {
        /// Relative to the root.
        let path: String
        let lines: [String]
    }

    /// Files below `folder` whose name ends in one of `endings`, in the order of their paths.
    static func files(in folder: String, ending endings: String...) throws -> [File] {
        let base = root + "/" + folder
        let found = FileManager.default.enumerator(atPath: base)?.compactMap { $0 as? String } ?? []
        return try found.filter { path in endings.contains { path.hasSuffix($0) } }.sorted().map { path in
            let text = try String(contentsOfFile: base + "/" + path, encoding: .utf8)
            return File(path: folder + "/" + path, lines: text.components(separatedBy: "\n"))
        }
    }

    static func text(_ path: String) throws -> String {
        try String(contentsOfFile: root + "/" + path, encoding: .utf8)
    }

    /// Every Swift file of the project.
    static func swiftFiles() throws -> [File] {
        try ["Sources", "Tests", "tools", "migrations"].flatMap { try files(in: $0, ending: ".swift") }
    }
}
