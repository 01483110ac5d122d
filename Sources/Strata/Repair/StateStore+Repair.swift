import Catalog
import ContentStore
import Foundation

extension StateStore {
    /// Puts a damaged store right as far as anything of it is left; static, because a broken store cannot be opened.
    ///
    /// The catalog is put together from what is newest of the catalog, the rows of it that can be read, and its copy; then
    /// from the packs, whose commit records name the states that it does not know. Damaged chunks are replaced from any other
    /// copy: another pack, quarantine, a replica. What was damaged is moved to `quarantine/`, after what could be saved is
    /// saved; nothing is removed. A repair that was cut off is carried on by the next. A sound store is left as it is.
    ///
    /// - Parameters:
    ///   - dryRun: only tells what would be done. It works in the system's folder for temporary files.
    ///   - replicas: folders of other stores or backups, whose packs may hold what is lost here.
    /// - Throws: `store_not_found`, `conflict` (a process has the store open), `unsupported_format` (a newer store), `no_space`, `io`.
    /// - Complexity: reads every pack once, and the catalog several times. Memory: what packs say of themselves that the
    ///   catalog does not know, and a counter for each chunk.
    public static func repair(
        at path: String, dryRun: Bool = false, from replicas: [String] = [], options: Options = Options()
    ) async throws(StrataError) -> RepairReport {
        try await translating {
            let root = URL(fileURLWithPath: path).standardizedFileURL.path
            let layout = StoreLayout(root: root)
            var options = options
            options.disk = SecondLookDisk(disk: options.disk)
            let (disk, settled) = (options.disk, options)
            let lock = try await blocking { try RepairLock(layout, disk, isDryRun: dryRun) }
            let replicas = replicas.map { URL(fileURLWithPath: $0).standardizedFileURL.path }
            let outcome = try await blocking {
                let work = dryRun ? NSTemporaryDirectory() + "/strata-repair-\(UUID().uuidString)" : layout.repairFolder
                let repair = try StoreRepair(layout, options: settled, work: work, replicas: replicas, isDryRun: dryRun)
                return try repair.run()
            }
            var report = outcome.report
            report.losses += try await RepairLosses(catalogAt: outcome.catalog, storeID: outcome.storeID).find()
            let (found, plan) = (report, outcome.plan)
            try await blocking {
                if !dryRun, found.needsRepair {
                    try plan.commit(layout, disk)
                    try plan.carryOut(layout, disk)
                }
                try lock.finish(work: outcome.work)
            }
            return report
        }
    }
}

/// Keeps sessions out while a repair runs, and one repair at a time.
struct RepairLock {
    private let layout: StoreLayout
    private let disk: any StoreDisk
    private let isDryRun: Bool
    private let purpose: String
    private let file: (any DiskFile)?
    /// Of a backup's marker: keeps backups out.
    private let backupLock: (any DiskFile)?

    /// - Parameter purpose: what errors say cannot be done now.
    init(_ layout: StoreLayout, _ disk: any StoreDisk, isDryRun: Bool, purpose: String = "repairing") throws {
        (self.layout, self.disk, self.isDryRun, self.purpose) = (layout, disk, isDryRun, purpose)
        let isStore = try [layout.formatFile, layout.catalog, layout.catalogCopy, layout.packs].contains { try disk.status($0) != nil }
        guard isStore else {
            throw StrataError(.storeNotFound, "there is no store at `\(layout.root)`", context: ["path": layout.root])
        }
        if isDryRun {
            (file, backupLock) = (nil, nil)
        } else {
            backupLock = try disk.status(layout.backupMarker) == nil ? nil : disk.open(layout.backupMarker, .readWrite)
            guard try backupLock.map(FolderRules.lock) ?? true else { throw Self.inUse(layout, "a backup into it", purpose) }
            try disk.createDirectory(layout.repairFolder)
            let lock = try disk.open(layout.repairLock, .readWrite)
            guard try lock.tryLock() else { throw Self.inUse(layout, "a repair or restore", purpose) }
            file = lock
        }
        let live = try disk.status(layout.staging) == nil ? [] : StagingFolder(path: layout.staging, disk: disk).liveSessions()
        guard live.isEmpty else { throw Self.inUse(layout, "\(live.count) open session\(live.count == 1 ? "" : "s")", purpose) }
    }

    private static func inUse(_ layout: StoreLayout, _ what: String, _ purpose: String) -> StrataError {
        StrataError(
            .conflict, "the store `\(layout.root)` is in use by \(what); end that before \(purpose) it", context: ["path": layout.root])
    }

    /// Removes the repair's own work. What it has put into place stands under other names by now.
    func finish(work: String) throws {
        try disk.clearFolder(work)
        try disk.removeDirectory(work)
    }
}

extension StoreDisk {
    /// Removes the files of a folder that holds no folders.
    func clearFolder(_ path: String) throws {
        guard try status(path) != nil else { return }
        for name in try list(path) { try remove(path + "/" + name) }
    }
}
