import Catalog
import ContentStore
import Foundation

/// One repair, from what is there to a new catalog beside the old one and a plan of what to move. Blocks.
final class StoreRepair {
    struct Outcome: Sendable {
        let report: RepairReport
        let plan: RepairPlan
        let work: String
        /// The rebuilt catalog.
        let catalog: String
        let storeID: String
    }

    let layout: StoreLayout
    let disk: any StoreDisk
    let owner: String
    let replicas: [String]
    let isDryRun: Bool
    let work: String
    let storeID: String
    let saver: PackSaver
    var report: RepairReport
    /// Below the store's folder, with what goes aside.
    var aside: [String] = []
    /// Packs that are damaged or that the catalog does not name: by path, for saving from.
    var surveys: [PackSurvey] = []
    /// Files in `packs/` that the catalog names and that are whole.
    var wholePacks: [PackName] = []
    /// Packs of the catalog whose files are missing or go aside.
    var gonePacks: [PackName] = []
    /// Chunks whose base the catalog did not know when their pack was read.
    var postponed: [(id: ChunkID, chunk: PackedChunk, pack: PackName)] = []

    init(_ layout: StoreLayout, options: StateStore.Options, work: String, replicas: [String], isDryRun: Bool) throws {
        self.layout = layout
        disk = options.disk
        owner = options.owner
        self.replicas = replicas
        self.isDryRun = isDryRun
        self.work = work
        try Self.prepare(layout, disk, work: work, isDryRun: isDryRun)
        storeID = try Self.settleID(layout, disk)
        saver = PackSaver(folder: work, packsFolder: layout.packs, disk: disk, isDryRun: isDryRun)
        report = RepairReport(basis: .catalog, isDryRun: isDryRun)
    }

    /// Carries on a repair that was cut off, and clears what one left that had not come as far.
    private static func prepare(_ layout: StoreLayout, _ disk: any StoreDisk, work: String, isDryRun: Bool) throws {
        try disk.createDirectory(work)
        guard !isDryRun else { return }
        if let plan = try RepairPlan.load(layout, disk) { try plan.carryOut(layout, disk) }
        for name in try disk.list(work) where name != "lock" { try disk.remove(work + "/" + name) }
    }

    /// The store's id: of its `format` file, else of its catalog or copy, else a new one.
    private static func settleID(_ layout: StoreLayout, _ disk: any StoreDisk) throws -> String {
        do {
            if let id = try layout.storeID(on: disk) { return id }
        } catch let error as StrataError {
            // A newer store is not ours to repair; an unreadable file is written anew.
            if error.context["formatVersion"] != nil { throw error }
        }
        let found = [layout.catalog, layout.catalogCopy].lazy.compactMap { Catalog.health(at: $0, thorough: false, onlyIdentity: true).identity }
        return found.first?.storeID ?? UUID().uuidString.lowercased()
    }

    var rebuiltPath: String { work + "/catalog.sqlite" }
    private var rebuiltCopyPath: String { work + "/catalog.copy.sqlite" }

    func run() throws -> Outcome {
        do {
            return try runKeepingWork()
        } catch {
            try? disk.clearFolder(work)
            throw error
        }
    }

    private func runKeepingWork() throws -> Outcome {
        let basis = try RepairBasis.choose(self)
        if !isDryRun { for folder in [layout.packs, layout.staging] { try disk.createDirectory(folder) } }
        report.basis = basis.kind
        report.catalogProblem = basis.problem
        report.remarks += basis.remarks
        let rebuild = try CatalogRebuild(at: rebuiltPath, storeID: storeID, on: disk)
        if basis.needsTidying { try rebuild.tidy(settingsJSON: JSON.encode(ModelSettings())) }
        report.remarks += rebuild.remarks
        if basis.kind != .catalog { try rebuild.clearSessions() }
        let before = rebuild.changes
        try surveyPacks(rebuild)
        try recover(rebuild, basis)
        try replaceUnreadable(rebuild)
        report.losses = try rebuild.lackingStates().map { state in
            Damage(
                modelID: ModelID(unchecked: state.modelID), stateID: StateID(unchecked: state.stateID),
                message: state.hasItsSize
                    ? "the catalog counted \(state.keyCount) more of the state's keys: they had no bytes and are lost, or the count was damaged"
                    : "\(state.keyCount) of the state's keys are lost with their names")
        }
        try rebuild.recount()
        report.lostChunks = try rebuild.lostChunks().count
        report.correctedRows = rebuild.changes - before
        let isUnchanged = basis.kind == .catalog && rebuild.changes == 0
        try rebuild.finish()
        try nameWhatIsMissing(basis)
        let plan = try plan(catalogIsUnchanged: isUnchanged)
        return Outcome(report: report, plan: plan, work: work, catalog: rebuiltPath, storeID: storeID)
    }

    /// Snapshots and datasets that the damaged catalog still names and the new one has not.
    private func nameWhatIsMissing(_ basis: RepairBasis) throws {
        guard let other = basis.other, basis.kind != .catalog else { return }
        let found = try CatalogRebuild.publicIDs(at: other)
        let kept = try CatalogRebuild.publicIDs(at: rebuiltPath)
        for (kind, ids) in found.sorted(by: { $0.key < $1.key }) {
            for id in ids.subtracting(kept[kind] ?? []).sorted() {
                report.remarks.append("\(kind.dropLast()) `\(id)` was named by the damaged catalog and could not be saved")
            }
        }
    }

    /// What is moved where, once all that is new is durable.
    private func plan(catalogIsUnchanged: Bool) throws -> RepairPlan {
        let number = try layout.nextQuarantine(on: disk)
        func quarantined(_ path: String) -> String { "quarantine/\(number)/\(path)" }
        var plan = RepairPlan()
        if !catalogIsUnchanged {
            if !isDryRun { try prepareCatalogs() }
            for name in ["catalog.sqlite-wal", "catalog.sqlite-shm", "catalog.sqlite"] {
                plan.moves.append(.init(from: name, to: quarantined(name), whileThereIs: "repair/catalog.sqlite"))
            }
            plan.moves.append(.init(from: "repair/catalog.sqlite", to: "catalog.sqlite"))
            plan.moves.append(
                .init(from: "catalog.copy.sqlite", to: quarantined("catalog.copy.sqlite"), whileThereIs: "repair/catalog.copy.sqlite"))
            plan.moves.append(.init(from: "repair/catalog.copy.sqlite", to: "catalog.copy.sqlite"))
            if try disk.status(layout.catalog) != nil { report.quarantined.append(quarantined("catalog.sqlite")) }
        }
        for path in aside.sorted() {
            plan.moves.append(.init(from: path, to: quarantined(path)))
            report.quarantined.append(quarantined(path))
        }
        if (try? layout.storeID(on: disk)) == nil {
            if !isDryRun { try writeDurably("strata \(StoreLayout.formatVersion) \(storeID)\n", to: work + "/format") }
            plan.moves.append(.init(from: "format", to: quarantined("format"), whileThereIs: "repair/format"))
            plan.moves.append(.init(from: "repair/format", to: "format"))
            report.remarks.append("the file `format` was missing or unreadable and is written anew")
            report.correctedRows += 1
        }
        return plan
    }

    private func prepareCatalogs() throws {
        try CatalogRebuild.copy(rebuiltPath, to: rebuiltCopyPath, on: disk)
        for path in [rebuiltPath, rebuiltCopyPath] { try disk.open(path, .readWrite).sync() }
        try disk.syncDirectory(work)
    }

    private func writeDurably(_ text: String, to path: String) throws {
        let file = try disk.open(path, .create)
        let bytes = Array(text.utf8)
        try bytes.withUnsafeBytes { buffer in try Result { () throws(ContentError) in try file.write(buffer, at: 0) }.get() }
        try file.sync()
        try disk.syncDirectory(work)
    }
}
