import Foundation

/// Prints a command's result: a document, or text for people.
struct Output: Sendable {
    let isJSON: Bool

    /// Whether progress is shown: to a person who watches, and not among JSON.
    var showsProgress: Bool { !isJSON && StandardError.isTerminal }

    /// Makes only the one of the two that is asked for.
    func show(_ document: @autoclosure () throws -> some JSONDocument, _ text: () -> String) async throws {
        let body = isJSON ? JSONText.encode(try document()) : text()
        try await StandardOutput.write(body.hasSuffix("\n") ? body : body + "\n")
    }

    /// Says something beside the result; nothing with `--json`.
    func note(_ text: String) {
        if !isJSON { StandardError.write(text + "\n") }
    }
}

/// A result as JSON. Fields are never renamed or removed; new ones may come.
protocol JSONDocument: Encodable {
    /// All fields, by their path: `items[].id`.
    static var fields: [JSONField] { get }
}

struct JSONField: Encodable {
    let path: String
    let meaning: String

    init(_ path: String, _ meaning: String) {
        self.path = path
        self.meaning = meaning
    }

}

extension [JSONField] {
    /// The fields of a part of a document.
    func below(_ prefix: String) -> [JSONField] { map { JSONField("\(prefix).\($0.path)", $0.meaning) } }

    /// Several lists as one. (Joined with `+`, literals this long take the compiler minutes.)
    static func all(_ parts: [JSONField]...) -> [JSONField] { parts.flatMap(\.self) }
}

enum JSONText {
    static func encode(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(value), as: UTF8.self)
        } catch {
            // Only a number that is not finite cannot be encoded; no document holds one.
            preconditionFailure("a document cannot be encoded: \(error)")
        }
    }
}

/// Some of a list and how long the whole is.
struct ListDocument<Item: JSONDocument>: JSONDocument {
    let items: [Item]
    let total: Int

    static var fields: [JSONField] {
        .all([.init("total", "how many there are before --offset and --limit")], Item.fields.below("items[]"))
    }
}
