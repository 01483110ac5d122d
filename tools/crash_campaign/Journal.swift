import Foundation
import Glibc
import Strata

/// What a writer is about to do, and what the store has acknowledged: one line each, appended to a file at once.
///
/// What was written to a file survives the writer's death (not the machine's: nothing is synced).
struct JournalEntry: Equatable {
    enum Step: String { case begun = "?", done = "!" }
    enum Action: String { case commit, delete, snapshot, unsnapshot }

    let action: Action
    let step: Step
    /// A state's id; for snapshots their name.
    let id: String
    /// For a commit the state's name, which tells its contents; for a snapshot the id of its state.
    var detail = ""

    var line: String { "\(action.rawValue)\(step.rawValue) \(id) \(detail)\n" }

    init(_ action: Action, _ step: Step, _ id: String, _ detail: String = "") {
        (self.action, self.step, self.id, self.detail) = (action, step, id, detail)
    }

    init?(line: Substring) {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, let last = words[0].last, let step = Step(rawValue: String(last)),
            let action = Action(rawValue: String(words[0].dropLast()))
        else { return nil }
        self.init(action, step, String(words[1]), String(words[2]))
    }
}

/// Appends to a journal. One write(2) a line, so that no reader sees half of one.
final class JournalWriter: Sendable {
    private let descriptor: Int32

    init(path: String) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        precondition(descriptor >= 0, "cannot open the journal \(path)")
    }

    func append(_ entry: JournalEntry) {
        let bytes = Array(entry.line.utf8)
        precondition(write(descriptor, bytes, bytes.count) == bytes.count, "cannot write the journal")
    }
}

/// Reads what was appended since the last time.
struct JournalReader {
    let path: String
    private var offset = 0

    init(path: String) { self.path = path }

    mutating func news() -> [JournalEntry] {
        guard let data = FileManager.default.contents(atPath: path), data.count > offset else { return [] }
        let text = String(decoding: data[offset...], as: UTF8.self)
        offset = data.count
        return text.split(separator: "\n").compactMap { JournalEntry(line: $0) }
    }
}
