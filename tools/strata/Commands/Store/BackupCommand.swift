import ArgumentParser
import Strata

struct BackupView: JSONDocument {
    let dryRun: Bool
    let path: String
    let copiedPacks: Int
    let copiedBytes: Int64
    let keptPacks: Int
    let keptBytes: Int64
    let removedPacks: Int
    let removedBytes: Int64
    let leftPacks: Int
    let catalogBytes: Int64

    init(_ report: BackupReport) {
        (dryRun, path) = (report.isDryRun, report.path)
        (copiedPacks, copiedBytes) = (report.copiedPacks, report.copiedBytes)
        (keptPacks, keptBytes) = (report.keptPacks, report.keptBytes)
        (removedPacks, removedBytes) = (report.removedPacks, report.removedBytes)
        (leftPacks, catalogBytes) = (report.leftPacks, report.catalogBytes)
    }

    static let fields: [JSONField] = [
        .init("dryRun", "true when nothing was changed"), .init("path", "the backup's folder"),
        .init("copiedPacks", "packs that the backup lacked"), .init("copiedBytes", "their bytes"),
        .init("keptPacks", "packs that it had already"), .init("keptBytes", "their bytes"),
        .init("removedPacks", "packs that the store no longer needs"), .init("removedBytes", "their bytes"),
        .init("leftPacks", "such packs that stay until the next backup, because somebody reads this one"),
        .init("catalogBytes", "the size of the catalog"),
    ]

    var text: String {
        let (copied, removed) = dryRun ? ("would copy", "would remove") : ("copied", "removed")
        var line = "\(copied) \(Text.count(copiedPacks, "pack")) (\(Text.exactSize(copiedBytes))) to \(path), "
        line += "which had \(Text.count(keptPacks, "pack")) (\(Text.exactSize(keptBytes)))"
        if removedPacks > 0 { line += "; \(removed) \(Text.count(removedPacks, "pack")) (\(Text.exactSize(removedBytes)))" }
        if leftPacks > 0 { line += "; \(Text.count(leftPacks, "pack")) that nothing needs stay until the next backup" }
        return line
    }
}

struct BackupCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copies the store to a backup; only what the backup lacks is copied.",
        discussion: """
            Runs beside readers and writers. The backup is the store as it was at one moment: a folder that the other \
            commands read like a store and never write to. One that is cut off leaves the backup before as it was. Ends with exit code \
            11 when packs of the store are damaged: then what is sound is copied, and the backup stays as it was before.

            Example:
              strata backup /mnt/backup/models --dry-run
              strata backup /mnt/backup/models
              strata verify --store /mnt/backup/models
            """)
    static let access = StoreAccess.values

    @Argument(help: ArgumentHelp("The backup's folder: an earlier backup of this store, or a new or empty folder.", valueName: "backup"))
    var target: String

    @Flag(help: "Only say what would be copied and removed.")
    var dryRun = false

    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        let progress = Progress("copying", output)
        defer { progress.finish() }
        let report = try await store.backUp(to: target, dryRun: dryRun) { progress.set($0.copiedBytes, of: $0.totalBytes) }
        progress.finish()
        let view = BackupView(report)
        try await output.show(view) { view.text }
    }
}
