import ContentStore
import Foundation

/// A backup's folder, locked by its marker for as long as this object lives. Blocks.
struct BackupFolder: Sendable {
    let layout: StoreLayout
    let disk: any StoreDisk
    private let storeID: String
    /// Nil in a dry run on a folder that is not there yet.
    private let lock: (any DiskFile)?

    /// Takes the folder at `path`, which is missing, empty, or an earlier backup of the same store.
    ///
    /// - Parameter source: the folder of what is backed up.
    /// - Throws: `invalid_parameter` (a folder that is none of these, or the source itself), `conflict` (another backup into it
    ///   runs, or a repair of it).
    init(at path: String, on disk: any StoreDisk, ofStore storeID: String, source: StoreLayout, isDryRun: Bool) throws {
        layout = StoreLayout(root: URL(fileURLWithPath: path).standardizedFileURL.path)
        (self.disk, self.storeID) = (disk, storeID)
        try FolderRules.check(layout, on: disk, apartFrom: source, "backup")
        guard try Self.isBackup(layout, disk) else {
            lock = isDryRun ? nil : try Self.begin(layout, disk)
            if !isDryRun { try writeMarker() }
            return
        }
        lock = try Self.takeLock(layout, disk)
        try checkOwner(isDryRun: isDryRun)
        if !isDryRun { try clearIncoming() }
    }

    /// False for a folder that can become one.
    private static func isBackup(_ layout: StoreLayout, _ disk: any StoreDisk) throws -> Bool {
        if try disk.status(layout.backupMarker) != nil { return true }
        guard try disk.status(layout.root) != nil else { return false }
        let names = try disk.list(layout.root)
        guard names.isEmpty else {
            let what = names.contains("format") ? "is a store and no backup" : "is not empty and no backup (it has `\(names.sorted()[0])`)"
            throw StrataError.invalidParameter("path", "`\(layout.root)` \(what); name an earlier backup, or a new or empty folder")
        }
        return false
    }

    private static func begin(_ layout: StoreLayout, _ disk: any StoreDisk) throws -> any DiskFile {
        try FolderRules.make(layout, on: disk)
        return try takeLock(layout, disk)
    }

    private static func takeLock(_ layout: StoreLayout, _ disk: any StoreDisk) throws -> any DiskFile {
        let file = try disk.open(layout.backupMarker, .readWrite)
        guard try FolderRules.lock(file) else {
            throw StrataError(
                .conflict, "another backup into `\(layout.root)`, or a repair of it, is running; wait until that has ended",
                context: ["path": layout.root])
        }
        return file
    }

    private var markerLine: String { "backup \(StoreLayout.formatVersion) \(storeID)\n" }

    /// The marker comes first of all, so that a backup that is cut off is known for one.
    private func writeMarker() throws {
        try FolderRules.write(markerLine, to: lock!)
        for folder in [layout.packs, layout.staging, layout.incoming] { try disk.createDirectory(folder) }
        try disk.syncDirectory(layout.root)
        try layout.syncParent(on: disk)
    }

    private func checkOwner(isDryRun: Bool) throws {
        let found = try FolderRules.read(layout.backupMarker, on: disk)
        let isCutOff = try !(found.hasSuffix("\n")) && disk.status(layout.formatFile) == nil
        if isCutOff {
            if !isDryRun { try writeMarker() }
            return
        }
        guard found == markerLine else {
            let words = found.split(whereSeparator: \.isWhitespace)
            let owner = words.count == 3 && words[0] == "backup" ? "is the backup of store \(words[2])" : "has a file `backup` that cannot be read"
            throw StrataError.invalidParameter("path", "`\(layout.root)` \(owner), this is store \(storeID); name another folder")
        }
        if let id = try layout.storeID(on: disk), id != storeID {
            throw StrataError.invalidParameter("path", "`\(layout.root)` holds store \(id), this is store \(storeID); name another folder")
        }
        guard try disk.status(RepairPlan.path(in: layout)) == nil else {
            throw StrataError(.conflict, "a repair of the backup `\(layout.root)` was cut off; run `strata repair` on it", context: ["path": layout.root])
        }
        // A log beside another catalog would be taken for that one's.
        for ending in ["-wal", "-journal"] where try disk.status(layout.catalog + ending)?.sizeBytes ?? 0 > 0 {
            throw StrataError(
                .conflict, "`\(layout.catalog)\(ending)` shows that another program writes to the backup; name another folder",
                context: ["path": layout.root])
        }
    }

    /// What a backup that was cut off was copying.
    func clearIncoming() throws {
        try disk.clearFolder(layout.incoming)
        for folder in [layout.packs, layout.staging, layout.incoming] { try disk.createDirectory(folder) }
    }

    /// Puts the catalog that lies in `incoming/` in the place of the backup's: from then on the backup is the new one.
    ///
    /// The second copy comes first: whichever of the two is older when a crash comes between, both tell a whole backup.
    func commit() throws {
        let (new, newCopy) = (layout.incoming + "/catalog.sqlite", layout.incoming + "/catalog.copy.sqlite")
        try disk.open(new, .readWrite).sync()
        try FolderRules.copy(new, to: newCopy, on: disk)
        try disk.rename(newCopy, to: layout.catalogCopy)
        try disk.rename(new, to: layout.catalog)
        try disk.syncDirectory(layout.root)
        try finish()
    }

    /// Gives a new backup its `format` file: now it is a store.
    private func finish() throws {
        if try disk.status(layout.formatFile) == nil {
            let new = layout.incoming + "/format"
            try FolderRules.write("strata \(StoreLayout.formatVersion) \(storeID)\n", to: try disk.open(new, .create))
            try disk.rename(new, to: layout.formatFile)
            try disk.syncDirectory(layout.root)
        }
    }

    /// Whether somebody reads the backup right now.
    func hasReaders() throws -> Bool {
        try disk.open(layout.formatFile, .read).lowestMark() != nil
    }
}
