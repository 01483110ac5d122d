import Foundation
import GRDB
import Strata
import Testing

/// What operations could have left in an open store. No operation may run.
enum StoreLeftovers {
    /// Expects nothing of an operation but records that tell its end, and what it made.
    static func expectNone(in store: StateStore, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        #expect(try await rows(of: store.path) == Rows(), sourceLocation: sourceLocation)
        #expect(try stagedFiles(of: store.path) == [], sourceLocation: sourceLocation)
        let packs = try FileManager.default.subpathsOfDirectory(atPath: store.path + "/packs").filter { $0.hasSuffix(".pack") }
        #expect(try await store.statistics().packCount == packs.count, "packs that nobody counts", sourceLocation: sourceLocation)
    }

    /// What the catalog keeps of an operation for as long as it runs.
    struct Rows: Equatable, Sendable {
        var pins = 0
        var creations = 0
        /// Records that tell no end, and records that a session still owns.
        var running = 0
        var owned = 0
    }

    /// Counted on a connection of its own: the store's interface tells of no pins.
    static func rows(of path: String) async throws -> Rows {
        var configuration = GRDB.Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(20)
        let raw = try DatabaseQueue(path: path + "/catalog.sqlite", configuration: configuration)
        let rows = try await raw.read { db in
            func count(_ what: String) throws -> Int { try Int.fetchOne(db, sql: "SELECT count(*) FROM " + what) ?? -1 }
            return Rows(
                pins: try count("pins"), creations: try count("creations"),
                running: try count("operations WHERE finished_at IS NULL"),
                owned: try count("operations WHERE session_id IS NOT NULL"))
        }
        try raw.close()
        return rows
    }

    /// What lies in the folders of sessions beside their locks.
    private static func stagedFiles(of path: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: path + "/staging").filter { $0.contains("/") && !$0.hasSuffix("/lock") }
    }
}
