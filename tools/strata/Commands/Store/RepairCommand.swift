import ArgumentParser
import Strata

struct RepairView: JSONDocument {
    struct RecoveredStateView: Encodable {
        let modelId: String
        let stateId: String
        let name: String
    }

    struct PackView: Encodable {
        let pack: String
        let finding: String
    }

    let dryRun: Bool
    let basis: String
    let catalogProblem: String?
    let correctedRows: Int
    let packs: [PackView]
    let recoveredStates: [RecoveredStateView]
    let recoveredModels: [String]
    let healedChunks: Int
    let lostChunks: Int
    let quarantined: [String]
    let losses: [VerificationView.DamageView]
    let remarks: [String]

    init(_ report: RepairReport) {
        dryRun = report.isDryRun
        basis = report.basis.rawValue
        catalogProblem = report.catalogProblem
        correctedRows = report.correctedRows
        packs = report.packs.sorted { $0.key < $1.key }.map { PackView(pack: $0.key, finding: $0.value) }
        recoveredStates = report.recoveredStates.map {
            RecoveredStateView(modelId: $0.modelID.rawValue, stateId: $0.stateID.rawValue, name: $0.name)
        }
        recoveredModels = report.recoveredModels.map(\.rawValue)
        healedChunks = report.healedChunks
        lostChunks = report.lostChunks
        quarantined = report.quarantined
        losses = report.losses.map(VerificationView.DamageView.init)
        remarks = report.remarks
    }

    static let fields: [JSONField] = .all([
        .init("dryRun", "true when nothing was changed"),
        .init("basis", "what the catalog was put together from: catalog, salvaged_catalog, catalog_copy, salvaged_copy, packs"),
        .init("catalogProblem", "what is wrong with the catalog; absent for a sound one"),
        .init("correctedRows", "rows of the catalog that were put right, entered or moved"),
        .init("packs[].pack", "a pack that was damaged, missing or unknown"), .init("packs[].finding", "what was found"),
        .init("recoveredStates[].modelId", "the model of a state that is there again"), .init("recoveredStates[].stateId", "the state"),
        .init("recoveredStates[].name", "its name"), .init("recoveredModels", "models that were made again for their states"),
        .init("healedChunks", "chunks that another copy healed"), .init("lostChunks", "chunks that are nowhere to be found"),
        .init("quarantined", "where what was put aside lies now"),
        .init("remarks", "what cannot be named by place"),
    ], VerificationView.DamageView.fields.below("losses[]"))

    func text(_ places: [Damage]) -> String {
        var lines: [String] = []
        if let catalogProblem { lines.append("the catalog was rebuilt from the \(basis): \(catalogProblem)") }
        lines += packs.map { "pack \($0.pack): \(Text.printable($0.finding))" }
        lines += recoveredStates.map { "recovered: state `\(Text.printable($0.name))` (\($0.stateId)) of model \($0.modelId)" }
        lines += quarantined.map { "put aside: \($0)" }
        lines += remarks.map { Text.printable($0) }
        lines += places.map { "lost, \(VerificationView.line($0))" }
        let counts =
            "\(Text.count(correctedRows, "row")) put right, \(Text.count(healedChunks, "chunk")) healed, \(Text.count(lostChunks, "chunk")) lost"
        return (lines + [dryRun ? "would be: \(counts)" : counts]).joined(separator: "\n")
    }
}

struct RepairCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair", abstract: "Puts a damaged store right, from the catalog, its copy and the packs; removes nothing.",
        discussion: """
            No process may have the store open. What was damaged is moved to the store's folder `quarantine`. Ends with \
            exit code 11 when bytes are lost for good, and names where.

            Example:
              strata repair --dry-run
              strata repair --from /mnt/replica.strata
            """)

    @Flag(help: "Only say what would be done.")
    var dryRun = false
    @Option(help: "Another store, or a copy of this one, whose packs may hold what is lost here; may be repeated.")
    var from: [String] = []

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        var options = StateStore.Options()
        options.logger = ToolLogger.make("strata")
        let report = try await StateStore.repair(at: global.path, dryRun: dryRun, from: from, options: options)
        let view = RepairView(report)
        try await global.output.show(view) { view.text(report.losses) }
        guard report.losses.isEmpty else {
            throw StrataError(.corrupted, "\(Text.count(report.losses.count, "place")) in the store \(report.losses.count == 1 ? "is" : "are") lost")
        }
    }
}
