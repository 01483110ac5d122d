import Foundation
import Strata
import StrataTesting
import Testing

@Suite struct OpeningTests {
    @Test func openingAMissingFolderMakesAStore() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/new.strata"
            try await withStore(at: path) { store async throws in
                #expect(store.path == path)
                #expect(!store.isReadOnly)
                #expect(try await store.models().total == 0)
            }
            let line = try String(contentsOfFile: path + "/format", encoding: .utf8)
            #expect(line.hasPrefix("strata 1 "))
        }
    }

    @Test func openingAnEmptyFolderMakesAStore() async throws {
        try await withTemporaryFolder { folder in
            try await withStore(at: folder) { store in
                _ = try await store.createModel(named: "m")
            }
            try await withStore(at: folder, .readWrite) { store async throws in
                #expect(try await store.models().items.map(\.name) == ["m"])
            }
        }
    }

    @Test func reopeningFindsEverythingAndTheSameID() async throws {
        try await withTemporaryFolder { folder in
            let bytes = SeededBytes.random(300_000, seed: 1)
            let (id, model, state) = try await withStore(at: folder + "/s") { store in
                let model = try await store.createModel(named: "m")
                return (store.id, model.id, try await store.commit([("k", bytes)], to: model.id).id)
            }
            try await withStore(at: folder + "/s", .readWrite) { store in
                #expect(store.id == id)
                #expect(try await store.bytes(of: "k", in: state, of: model) == bytes)
                try await expectNothingLeft(in: store)
            }
        }
    }

    @Test func closingLeavesNoSessionAndNoWriteAheadLog() async throws {
        try await withTemporaryFolder { folder in
            try await withStore(at: folder + "/s") { store in
                let model = try await store.createModel(named: "m")
                try await store.commit([("k", SeededBytes.random(100_000, seed: 1))], to: model.id)
                #expect(try StoreFolder(store).sessions().count == 1)
            }
            #expect(try StoreFolder(folder + "/s").sessions() == [])
            #expect(!FileManager.default.fileExists(atPath: folder + "/s/catalog.sqlite-wal"))
        }
    }

    @Test func aReadOnlyOpenChangesNoFile() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            let model = try await withStore(at: path) { store in
                let model = try await store.createModel(named: "m")
                try await store.changeFiles(of: model.id) { try await $0.put("main.py", [1, 2, 3]) }
                try await store.commit(
                    [("k", SeededBytes.random(400_000, seed: 1))], to: model.id, options: StateOptions(makeActive: true))
                return model.id
            }
            let before = try StoreFolder(path).fingerprint()
            try await withStore(at: path, .readOnly) { store in
                #expect(store.isReadOnly)
                #expect(try await store.bytes(of: "k", of: model).count == 400_000)
                #expect(try await store.fileBytes(at: "main.py", of: model) == [1, 2, 3])
                _ = try await store.statistics()
            }
            #expect(try StoreFolder(path).fingerprint() == before)
        }
    }

    @Test func aReadOnlyOpenLeavesADeadSessionsFolderAlone() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            try await withStore(at: path) { _ = try await $0.createModel(named: "m") }
            let dead = path + "/staging/" + String(repeating: "0", count: 32)
            try FileManager.default.createDirectory(atPath: dead, withIntermediateDirectories: true)
            try Data(count: 8).write(to: URL(fileURLWithPath: dead + "/lock"))
            let before = try StoreFolder(path).fingerprint()
            try await withStore(at: path, .readOnly) { _ = try await $0.statistics() }
            #expect(try StoreFolder(path).fingerprint() == before)
            try await withStore(at: path, .readWrite) { _ in
                #expect(!FileManager.default.fileExists(atPath: dead))
            }
        }
    }

    @Test func everyChangeIsRefusedThroughAReadOnlyHandle() async throws {
        try await withTemporaryFolder { folder in
            let model = try await withStore(at: folder + "/s") { try await $0.createModel(named: "m") }
            try await withStore(at: folder + "/s", .readOnly) { store in
                await expectRefusal(.readOnly) { _ = try await store.createModel(named: "n") }
                await expectRefusal(.readOnly) { try await store.updateModel(model.id, ModelChange(name: "n")) }
                await expectRefusal(.readOnly) { try await store.deleteModel(model.id) }
                await expectRefusal(.readOnly) { _ = try await store.commit([], to: model.id) }
                await expectRefusal(.readOnly) { try await store.changeFiles(of: model.id) { _ in } }
                await expectRefusal(.readOnly) { _ = try await store.createSnapshot(of: model.id, named: "s") }
                await expectRefusal(.readOnly) { _ = try await store.createDataset(named: "d", keys: [.init(name: "k")]) }
                await expectRefusal(.readOnly) {
                    _ = try await store.createState(
                        CreateStateRequest(modelID: model.id, name: "s"), on: ScriptedExecutor())
                }
                await expectRefusal(.readOnly) { try await store.withMounts([]) { _ in } }
            }
        }
    }

    @Test func aClosedHandleSaysSo() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            try await store.close()
            try await store.close()
            await expectRefusal(.storeClosed) { _ = try await store.model(model.id) }
            await expectRefusal(.storeClosed) { _ = try await store.createModel(named: "n") }
            await expectRefusal(.storeClosed) { _ = try await store.bytes(of: "k", of: model.id) }
            await expectRefusal(.storeClosed) { _ = try await store.statistics() }
        }
    }

    /// Git, object stores and some copying programs know no empty folders.
    @Test func aStoreThatLostItsEmptyFoldersOpens() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            let model = try await withStore(at: path) { store in
                let model = try await store.createModel(named: "m").id
                try await store.commit([("k", [1])], to: model, options: StateOptions(makeActive: true))
                return model
            }
            for name in ["packs", "staging"] { try FileManager.default.removeItem(atPath: path + "/" + name) }
            for mode in [StateStore.OpenMode.readOnly, .readWrite] {
                try await withStore(at: path, mode) { store in
                    let contents = try await store.contents(of: model)
                    #expect(contents == ["k": [1]])
                }
            }
            #expect(try StoreFolder(path).sessions() == [])
        }
    }

    @Test func twoHandlesOnOneStoreSeeEachOthersWork() async throws {
        try await withTemporaryFolder { folder in
            try await withStore(at: folder + "/s") { first in
                let model = try await first.createModel(named: "m")
                try await withStore(at: folder + "/s", .readWrite) { second in
                    #expect(second.id == first.id)
                    #expect(try StoreFolder(first).sessions().count == 2)
                    let bytes = SeededBytes.random(500_000, seed: 3)
                    let state = try await second.commit([("k", bytes)], to: model.id)
                    #expect(try await first.bytes(of: "k", in: state.id, of: model.id) == bytes)
                    let other = try await first.commit([("k", bytes)], to: model.id)
                    #expect(try await second.bytes(of: "k", in: other.id, of: model.id) == bytes)
                    #expect(try await first.statistics().packCount == 1)
                }
                #expect(try StoreFolder(first).sessions().count == 1)
                #expect(try await first.states(of: model.id).total == 3)
            }
        }
    }

    @Test func storesThatAreMadeAtOnceAreOneStore() async throws {
        try await withTemporaryFolder { folder in
            for round in 0..<10 {
                let path = "\(folder)/\(round)"
                let stores = try await withThrowingTaskGroup(of: StateStore.self) { group in
                    for _ in 0..<6 { group.addTask { try await StateStore.open(at: path) } }
                    return try await group.reduce(into: [StateStore]()) { $0.append($1) }
                }
                #expect(Set(stores.map(\.id)).count == 1)
                for (number, store) in stores.enumerated() { _ = try await store.createModel(named: "m\(number)") }
                let total = try await stores[0].models().total
                #expect(total == 6)
                for store in stores { try await store.close() }
                let left = try FileManager.default.contentsOfDirectory(atPath: path).filter { $0 != "catalog.copy.sqlite" }.sorted()
                #expect(left == ["catalog.sqlite", "format", "packs", "staging"])
            }
        }
    }

    /// Wherever the making of a store was cut off, the next open finishes it.
    @Test(arguments: [["packs"], ["packs", "staging", "format.0"], ["packs", "staging", "format.new"]])
    func aStoreThatWasMadeHalfWayIsFinished(left: [String]) async throws {
        try await withTemporaryFolder { folder in
            for name in left where !name.hasPrefix("format") {
                try FileManager.default.createDirectory(atPath: folder + "/" + name, withIntermediateDirectories: true)
            }
            let id = "00000000-0000-4000-8000-000000000000"
            if left.contains("format.0") { try FileBytes.write([1], to: folder + "/format.0") }
            if left.contains("format.new") { try FileBytes.write(Array("strata 1 \(id)\n".utf8), to: folder + "/format.new") }
            try await withStore(at: folder) { store in
                let model = try await store.createModel(named: "m")
                #expect(model.name == "m" && (store.id == id) == left.contains("format.new"))
            }
        }
    }
}
