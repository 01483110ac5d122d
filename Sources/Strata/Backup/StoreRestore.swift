import Catalog
import ContentStore
import Foundation

/// One restore: all that is new is made and checked in the folder `repair`, then put into place. Blocks: runs on a worker.
struct StoreRestore {
    private let source: StateStore
    private let place: RestorePlace
    private let lock: RepairLock
    private let gauge: CopyGauge
    private var report: RestoreReport
    /// Packs that lie in the folder `repair` until the plan is carried out.
    private var waiting: [PackName] = []
    /// Below the store's folder, with what goes aside.
    private var aside: [String] = []

    private var layout: StoreLayout { place.layout }
    private var disk: any StoreDisk { place.disk }
    private var work: String { layout.repairFolder }

    init(of source: StateStore, to place: RestorePlace, gauge: CopyGauge) throws {
        (self.source, self.place, self.gauge) = (source, place, gauge)
        lock = try place.lock()
        report = RestoreReport(path: place.layout.root, storeID: source.id)
    }

    static func damaged(_ source: StateStore, _ reason: String, cause: (any Error)? = nil) -> StrataError {
        StrataError(
            .corrupted,
            "the backup `\(source.path)` is damaged (\(reason)); nothing was restored; repair the backup with `strata repair`, which names "
                + "what is lost, then restore it", context: ["path": source.path], cause: cause)
    }

    mutating func run() throws -> RestoreReport {
        do {
            try prepare()
        } catch {
            try? place.clearWork()
            throw error
        }
        if place.replaces {
            let plan = try plan()
            try plan.commit(layout, disk)
            try plan.carryOut(layout, disk)
        } else {
            try place.finish()
        }
        try lock.finish(work: work)
        return report
    }

    /// Everything up to the point where the store changes.
    private mutating func prepare() throws {
        try gauge.advance()
        let path = work + "/catalog.sqlite"
        let catalog = try BackupCatalog(of: source.catalog, at: path, on: disk)
        defer { try? catalog.close() }
        if let problem = Catalog.health(at: path, thorough: true).problem { throw Self.damaged(source, "its catalog: \(problem)") }
        try expectBytes(catalog)
        for number in PackComparison.folders { try restore(number, catalog) }
        try disk.syncDirectory(layout.packs)
        try catalog.close()
        try disk.open(path, .readWrite).sync()
        try FolderRules.copy(path, to: work + "/catalog.copy.sqlite", on: disk)
        try disk.syncDirectory(work)
    }

    private func expectBytes(_ catalog: BackupCatalog) throws {
        var bytes: Int64 = 0
        for number in PackComparison.folders { bytes += try catalog.packs(in: number).reduce(0) { $0 + $1.sizeBytes } }
        gauge.expect(bytes)
    }

    private mutating func restore(_ number: UInt8, _ catalog: BackupCatalog) throws {
        let found = try PackComparison(number, of: catalog, in: layout.packs, on: disk)
        for pack in found.present {
            if try check(pack.name, in: layout.packs, disk) == nil {
                report.keptPacks += 1
                report.keptBytes += pack.sizeBytes
            } else {
                try put(pack, isThere: true)
            }
        }
        for pack in found.missing { try put(pack, isThere: try disk.status(layout.packs + "/" + pack.name.relativePath) != nil) }
        for file in found.surplus {
            // A new store's folder has copies of what the backup had, no more.
            if place.replaces { aside.append("packs/" + file.path) } else { try disk.remove(layout.packs + "/" + file.path) }
        }
        if !place.replaces, !found.missing.isEmpty { try disk.syncDirectory(layout.packs + "/" + PackComparison.name(number)) }
    }

    private func check(_ name: PackName, in packs: String, _ disk: any StoreDisk) throws -> ContentError? {
        try PackCopier(name, at: packs + "/" + name.relativePath, disk: disk).copy(to: nil) { try gauge.advance(by: $0) }
    }

    /// Copies a pack out of the backup. Where a store is replaced it waits for the plan.
    ///
    /// - Parameter isThere: the store has a file of this name, which is damaged.
    private mutating func put(_ pack: PackCheckRow, isThere: Bool) throws {
        let name = pack.name
        let target = work + "/\(name).pack"
        let copier = PackCopier(name, at: source.layout.packs + "/" + name.relativePath, disk: source.options.disk)
        if let problem = try copier.copy(to: (target, disk), advanced: { try gauge.advance(by: $0) }) {
            throw Self.damaged(source, "pack \(name): \(problem.message)", cause: problem)
        }
        report.restoredPacks += 1
        report.restoredBytes += pack.sizeBytes
        if place.replaces {
            waiting.append(name)
            if isThere { aside.append("packs/" + name.relativePath) }
        } else {
            try disk.createDirectory(layout.packs + "/" + PackComparison.name(name.digest.bytes[0]))
            try disk.rename(target, to: layout.packs + "/" + name.relativePath)
        }
    }

    /// What changes places once everything new is durable.
    private mutating func plan() throws -> RepairPlan {
        let number = try layout.nextQuarantine(on: disk)
        func quarantined(_ path: String) -> String { "quarantine/\(number)/\(path)" }
        report.quarantine = "quarantine/\(number)"
        var plan = RepairPlan()
        let waiting = Set(waiting.map { "packs/" + $0.relativePath })
        for path in aside.sorted() {
            let new = "repair/" + (path as NSString).lastPathComponent
            plan.moves.append(.init(from: path, to: quarantined(path), whileThereIs: waiting.contains(path) ? new : nil))
        }
        for path in waiting.sorted() { plan.moves.append(.init(from: "repair/" + (path as NSString).lastPathComponent, to: path)) }
        plan.moves.append(.init(from: "verification", to: quarantined("verification")))
        for name in ["catalog.sqlite-wal", "catalog.sqlite-shm", "catalog.sqlite"] {
            plan.moves.append(.init(from: name, to: quarantined(name), whileThereIs: "repair/catalog.sqlite"))
        }
        plan.moves.append(.init(from: "repair/catalog.sqlite", to: "catalog.sqlite"))
        plan.moves.append(
            .init(from: "catalog.copy.sqlite", to: quarantined("catalog.copy.sqlite"), whileThereIs: "repair/catalog.copy.sqlite"))
        plan.moves.append(.init(from: "repair/catalog.copy.sqlite", to: "catalog.copy.sqlite"))
        return plan
    }
}
