import Foundation
import GRDB
import Strata
import StrataTesting
import Testing

@Suite struct RefusedStoreTests {
    /// Makes a store with one large state at a path, and hands the path over.
    private func withClosedStore(_ body: (_ path: String, _ model: ModelID) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/s.strata"
            let model = try await withStore(at: path) { store in
                let model = try await store.createModel(named: "m")
                try await store.commit([("k", SeededBytes.random(200_000, seed: 1))], to: model.id)
                return model.id
            }
            try await body(path, model)
        }
    }

    @Test(arguments: [StateStore.OpenMode.readWrite, .readOnly])
    func aMissingStoreIsNotFound(mode: StateStore.OpenMode) async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/none.strata"
            await expectRefusal(.storeNotFound, words: [path]) { _ = try await StateStore.open(at: path, mode) }
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test func aForeignFolderIsRefusedAndLeftAlone() async throws {
        try await withTemporaryFolder { folder in
            try Data("mine".utf8).write(to: URL(fileURLWithPath: folder + "/notes.txt"))
            await expectRefusal(.unsupportedFormat, words: [folder, "notes.txt"]) { _ = try await StateStore.open(at: folder) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["notes.txt"])
        }
    }

    @Test(arguments: ["strata 2 00000000-0000-0000-0000-000000000000\n", "strata 99 x\n"])
    func aNewerFormatFileIsRefused(line: String) async throws {
        try await withClosedStore { path, _ in
            try Data(line.utf8).write(to: URL(fileURLWithPath: path + "/format"))
            for mode in [StateStore.OpenMode.createIfMissing, .readWrite, .readOnly] {
                await expectRefusal(.unsupportedFormat, words: [path, "newer program"]) {
                    _ = try await StateStore.open(at: path, mode)
                }
            }
        }
    }

    @Test(arguments: ["", "hello\n", "strata one x\n", "strata 1\n"])
    func aFormatFileThatIsNoneIsRefused(line: String) async throws {
        try await withClosedStore { path, _ in
            try Data(line.utf8).write(to: URL(fileURLWithPath: path + "/format"))
            await expectRefusal(.unsupportedFormat, words: [path]) { _ = try await StateStore.open(at: path) }
        }
    }

    @Test func aNewerCatalogIsRefusedAndLeftAlone() async throws {
        try await withClosedStore { path, _ in
            // `user_version` is a big-endian number at byte 60 of an SQLite file.
            try StoreFolder(path).change("catalog.sqlite") { $0[63] += 1 }
            let before = try FileBytes.read(path + "/catalog.sqlite")
            for mode in [StateStore.OpenMode.createIfMissing, .readWrite, .readOnly] {
                await expectRefusal(.unsupportedFormat, words: ["format version", "newer program"]) {
                    _ = try await StateStore.open(at: path, mode)
                }
            }
            #expect(try FileBytes.read(path + "/catalog.sqlite") == before)
        }
    }

    @Test func anotherProgramsDatabaseIsRefused() async throws {
        try await withClosedStore { path, _ in
            // `application_id` is a big-endian number at byte 68.
            try StoreFolder(path).change("catalog.sqlite") { $0[68] ^= 0xff }
            await expectRefusal(.unsupportedFormat, words: ["another program"]) { _ = try await StateStore.open(at: path) }
        }
    }

    /// A database with a rollback journal is where a switch to WAL mode, which opening makes, would show.
    @Test(arguments: [StateStore.OpenMode.createIfMissing, .readWrite, .readOnly])
    func aDatabaseOfAnotherProgramKeepsItsBytesAndItsJournalMode(mode: StateStore.OpenMode) async throws {
        try await withClosedStore { path, _ in
            let catalog = path + "/catalog.sqlite"
            try FileManager.default.removeItem(atPath: catalog)
            let queue = try DatabaseQueue(path: catalog)
            try await queue.write { db in try db.execute(sql: "CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('mine')") }
            try queue.close()
            let before = try FileBytes.read(catalog)
            await expectRefusal(.unsupportedFormat, words: ["another program"]) { _ = try await StateStore.open(at: path, mode) }
            #expect(try FileBytes.read(catalog) == before)
            #expect(!FileManager.default.fileExists(atPath: catalog + "-wal"))
        }
    }

    @Test func aCatalogThatIsNoDatabaseIsReportedAsDamaged() async throws {
        try await withClosedStore { path, _ in
            try StoreFolder(path).change("catalog.sqlite") { $0 = Array(repeating: 0x55, count: $0.count) }
            await expectRefusal(.corrupted, words: ["catalog.sqlite"]) { _ = try await StateStore.open(at: path) }
        }
    }

    @Test(arguments: [StateStore.OpenMode.createIfMissing, .readWrite, .readOnly])
    func aMissingCatalogBesidePacksIsNotReplacedByAnEmptyOne(mode: StateStore.OpenMode) async throws {
        try await withClosedStore { path, _ in
            try FileManager.default.removeItem(atPath: path + "/catalog.sqlite")
            await expectRefusal(.corrupted, words: ["missing"]) { _ = try await StateStore.open(at: path, mode) }
            #expect(!FileManager.default.fileExists(atPath: path + "/catalog.sqlite"))
        }
    }

    /// Broke: a store whose states were all small had no packs, and an empty catalog took the place of the lost one.
    @Test func aMissingCatalogIsNotReplacedThoughThereAreNoPacks() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            try await withStore(at: path) { store in
                let model = try await store.createModel(named: "m")
                try await store.commit([("k", [1])], to: model.id)
            }
            try FileManager.default.removeItem(atPath: path + "/catalog.sqlite")
            for mode in [StateStore.OpenMode.createIfMissing, .readWrite, .readOnly] {
                await expectRefusal(.corrupted, words: ["missing"]) { _ = try await StateStore.open(at: path, mode) }
            }
        }
    }

    @Test func aMissingFormatFileIsNotReplacedByANewStores() async throws {
        try await withClosedStore { path, _ in
            try FileManager.default.removeItem(atPath: path + "/format")
            await expectRefusal(.unsupportedFormat, words: [path]) { _ = try await StateStore.open(at: path) }
            await expectRefusal(.storeNotFound) { _ = try await StateStore.open(at: path, .readWrite) }
            #expect(!FileManager.default.fileExists(atPath: path + "/format"))
        }
    }

    @Test func anotherStoresCatalogIsRefused() async throws {
        try await withClosedStore { path, _ in
            try await withClosedStore { other, _ in
                try FileManager.default.removeItem(atPath: path + "/catalog.sqlite")
                try FileManager.default.copyItem(atPath: other + "/catalog.sqlite", toPath: path + "/catalog.sqlite")
            }
            let before = try FileBytes.read(path + "/catalog.sqlite")
            for mode in [StateStore.OpenMode.readWrite, .readOnly] {
                await expectRefusal(.unsupportedFormat, words: ["belongs to store"]) {
                    _ = try await StateStore.open(at: path, mode)
                }
            }
            #expect(try FileBytes.read(path + "/catalog.sqlite") == before)
        }
    }

    @Test func damageInAPackIsReportedWithModelStateKeyAndOffset() async throws {
        try await withClosedStore { path, model in
            let pack = try #require(try StoreFolder(path).packs().first)
            try StoreFolder(path).change("packs/" + pack) { $0[150_000] ^= 1 }
            try await withStore(at: path) { store in
                let state = try #require(try await store.states(of: model).items.last)
                let error = await expectRefusal(.corrupted, words: [state.id.rawValue, model.rawValue, "`k`"]) {
                    _ = try await store.bytes(of: "k", in: state.id, of: model)
                }
                #expect(error?.context["key"] == "k")
                #expect(error?.context["stateId"] == state.id.rawValue)
                #expect(error?.context["modelId"] == model.rawValue)
                #expect(error?.context["offset"] != nil)
            }
        }
    }

    @Test func aMissingPackIsReportedAsDamage() async throws {
        try await withClosedStore { path, model in
            let pack = try #require(try StoreFolder(path).packs().first)
            try FileManager.default.removeItem(atPath: path + "/packs/" + pack)
            try await withStore(at: path) { store in
                let state = try #require(try await store.states(of: model).items.last)
                await expectRefusal(.corrupted) { _ = try await store.bytes(of: "k", in: state.id, of: model) }
            }
        }
    }
}
