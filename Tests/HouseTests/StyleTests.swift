import Testing

/// The part of CONTRIBUTING.md's style that a machine can see.
@Suite struct StyleTests {
    static let functionLinesMax = 70
    static let fileLinesMax = 400
    static let lineWidthMax = 180
    /// Each unchecked mark is a proof that a reader must check: their count may fall, never rise.
    static let uncheckedMarksMax = 8

    @Test func functionsAreShort() throws {
        for file in try SourceTree.swiftFiles() {
            for function in Self.functions(in: file.lines) where function.lineCount > Self.functionLinesMax {
                Issue.record("\(file.path):\(function.line): a function of \(function.lineCount) lines; \(Self.functionLinesMax) are allowed")
            }
        }
    }

    @Test func filesAreShort() throws {
        for file in try SourceTree.swiftFiles() where file.lines.count > Self.fileLinesMax {
            Issue.record("\(file.path) has \(file.lines.count) lines; \(Self.fileLinesMax) are allowed")
        }
    }

    @Test func linesFitTheScreen() throws {
        for file in try SourceTree.swiftFiles() where !file.path.hasPrefix("Tests/") {
            for (number, line) in file.lines.enumerated() where line.count > Self.lineWidthMax {
                Issue.record("\(file.path):\(number + 1) has \(line.count) columns; \(Self.lineWidthMax) are allowed")
            }
        }
    }

    @Test func nothingIsLeftForLater() throws {
        let leftovers = ["TO" + "DO", "FIX" + "ME", "XX" + "X:", "fatal" + "Error(", "try" + "!"]
        for file in try SourceTree.swiftFiles() where !file.path.hasPrefix("Tests/") {
            for (number, line) in file.lines.enumerated() {
                for word in leftovers where line.contains(word) {
                    Issue.record("\(file.path):\(number + 1) holds `\(word)`; finish it, throw, or use preconditionFailure with a sentence")
                }
            }
        }
    }

    @Test func uncheckedMarksAreFewAndProved() throws {
        var marks = 0
        for file in try SourceTree.swiftFiles() where file.path.hasPrefix("Sources/") || file.path.hasPrefix("tools/") {
            for (number, line) in file.lines.enumerated() where Self.isUnchecked(line) {
                marks += 1
                let before = file.lines[max(0, number - 8)..<number].joined(separator: "\n")
                #expect(before.contains("Unchecked:"), "\(file.path):\(number + 1): say in a sentence that begins with `Unchecked:` why this is safe")
            }
        }
        #expect(marks <= Self.uncheckedMarksMax, "\(marks) unchecked concurrency marks; \(Self.uncheckedMarksMax) are allowed")
    }

    private static func isUnchecked(_ line: String) -> Bool {
        let code = line.split(separator: "//", omittingEmptySubsequences: false)[0]
        return code.contains("@unchecked " + "Sendable") || code.contains("nonisolated" + "(unsafe)")
    }

    /// Functions by their opening line and the line of equal indentation that closes them.
    static func functions(in lines: [String]) -> [(line: Int, lineCount: Int)] {
        var found: [(line: Int, lineCount: Int)] = []
        var open: (line: Int, indent: Int)?
        for (number, line) in lines.enumerated() {
            let indent = line.prefix { $0 == " " }.count
            if open == nil, isFunctionHead(line) { open = (number, indent) }
            if let start = open, indent == start.indent, line.dropFirst(indent).hasPrefix("}") {
                found.append((start.line + 1, number - start.line + 1))
                open = nil
            }
        }
        return found
    }

    private static func isFunctionHead(_ line: String) -> Bool {
        let words = line.split(separator: " ")
        guard let index = words.firstIndex(where: { $0 == "func" || $0.hasPrefix("init(") }) else { return false }
        let modifiers: Set<Substring> = [
            "public", "internal", "private", "fileprivate", "package", "static", "mutating", "consuming", "borrowing",
            "nonisolated", "override", "final", "convenience",
        ]
        return words[..<index].allSatisfy { modifiers.contains($0) || $0.hasPrefix("@") } && !line.hasSuffix("}")
    }
}
