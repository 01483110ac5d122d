import Catalog
import ContentStore

/// One of the 256 folders of packs: what a catalog names, held against what is there. A folder at a time, so that the
/// names of all packs need not be in memory.
struct PackComparison {
    /// Packs that the catalog names and that are not there, or not in their size.
    private(set) var missing: [PackCheckRow] = []
    /// Packs that are there; their bytes were not looked at.
    private(set) var present: [PackCheckRow] = []
    /// Files that the catalog does not name, by path below `packs/`.
    private(set) var surplus: [(path: String, sizeBytes: Int64)] = []

    static let folders = UInt8.min...UInt8.max

    /// - Parameter packs: the folder `packs` that is looked at.
    init(_ folder: UInt8, of catalog: BackupCatalog, in packs: String, on disk: any StoreDisk) throws {
        let name = Self.name(folder)
        var sizes: [String: Int64] = [:]
        if try disk.status(packs + "/" + name) != nil {
            for file in try disk.list(packs + "/" + name) {
                guard let status = try disk.status("\(packs)/\(name)/\(file)"), !status.isDirectory else { continue }
                sizes["\(name)/\(file)"] = status.sizeBytes
            }
        }
        for pack in try catalog.packs(in: folder) {
            if sizes.removeValue(forKey: pack.name.relativePath) == pack.sizeBytes { present.append(pack) } else { missing.append(pack) }
        }
        surplus = sizes.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    static func name(_ folder: UInt8) -> String { (folder < 16 ? "0" : "") + String(folder, radix: 16) }
}
