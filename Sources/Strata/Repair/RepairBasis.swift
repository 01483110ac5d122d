import Catalog
import ContentStore

/// The catalog that a repair begins with, chosen from what there is; it lies in the repair's folder already.
struct RepairBasis {
    var kind: RepairReport.Basis
    /// What is wrong with the store's catalog; nil when nothing is.
    var problem: String?
    /// Rows may name missing ones.
    var needsTidying = false
    /// A second catalog of the store, sound or salvaged, that may know states which the basis does not.
    var other: String?
    /// A sound copy, for single values.
    var copy: String?
    var remarks: [String] = []

    /// Whether commit records of packs that the basis names count too: only a basis without gaps knows what was deleted.
    var mistrustsKnownPacks: Bool { needsTidying }

    /// Puts the best catalog at the repair's `rebuiltPath`.
    static func choose(_ repair: StoreRepair) throws -> RepairBasis {
        let (layout, work) = (repair.layout, repair.work)
        let found = work + "/found.sqlite"
        let hasCatalog = try repair.copyFile(layout.catalog, to: found)
        if hasCatalog, try repair.copyFile(layout.catalog + "-wal", to: found + "-wal") { CatalogRebuild.foldLog(at: found, on: repair.disk) }
        let health = Catalog.health(at: found, thorough: true)
        var copyHealth = Catalog.health(at: layout.catalogCopy, thorough: true)
        for case .newer(let version) in [health, copyHealth] {
            throw StrataError(
                .unsupportedFormat, "the catalog of `\(layout.root)` has format version \(version); repair it with the program that wrote it")
        }
        if let identity = copyHealth.identity, identity.storeID != repair.storeID {
            copyHealth = .unreadable("it belongs to store \(identity.storeID)")
        }
        let copy = copyHealth.identity == nil ? nil : layout.catalogCopy
        if case .sound(let identity) = health, identity.storeID == repair.storeID {
            guard let ahead = copyHealth.identity, ahead.progress > identity.progress else {
                try repair.disk.rename(found, to: repair.rebuiltPath)
                return RepairBasis(kind: .catalog, copy: copy)
            }
            _ = try repair.copyFile(layout.catalogCopy, to: repair.rebuiltPath)
            return RepairBasis(kind: .catalogCopy, problem: "it is older than its copy", other: found, copy: copy)
        }
        var problem = health.problem ?? "it belongs to store \(health.identity?.storeID ?? "unknown")"
        problem = "the catalog cannot be used: \(problem)"
        return try chooseWithoutCatalog(repair, found: hasCatalog && health.identity == nil ? found : nil, copy: copy, problem: problem)
    }

    private static func chooseWithoutCatalog(
        _ repair: StoreRepair, found: String?, copy: String?, problem: String
    ) throws -> RepairBasis {
        let salvagedPath = repair.work + "/salvaged.sqlite"
        let salvage = try found.flatMap { try CatalogSalvage.salvage(from: $0, into: salvagedPath, storeID: repair.storeID, on: repair.disk) }
        if let salvage, salvage.isComplete || copy == nil {
            try repair.disk.rename(salvagedPath, to: repair.rebuiltPath)
            var basis = RepairBasis(kind: .salvagedCatalog, problem: problem, needsTidying: true, copy: copy)
            if !salvage.isComplete {
                basis.remarks.append("rows of these tables of the catalog could not be read: \(salvage.damagedTables.sorted().joined(separator: ", "))")
            }
            return basis
        }
        if let copy {
            _ = try repair.copyFile(copy, to: repair.rebuiltPath)
            return RepairBasis(
                kind: .catalogCopy, problem: problem, other: salvage == nil ? nil : salvagedPath, copy: copy,
                remarks: ["what was changed since the catalog was copied, and lies in no pack, is known only as far as the catalog could be read"])
        }
        let copied = repair.work + "/copied.sqlite"
        if try repair.copyFile(repair.layout.catalogCopy, to: copied),
            try CatalogSalvage.salvage(from: copied, into: repair.rebuiltPath, storeID: repair.storeID, on: repair.disk) != nil
        {
            return RepairBasis(kind: .salvagedCopy, problem: problem, needsTidying: true)
        }
        // A salvage that read nothing left an empty catalog.
        try repair.disk.remove(repair.rebuiltPath)
        return RepairBasis(
            kind: .packs, problem: problem,
            remarks: ["neither the catalog nor its copy could be read: files, settings, snapshots, datasets and states of small values alone are lost"])
    }
}

extension StoreRepair {
    /// Copies a file's bytes into the repair's folder, where it may be opened and changed.
    /// - Returns: false when there is none, or it cannot be read at all.
    func copyFile(_ path: String, to target: String) throws -> Bool {
        guard let status = try? disk.status(path), !status.isDirectory, let source = try? disk.open(path, .read) else { return false }
        try disk.remove(target)
        let file = try disk.open(target, .create)
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var offset: Int64 = 0
        while true {
            let count = try buffer.withUnsafeMutableBytes { bytes in
                try Result { () throws(ContentError) in try source.read(into: bytes, at: offset) }.get()
            }
            guard count > 0 else { return true }
            try buffer[..<count].withUnsafeBytes { bytes in try Result { () throws(ContentError) in try file.write(bytes, at: offset) }.get() }
            offset += Int64(count)
        }
    }
}
