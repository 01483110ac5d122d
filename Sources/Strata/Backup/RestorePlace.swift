import ContentStore
import Foundation

/// The folder that a store is restored to. Blocks.
struct RestorePlace: Sendable {
    let layout: StoreLayout
    let disk: any StoreDisk
    let storeID: String
    /// Whether a store is there that is to be put aside.
    let replaces: Bool

    /// Stands in the folder `repair` while a new store is made: whose packs these are.
    private var marker: String { layout.repairFolder + "/restoring" }
    private var markerLine: String { "restoring \(storeID)\n" }

    /// Looks at the folder and changes nothing.
    ///
    /// - Throws: `store_already_exists`, `invalid_parameter`.
    init(at path: String, of source: StateStore, replacing: Bool, on disk: any StoreDisk) throws {
        layout = StoreLayout(root: URL(fileURLWithPath: path).standardizedFileURL.path)
        (self.disk, storeID) = (disk, source.id)
        let root = layout.root
        try FolderRules.check(layout, on: disk, apartFrom: source.layout, "store")
        if try disk.status(layout.backupMarker) != nil {
            throw StrataError.invalidParameter("path", "`\(root)` is a backup; name another folder")
        }
        guard let found = try layout.storeID(on: disk) else {
            replaces = false
            try refuseStrangers()
            return
        }
        guard found == storeID else {
            throw StrataError.invalidParameter("path", "`\(root)` is store \(found), the backup is of store \(storeID); name another folder")
        }
        guard replacing else {
            throw StrataError(
                .storeAlreadyExists, "there is a store at `\(root)` already; name a new folder, or ask for it to be replaced",
                context: ["path": root])
        }
        replaces = true
    }

    /// A folder without a store must be empty, or what a restore of this store has left.
    private func refuseStrangers() throws {
        guard try disk.status(layout.root) != nil else { return }
        if try disk.status(marker) != nil {
            let found = try FolderRules.read(marker, on: disk)
            if found == markerLine || !found.hasSuffix("\n") { return }
            throw StrataError.invalidParameter("path", "another store's restore to `\(layout.root)` was cut off; name a new or empty folder")
        }
        let names = try disk.list(layout.root)
        let strangers = names.filter { !["packs", "staging", "repair"].contains($0) }.sorted()
        let hasPacks = try names.contains("packs") && !disk.list(layout.packs).isEmpty
        guard strangers.isEmpty, !hasPacks else {
            throw StrataError.invalidParameter(
                "path", "`\(layout.root)` is not empty and no store (it has `\(strangers.first ?? "packs")`); name a new or empty folder")
        }
    }

    /// Keeps everybody else out, and clears away what a restore that was cut off was copying.
    func lock() throws -> RepairLock {
        if !replaces {
            try FolderRules.make(layout, on: disk)
            for folder in [layout.packs, layout.staging] { try disk.createDirectory(folder) }
        }
        let lock = try RepairLock(layout, disk, isDryRun: false, purpose: "restoring")
        if let plan = try RepairPlan.load(layout, disk) { try plan.carryOut(layout, disk) }
        try clearWork()
        if !replaces { try begin() }
        return lock
    }

    private func begin() throws {
        try disk.remove(marker)
        try FolderRules.write(markerLine, to: try disk.open(marker, .create))
        for folder in [layout.repairFolder, layout.root] { try disk.syncDirectory(folder) }
    }

    /// Removes what lies in the folder `repair` but its lock and marker.
    func clearWork() throws {
        for name in try disk.list(layout.repairFolder) where !["lock", "restoring"].contains(name) {
            try disk.remove(layout.repairFolder + "/" + name)
        }
    }

    /// Gives a new store its catalog and, last, its `format` file: then it exists.
    func finish() throws {
        let work = layout.repairFolder
        try disk.rename(work + "/catalog.copy.sqlite", to: layout.catalogCopy)
        try disk.rename(work + "/catalog.sqlite", to: layout.catalog)
        try disk.syncDirectory(layout.root)
        let format = work + "/format"
        try FolderRules.write("strata \(StoreLayout.formatVersion) \(storeID)\n", to: try disk.open(format, .create))
        try disk.rename(format, to: layout.formatFile)
        try disk.syncDirectory(layout.root)
        try layout.syncParent(on: disk)
    }
}
