import Foundation
import Strata
import Testing

/// A store's folder, seen from outside.
struct StoreFolder {
    let path: String

    init(_ path: String) { self.path = path }
    init(_ store: StateStore) { path = store.path }

    /// What opening for reading may not change: SQLite's own `-wal` and `-shm` files stand aside.
    func fingerprint() throws -> [String: String] {
        var found: [String: String] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: path)
        where !name.hasSuffix("-shm") && !name.hasSuffix("-wal") {
            let attributes = try FileManager.default.attributesOfItem(atPath: path + "/" + name)
            let isFolder = attributes[.type] as? FileAttributeType == .typeDirectory
            let size = isFolder ? 0 : (attributes[.size] as? NSNumber)?.int64Value ?? -1
            let changed = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
            found[name] = "\(size) \(changed)"
        }
        return found
    }

    /// Pack files by path below `packs/`.
    func packs() throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: path + "/packs").filter { $0.hasSuffix(".pack") }.sorted()
    }

    func packBytes() throws -> Int64 {
        try packs().reduce(Int64(0)) { sum, name in
            let attributes = try FileManager.default.attributesOfItem(atPath: path + "/packs/" + name)
            return sum + ((attributes[.size] as? NSNumber)?.int64Value ?? 0)
        }
    }

    /// The folders of open sessions.
    func sessions() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path + "/staging").sorted() }

    /// What lies in sessions' folders beside their locks.
    func stagedFiles() throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: path + "/staging").filter { name in
            name.contains("/") && !name.hasSuffix("/lock")
        }
    }

    /// Changes a file in place.
    func change(_ name: String, _ body: (inout [UInt8]) -> Void) throws {
        let url = URL(fileURLWithPath: path + "/" + name)
        var bytes = Array(try Data(contentsOf: url))
        body(&bytes)
        try Data(bytes).write(to: url)
    }
}

/// Expects that nothing which ended is still there: no staged file, no pack that the catalog does not count, no creation.
func expectNothingLeft(in store: StateStore, sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let folder = StoreFolder(store)
    let statistics = try await store.statistics()
    #expect(try folder.stagedFiles() == [], sourceLocation: sourceLocation)
    #expect(try folder.packs().count == statistics.packCount, sourceLocation: sourceLocation)
    #expect(try folder.packBytes() == statistics.packBytes, sourceLocation: sourceLocation)
    #expect(statistics.creationCount == 0, sourceLocation: sourceLocation)
}
