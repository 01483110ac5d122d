import Foundation
import Testing

/// The tables of FORMAT.md.
struct FormatDocument {
    struct Row {
        let cells: [String: String]

        subscript(column: String) -> String { cells[column] ?? "" }
        var offset: Int? { Int(self["offset"]) }
        var size: Int? { Int(self["size"]) }
        /// The first text between backquotes in the meaning.
        var literal: String? {
            let parts = self["meaning"].split(separator: "`", omittingEmptySubsequences: false)
            return parts.count >= 3 ? String(parts[1]) : nil
        }
    }

    let lines: [String]

    init() throws {
        let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        lines = try String(contentsOf: root.appendingPathComponent("FORMAT.md"), encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// The heading that is `title`, or `title` with a size behind it; without the signs before it.
    func heading(_ title: String) throws -> String {
        let headings = lines.filter { $0.hasPrefix("#") }.map { $0.drop { $0 == "#" }.trimmingCharacters(in: .whitespaces) }
        return try #require(headings.first { $0 == title || $0.hasPrefix(title + ": ") }, "no heading \(title)")
    }

    /// The `number`th table below the heading that begins with `title`.
    func table(_ title: String, number: Int = 0) throws -> [Row] {
        let heading = try heading(title)
        let start = try #require(lines.firstIndex { $0.hasPrefix("#") && $0.hasSuffix(" " + heading) })
        let section = lines[(start + 1)...].prefix { !$0.hasPrefix("#") }
        let tables = section.split { !$0.hasPrefix("|") }.map(Array.init)
        let table = try #require(tables.indices.contains(number) ? tables[number] : nil, "no table \(number) below \(title)")
        let columns = Self.cells(table[0])
        return table.dropFirst(2).map { line in
            Row(cells: Dictionary(zip(columns, Self.cells(line)), uniquingKeysWith: { first, _ in first }))
        }
    }

    private static func cells(_ line: String) -> [String] {
        line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast().map {
            $0.trimmingCharacters(in: .whitespaces)
        }
    }

    /// The size that a heading like `Pack header: 64 bytes` gives.
    func size(_ title: String) throws -> Int {
        let words = try heading(title).split(separator: " ")
        return try #require(words.count >= 2 && words.last == "bytes" ? Int(words[words.count - 2]) : nil, "\(title) has no size")
    }
}
