import CatalogMigrations
import ContentStore
import Foundation
import GRDB
import Strata
import StrataTesting
import Testing

@testable import Catalog

@Suite struct CatalogOpeningTests {
    @Test func everyPragmaThatSafetyRestsOnIsSet() async throws {
        try await withCatalog { catalog in
            let writer = try await catalog.write { db in
                try ["application_id", "user_version", "journal_mode", "synchronous", "foreign_keys", "auto_vacuum"].map { name in
                    try String.fetchOne(db, sql: "PRAGMA \(name)")
                }
            }
            #expect(writer == ["\(0x5354_5241)", "\(Catalog.formatVersion)", "wal", "2", "1", "2"])
            await #expect(throws: CatalogError.self) { try await catalog.read { db in try db.execute(sql: "DELETE FROM models") } }
        }
    }

    @Test func theFileSaysWhatItIs() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/catalog.sqlite"
            try Catalog.open(at: path, mode: .create, storeID: "x").close()
            let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
            #expect(Array(bytes[68..<72]) == Array("STRA".utf8))
            #expect(bytes[18] == 2 && bytes[19] == 2, "the file is in WAL mode")
        }
    }

    @Test func anEmptyFileBecomesACatalog() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/catalog.sqlite"
            try Data().write(to: URL(fileURLWithPath: path))
            try Catalog.open(at: path, mode: .create, storeID: "x").close()
            try Catalog.open(at: path, mode: .existing, storeID: "x").close()
        }
    }

    @Test func anOlderCatalogIsMigratedByWritersAlone() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/catalog.sqlite"
            // What a program before the first migration would have left.
            let old = try DatabaseQueue(path: path)
            try await old.write { db in try db.execute(sql: "PRAGMA application_id = \(0x5354_5241)") }
            try old.close()
            let before = try Data(contentsOf: URL(fileURLWithPath: path))
            #expect { try Catalog.open(at: path, mode: .readOnly, storeID: "x") } throws: {
                ($0 as? CatalogError)?.code == .needsMigration
            }
            let after = try Data(contentsOf: URL(fileURLWithPath: path))
            #expect(before == after)
            try Catalog.open(at: path, mode: .existing, storeID: "x").close()
            try Catalog.open(at: path, mode: .readOnly, storeID: "x").close()
        }
    }

    @Test func anotherProgramsDatabaseIsLeftAsItIs() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/catalog.sqlite"
            let other = try DatabaseQueue(path: path)
            try await other.write { db in try db.execute(sql: "CREATE TABLE mine (id INTEGER)") }
            try other.close()
            let before = try Data(contentsOf: URL(fileURLWithPath: path))
            for mode in [Catalog.OpenMode.create, .existing, .readOnly] {
                #expect { try Catalog.open(at: path, mode: mode, storeID: "x") } throws: {
                    ($0 as? CatalogError)?.code == .unsupportedFormat
                }
            }
            let after = try Data(contentsOf: URL(fileURLWithPath: path))
            #expect(before == after)
            #expect(!FileManager.default.fileExists(atPath: path + "-wal"))
        }
    }

    @Test func aFailedMigrationLeavesTheCatalogAsItWas() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/catalog.sqlite"
            let old = try DatabaseQueue(path: path)
            try await old.write { db in
                try db.execute(sql: "PRAGMA application_id = \(0x5354_5241)")
                // The last table that the first migration makes is in its way.
                try db.execute(sql: "CREATE TABLE creations (id INTEGER)")
            }
            try old.close()
            #expect(throws: CatalogError.self) { try Catalog.open(at: path, mode: .existing, storeID: "x") }
            let left = try DatabaseQueue(path: path)
            let found = try await left.read { db in
                (try String.fetchAll(db, sql: "SELECT name FROM sqlite_schema"), try Int.fetchOne(db, sql: "PRAGMA user_version"))
            }
            #expect(found.0 == ["creations"] && found.1 == 0)
            try left.close()
        }
    }

    /// The folder's files are the migrations, and the newest is the format version that stores are made with.
    @Test func migrationsFilesAndFormatVersionsAgree() async throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../..").standardized
        let folder = root.appendingPathComponent("migrations")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".sql") }.sorted()
        #expect(names.map { Int($0.prefix(4)) } == Migration.all.map(\.version))
        #expect(Migration.all.map(\.version) == Array(1...Migration.all.count))
        for (name, migration) in zip(names, Migration.all) {
            let text = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
            #expect(text == migration.sql)
        }
        try await withTemporaryStore { store in
            let line = try String(contentsOfFile: store.path + "/format", encoding: .utf8)
            #expect(line == "strata 1 \(store.id)\n", "the layout of the folder has a version of its own")
        }
    }
}
