import ArgumentParser
import Strata

/// What a compaction did, or would.
struct CompactionView: JSONDocument {
    let dryRun: Bool
    let packCount: Int
    let packBytes: Int64
    let copiedCount: Int
    let copiedBytes: Int64
    let reencodedCount: Int
    let reencodedBytes: Int64
    let releasedCount: Int
    let releasedBytes: Int64
    let writtenPackCount: Int
    let writtenBytes: Int64
    let catalogBytes: Int64
    let freedBytes: Int64
    let removedPackCount: Int?
    let removedPackBytes: Int64?
    let deadBytes: Int64
    let deadShare: Double
    let damagedPacks: [String]
    let catalogNeedsRebuild: Bool
    let sessions: [CollectionView.Session]

    init(_ plan: CompactionPlan) {
        self.init(plan.figures, removed: nil, plan.waste, plan.damagedPacks, plan.catalogNeedsRebuild, plan.sessions)
    }

    init(_ report: CompactionReport) {
        self.init(
            report.figures, removed: report.removed, report.waste, report.damagedPacks, report.catalogNeedsRebuild, report.sessions)
    }

    private init(
        _ figures: CompactionFigures, removed: CollectedGarbage?, _ waste: PackWaste, _ damagedPacks: [String],
        _ catalogNeedsRebuild: Bool, _ sessions: [HoldingSession]
    ) {
        dryRun = removed == nil
        packCount = figures.packCount
        packBytes = figures.packBytes
        copiedCount = figures.copiedCount
        copiedBytes = figures.copiedBytes
        reencodedCount = figures.reencodedCount
        reencodedBytes = figures.reencodedBytes
        releasedCount = figures.releasedCount
        releasedBytes = figures.releasedBytes
        writtenPackCount = figures.writtenPackCount
        writtenBytes = figures.writtenBytes
        catalogBytes = figures.catalogBytes
        freedBytes = figures.freedBytes
        removedPackCount = removed?.packCount
        removedPackBytes = removed?.packBytes
        deadBytes = waste.deadBytes
        deadShare = waste.share
        self.damagedPacks = damagedPacks
        self.catalogNeedsRebuild = catalogNeedsRebuild
        self.sessions = sessions.map(CollectionView.Session.init)
    }

    static let fields: [JSONField] = .all(
        [
            .init("dryRun", "true when nothing was changed"), .init("packCount", "old packs that nothing in use is left in"),
            .init("packBytes", "the sizes of their files"), .init("copiedCount", "chunks that are copied as they are stored"),
            .init("copiedBytes", "their bytes"), .init("reencodedCount", "differences that are encoded without their base"),
            .init("reencodedBytes", "their bytes after that"), .init("releasedCount", "bases that nothing needs then"),
            .init("releasedBytes", "their bytes"), .init("writtenPackCount", "new packs"),
            .init("writtenBytes", "the sizes of their files"), .init("catalogBytes", "bytes that the catalog's file gives back"),
            .init("freedBytes", "what the file system gets back in the end: packBytes - writtenBytes + catalogBytes"),
            .init("removedPackCount", "pack files that are gone already; absent in a dry run"),
            .init("removedPackBytes", "the sizes of those; absent in a dry run"),
            .init("deadBytes", "dead bytes in packs: before, in a dry run; else what is left"),
            .init("deadShare", "their share of all chunks' bytes in packs, 0 to 1"),
            .init("damagedPacks[]", "packs that are left as they are, because something in them is damaged"),
            .init("catalogNeedsRebuild", "true when only --rebuild-catalog makes the catalog's file smaller"),
        ], CollectionView.Session.fields.below("sessions[]"))

    var text: String {
        let (rewrite, write, free) = dryRun ? ("would replace", "would write", "would free") : ("replaced", "wrote", "frees")
        var lines = [
            "\(rewrite) \(Text.count(packCount, "pack")) (\(Text.exactSize(packBytes)))",
            "\(write) \(Text.count(writtenPackCount, "pack")) (\(Text.exactSize(writtenBytes))): \(Text.count(copiedCount, "chunk")) as they were, "
                + "\(Text.count(reencodedCount, "difference")) encoded anew",
        ]
        if releasedCount > 0 { lines.append("\(Text.count(releasedCount, "base")) (\(Text.exactSize(releasedBytes))) no longer needed") }
        if catalogBytes > 0 { lines.append("the catalog gives back \(Text.exactSize(catalogBytes))") }
        lines.append("\(free) \(Text.exactSize(freedBytes))")
        if let removedPackBytes, removedPackBytes < packBytes {
            lines.append("\(Text.exactSize(packBytes - removedPackBytes)) in old packs go with a later run")
        }
        for session in sessions {
            let who = session.token.map { "session \($0)\(session.processId.map { " of process \($0)" } ?? "")" } ?? "a reader"
            lines.append("\(who) keeps what it may be reading")
        }
        lines.append("\(dryRun ? "now" : "left"): \(Text.exactSize(deadBytes)) dead in packs, \(Text.percent(deadShare))")
        for pack in damagedPacks { lines.append("pack \(pack) is damaged and stays; run `strata verify`") }
        if catalogNeedsRebuild {
            lines.append("the catalog was made by an older version and cannot shrink in steps; --rebuild-catalog does it, and all writers wait for it")
        }
        return lines.joined(separator: "\n")
    }
}

struct CompactCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "compact", abstract: "Rewrites packs of which too much is dead, merges small ones, and shrinks the catalog.",
        discussion: """
            Runs beside readers and writers; old packs go once nothing reads them any more. What deleted states still hold \
            counts as in use: run `strata collect` first. With --dry-run it says exactly what would be freed and written, and \
            changes nothing.

            Example:
              strata compact --dry-run
              strata compact --max-waste 10
            """)
    static let access = StoreAccess.writing

    @Flag(help: "Only say what would be done.") var dryRun = false

    @Option(help: ArgumentHelp("Rewrite packs in which more than this is dead, 0 to 100.", valueName: "percent"))
    var maxWaste = CompactionOptions.wasteShareMaxDefault * 100

    @Option(help: ArgumentHelp("Merge packs below this size where there are many: 8MiB unless told, 0 for none.", valueName: "size"))
    var mergeBelow: ByteSize?

    @Flag(help: "Keep differences as they are, and their bases with them.") var keepBases = false

    @Flag(help: "Write the whole catalog anew; all writers wait meanwhile.") var rebuildCatalog = false

    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        var options = CompactionOptions()
        options.wasteShareMax = maxWaste / 100
        if let mergeBelow { options.mergedBelowBytes = mergeBelow.bytes }
        options.releasesBases = !keepBases
        options.rebuildsCatalog = rebuildCatalog
        let view: CompactionView
        if dryRun {
            view = CompactionView(try await store.planCompaction(options))
        } else {
            let progress = Progress("compacting", output)
            defer { progress.finish() }
            view = CompactionView(try await store.compact(options) { progress.set($0.copiedBytes + $0.reencodedBytes) })
        }
        try await output.show(view) { view.text }
    }
}
