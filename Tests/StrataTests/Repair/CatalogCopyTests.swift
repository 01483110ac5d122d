import Catalog
import ContentStore
import Foundation
import StrataTesting
import Testing

@testable import Strata

/// The catalog's second copy, from which a repair starts.
@Suite struct CatalogCopyTests {
    /// Opens a store's copy in the catalog's place.
    private func statesOfCopy(_ path: String, _ model: ModelID) async throws -> [String] {
        try await withTemporaryFolder { folder in
            let other = folder + "/other"
            try FileManager.default.copyItem(atPath: path, toPath: other)
            for ending in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: other + "/catalog.sqlite" + ending) }
            try FileManager.default.moveItem(atPath: other + "/catalog.copy.sqlite", toPath: other + "/catalog.sqlite")
            return try await withStore(at: other, .readWrite) { store in
                try await store.states(of: model, limit: 1000).items.map(\.name)
            }
        }
    }

    @Test func closingAStoreThatChangedLeavesACopyWithEverything() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            let model = try await withStore(at: path) { store in
                let model = try await store.createModel(named: "m").id
                try await store.commit([("k", [1, 2, 3])], to: model, named: "first")
                return model
            }
            #expect(try await statesOfCopy(path, model) == ["initial", "first"])
            let before = try FileManager.default.attributesOfItem(atPath: path + "/catalog.copy.sqlite")[.systemFileNumber] as? Int
            try await withStore(at: path) { _ = try await $0.states(of: model) }
            let after = try FileManager.default.attributesOfItem(atPath: path + "/catalog.copy.sqlite")[.systemFileNumber] as? Int
            #expect(before == after, "a store without changes was copied")
        }
    }

    private func copyNumber(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path + "/catalog.copy.sqlite")[.systemFileNumber] as? Int
    }

    @Test func aStateThatItsPackTellsOfNeedsNoNewCopyAndIsFoundWithoutTheCatalog() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            let model = try await withStore(at: path) { try await $0.createModel(named: "m").id }
            let before = try copyNumber(path)
            var saved: [State] = []
            for number in 0..<3 {
                saved.append(
                    try await withStore(at: path) { store in
                        try await store.commit(
                            [("big", SeededBytes.random(100_000, seed: UInt64(number))), ("small", [UInt8(number)])], to: model,
                            named: "state \(number)", options: StateOptions(base: saved.last?.id, makeActive: number == 1))
                    })
            }
            #expect(try copyNumber(path) == before)
            try FileManager.default.removeItem(atPath: path + "/catalog.sqlite")
            _ = try await StateStore.repair(at: path)
            try await withStore(at: path, .readWrite) { store in
                let found = try await store.states(of: model).items
                #expect(found.map(\.name) == ["initial", "state 0", "state 1", "state 2"])
                #expect(found.dropFirst().map(\.id) == saved.map(\.id))
                var bases: [String?] = []
                for state in saved { bases.append(try await store.catalog.state(id: state.id.rawValue, model: model.rawValue)?.baseState) }
                #expect(bases == [nil, saved[0].id.rawValue, saved[1].id.rawValue])
                #expect(try await store.model(model).activeStateID == saved[1].id)
                for (number, state) in saved.enumerated() {
                    let contents = try await store.contents(of: state.id, of: model)
                    #expect(contents == ["big": SeededBytes.random(100_000, seed: UInt64(number)), "small": [UInt8(number)]])
                }
            }
        }
    }

    @Test(arguments: ["rename", "small state", "state that replaces another"])
    func whatOnlyTheCatalogHoldsIsCopiedOnClose(change: String) async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            let model = try await withStore(at: path) { try await $0.createModel(named: "m").id }
            let before = try copyNumber(path)
            let names = try await withStore(at: path) { store in
                let first = try await store.model(model).activeStateID
                let big = SeededBytes.random(100_000, seed: 1)
                switch change {
                case "rename": try await store.renameState(first, of: model, to: "renamed")
                case "small state": try await store.commit([("k", [1])], to: model, named: "small")
                default:
                    var options = StateOptions(makeActive: true, deleteStates: [first])
                    options.mayReplaceActive = true
                    try await store.commit([("k", big)], to: model, named: "other", options: options)
                }
                return try await store.states(of: model).items.map(\.name)
            }
            #expect(try copyNumber(path) != before)
            #expect(try await statesOfCopy(path, model) == names)
        }
    }

    @Test func aProcessAfterOneThatDiedMakesTheCopyThatIsMissing() async throws {
        try await withTemporaryFolder { folder in
            let (path, dead) = (folder + "/s", folder + "/dead")
            let model = try await withStore(at: path) { try await $0.createModel(named: "m").id }
            try await withStore(at: path) { store in
                try await store.commit([("k", [1])], to: model, named: "small")
                // As a process leaves it that is killed now.
                try FileManager.default.copyItem(atPath: path, toPath: dead)
            }
            #expect(try await statesOfCopy(dead, model) == ["initial"])
            _ = try await withStore(at: dead) { try await $0.commit([("k", SeededBytes.random(100_000, seed: 1))], to: model, named: "big") }
            #expect(try await statesOfCopy(dead, model) == ["initial", "small", "big"])
        }
    }

    @Test func aCopyIsMadeWhileCommitsAccumulate() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m").id
            for number in 0..<CatalogCopier.changesLeast { try await store.commit([("k", [UInt8(number & 255)])], to: model, named: "\(number)") }
            for _ in 0..<200 where !FileManager.default.fileExists(atPath: store.path + "/catalog.copy.sqlite") {
                try await Task.sleep(for: .milliseconds(50))
            }
            let names = try await statesOfCopy(store.path, model)
            #expect(names.count >= CatalogCopier.changesLeast - 1)
        }
    }

    @Test(arguments: [true, false]) func aCopyThatFailsIsReportedAndLeavesNothing(isTransient: Bool) async throws {
        let disk = HookedDisk()
        disk.set { hooks in
            hooks.beforeSync = { path throws(ContentError) in
                if path.hasSuffix(".copy.sqlite.new") { throw ContentError(.io, "a failure on purpose", path: path) }
            }
        }
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            var options = StateStore.Options()
            options.disk = disk
            let store = try await StateStore.open(at: path, options: options)
            let model = try await store.createModel(named: "m").id
            try await store.commit([("k", [1])], to: model, named: "kept")
            try await store.close()
            #expect(store.catalogCopyFailure?.message.contains("a failure on purpose") == true)
            #expect(!FileManager.default.fileExists(atPath: path + "/catalog.copy.sqlite"))
            #expect(!FileManager.default.fileExists(atPath: path + "/catalog.copy.sqlite.new"))
            if isTransient { disk.set { $0.beforeSync = { _ throws(ContentError) in } } }
            let again = try await StateStore.open(at: path, options: options)
            #expect(try await again.states(of: model).items.map(\.name) == ["initial", "kept"])
            try await again.commit([("k", [2])], to: model, named: "next")
            try await again.close()
            #expect((again.catalogCopyFailure == nil) == isTransient)
            #expect(FileManager.default.fileExists(atPath: path + "/catalog.copy.sqlite") == isTransient)
        }
    }

    @Test func whatADeadProcessLeftOfACopyGoesAtTheNextOpening() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            try await withStore(at: path) { _ in }
            for ending in ["", "-journal"] { try FileBytes.write([1, 2, 3], to: path + "/catalog.copy.sqlite.new" + ending) }
            try await withStore(at: path, .readOnly) { _ in }
            #expect(FileManager.default.fileExists(atPath: path + "/catalog.copy.sqlite.new"))
            try await withStore(at: path) { _ in }
            #expect(try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.contains(".new") } == [])
        }
    }

    @Test func aDamagedCatalogDoesNotReplaceASoundCopy() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            let model = try await withStore(at: path) { store in
                let model = try await store.createModel(named: "m").id
                for number in 0..<50 { try await store.commit([("k", SeededBytes.random(20_000, seed: UInt64(number)))], to: model) }
                return model
            }
            let sound = try FileBytes.read(path + "/catalog.copy.sqlite")
            try StoreFolder(path).change("catalog.sqlite") { bytes in
                // Pages of the states' bytes, which the change below has no need of: they begin with the next one's number.
                for page in 100..<bytes.count / 4096 where bytes[page * 4096] == 0 { bytes.replaceSubrange(page * 4096..<page * 4096 + 64, with: repeatElement(0xee, count: 64)) }
            }
            let store = try await StateStore.open(at: path, .readWrite)
            try await store.renameState(try await store.model(model).activeStateID, of: model, to: "renamed")
            try? await store.close()
            #expect(store.catalogCopyFailure?.code == .corrupted)
            #expect(try FileBytes.read(path + "/catalog.copy.sqlite") == sound)
        }
    }
}
