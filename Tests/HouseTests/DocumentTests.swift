import Foundation
import Testing

/// What the documents show is what the code does.
@Suite struct DocumentTests {
    @Test func readmeExampleIsTheOneThatIsTested() throws {
        let example = try #require(Self.block("swift", in: SourceTree.text("README.md")), "README.md has no swift block")
        let tested = try SourceTree.text("Tests/StrataTests/EmbeddingExampleTests.swift")
        let body = example.filter { !$0.hasPrefix("import ") && !$0.isEmpty }
        #expect((10...25).contains(body.count), "the example has \(body.count) lines; about 20 are promised")
        let testedLines = tested.components(separatedBy: "\n").map { $0.trimmingPrefix(while: { $0 == " " }) }
        for line in body {
            let text = line.trimmingPrefix(while: { $0 == " " })
            #expect(testedLines.contains(text), "README.md shows `\(text)`, which Tests/StrataTests/EmbeddingExampleTests.swift does not run")
        }
    }

    @Test func formatDocumentNamesEveryTable() throws {
        let document = try SourceTree.text("FORMAT.md")
        let schema = try SourceTree.files(in: "migrations", ending: ".sql").flatMap(\.lines).joined(separator: "\n")
        let tables = schema.matches(of: /CREATE TABLE (\w+)/).map { String($0.1) }
        #expect(tables.count > 15)
        for table in tables {
            #expect(document.contains("`\(table)`"), "FORMAT.md does not describe the table \(table)")
        }
    }

    @Test func migrationsAreNumberedWithoutGaps() throws {
        let files = try SourceTree.files(in: "migrations", ending: ".sql").map(\.path)
        let code = try SourceTree.text("migrations/Migrations.swift") + SourceTree.text("Package.swift")
        for (index, file) in files.enumerated() {
            let number = String(index + 1)
            let padded = String(repeating: "0", count: 4 - number.count) + number
            #expect(file.hasPrefix("migrations/\(padded)_"), "\(file) is not number \(padded)")
            #expect(code.contains(".embedInCode(\"\(file.split(separator: "/")[1])\")"), "Package.swift does not embed \(file)")
        }
    }

    @Test func nothingNamesTheMachineItWasMadeOn() throws {
        let files = try SourceTree.swiftFiles() + ["README.md", "ARCHITECTURE.md", "FORMAT.md", "CONTRIBUTING.md", "CHANGELOG.md"].map {
            SourceTree.File(path: $0, lines: try SourceTree.text($0).components(separatedBy: "\n"))
        }
        for file in files where !file.path.hasPrefix("Tests/HouseTests/") {
            for (number, line) in file.lines.enumerated() {
                for place in ["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/"] where line.contains(place) {
                    Issue.record("\(file.path):\(number + 1) names `\(place)`")
                }
            }
        }
    }

    /// The lines of the first fenced block in this language.
    private static func block(_ language: String, in text: String) -> [String]? {
        let lines = text.components(separatedBy: "\n")
        guard let start = lines.firstIndex(of: "```\(language)"), let end = lines[(start + 1)...].firstIndex(of: "```") else { return nil }
        return Array(lines[(start + 1)..<end])
    }
}

extension StringProtocol {
    fileprivate func trimmingPrefix(while predicate: (Character) -> Bool) -> String { String(drop(while: predicate)) }
}
