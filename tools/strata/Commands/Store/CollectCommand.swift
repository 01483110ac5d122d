import ArgumentParser
import Strata

/// What a collection removed, or would.
struct CollectionView: JSONDocument {
    struct Garbage: Encodable {
        let valueCount: Int
        let inlineBytes: Int64
        let chunkCount: Int
        let chunkBytes: Int64
        let packCount: Int
        let packBytes: Int64

        init(_ garbage: CollectedGarbage) {
            valueCount = garbage.valueCount
            inlineBytes = garbage.inlineBytes
            chunkCount = garbage.chunkCount
            chunkBytes = garbage.chunkBytes
            packCount = garbage.packCount
            packBytes = garbage.packBytes
        }

        static let fields: [JSONField] = [
            .init("valueCount", "values (under keys, files, items)"),
            .init("inlineBytes", "bytes of those that lay in the catalog"), .init("chunkCount", "chunks"),
            .init("chunkBytes", "their bytes in packs"), .init("packCount", "pack files"),
            .init("packBytes", "the files' sizes: what the file system gets back"),
        ]
    }

    struct Session: Encodable {
        let token: String?
        let processId: Int?

        init(_ session: HoldingSession) {
            token = session.token
            processId = session.processID
        }

        static let fields: [JSONField] = [
            .init("token", "the session's folder below staging/; absent for those that only read"), .init("processId", "its process, where it is known"),
        ]
    }

    let dryRun: Bool
    let removed: Garbage
    let waiting: Garbage?
    let compactableBytes: Int64
    let sessions: [Session]

    init(_ plan: CollectionPlan) {
        dryRun = true
        removed = Garbage(plan.removable)
        waiting = Garbage(plan.waiting)
        compactableBytes = plan.compactableBytes
        sessions = plan.sessions.map(Session.init)
    }

    init(_ report: CollectionReport) {
        dryRun = false
        removed = Garbage(report.removed)
        waiting = nil
        compactableBytes = report.compactableBytes
        sessions = report.sessions.map(Session.init)
    }

    static let fields: [JSONField] = .all(
        [.init("dryRun", "true when nothing was changed")], Garbage.fields.below("removed"), Garbage.fields.below("waiting"),
        [.init("compactableBytes", "dead bytes in packs that stay, because something in them is in use")],
        Session.fields.below("sessions[]"))

    var text: String {
        var lines = [dryRun ? "would remove \(Self.line(removed))" : "removed \(Self.line(removed))"]
        if let waiting, waiting.valueCount + waiting.chunkCount + waiting.packCount > 0 {
            lines.append("waits for \(Text.count(sessions.count, "session")): \(Self.line(waiting))")
        }
        for session in sessions {
            let who = session.token.map { "session \($0)\(session.processId.map { " of process \($0)" } ?? "")" } ?? "a reader"
            lines.append("\(who) keeps what was deleted since it began")
        }
        if compactableBytes > 0 { lines.append("\(Text.exactSize(compactableBytes)) dead in packs that stay, because something in them is in use") }
        return lines.joined(separator: "\n")
    }

    private static func line(_ garbage: Garbage) -> String {
        "\(Text.count(garbage.packCount, "pack")) (\(Text.exactSize(garbage.packBytes))), "
            + "\(Text.count(garbage.chunkCount, "chunk")) (\(Text.exactSize(garbage.chunkBytes))), "
            + "\(Text.count(garbage.valueCount, "value")) (\(Text.exactSize(garbage.inlineBytes)) of them in the catalog)"
    }
}

struct CollectCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "collect", abstract: "Removes from disk what deleted states, snapshots, files and datasets have left.",
        discussion: """
            Runs beside readers and writers and keeps what they use; what they hold goes with a later run. With --dry-run it \
            says exactly what would go, and changes nothing.

            Example:
              strata collect --dry-run
              strata collect
            """)
    static let access = StoreAccess.writing

    @Flag(help: "Only say what would be removed.")
    var dryRun = false

    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        let view: CollectionView
        if dryRun {
            view = CollectionView(try await store.planCollection())
        } else {
            let progress = Progress("collecting", output)
            defer { progress.finish() }
            view = CollectionView(try await store.collect { progress.set($0.chunkBytes + $0.inlineBytes) })
        }
        try await output.show(view) { view.text }
    }
}
