import ArgumentParser
import Strata

struct RestoreView: JSONDocument {
    let path: String
    let storeId: String
    let restoredPacks: Int
    let restoredBytes: Int64
    let keptPacks: Int
    let keptBytes: Int64
    let quarantine: String?

    init(_ report: RestoreReport) {
        (path, storeId, quarantine) = (report.path, report.storeID, report.quarantine)
        (restoredPacks, restoredBytes) = (report.restoredPacks, report.restoredBytes)
        (keptPacks, keptBytes) = (report.keptPacks, report.keptBytes)
    }

    static let fields: [JSONField] = [
        .init("path", "the store's folder"), .init("storeId", "its id"),
        .init("restoredPacks", "packs that came from the backup"), .init("restoredBytes", "their bytes"),
        .init("keptPacks", "packs that were there already, and sound"), .init("keptBytes", "their bytes"),
        .init("quarantine", "where in the store's folder what was there before lies now; absent for a new store"),
    ]

    var text: String {
        var line = "restored \(Text.count(restoredPacks, "pack")) (\(Text.exactSize(restoredBytes))) to \(path)"
        if keptPacks > 0 { line += ", which had \(Text.count(keptPacks, "pack")) (\(Text.exactSize(keptBytes)))" }
        if let quarantine { line += "; what was there before is in \(quarantine)" }
        return line
    }
}

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Makes a store of a backup; every byte is checked.",
        discussion: """
            The store's folder must be new or empty. With --replace the same store may be there, open in no process: what it \
            had is put into its folder `quarantine` and never removed. A damaged backup is refused: `strata repair` on it \
            names what is lost, then it can be restored.

            Example:
              strata restore /mnt/backup/models --store models.strata
              strata restore /mnt/backup/models --store models.strata --replace
            """)

    @Argument(help: ArgumentHelp("The backup's folder.", valueName: "backup"))
    var backup: String

    @Flag(help: "Put the store that is there aside, if it is the same one.")
    var replace = false

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        var options = StateStore.Options()
        options.logger = ToolLogger.make("strata")
        let progress = Progress("restoring", global.output)
        defer { progress.finish() }
        let report = try await StateStore.restore(from: backup, to: global.path, replacing: replace, options: options) {
            progress.set($0.copiedBytes, of: $0.totalBytes)
        }
        progress.finish()
        let view = RestoreView(report)
        try await global.output.show(view) { view.text }
    }
}
