import Strata
import StrataTesting
import Testing

@Suite struct SnapshotTests {
    private static let bytes = SeededBytes.random(300_000, seed: 1)

    /// A model with an active state of two keys, files, and a snapshot of it all.
    private func withSnapshot(_ body: (StateStore, Model, Snapshot) async throws -> Void) async throws {
        try await withTemporaryStore { store in
            let settings = ModelSettings(maxDurations: MaxDurations(createStateSeconds: 17))
            let model = try await store.createModel(named: "m", options: ModelOptions(settings: settings))
            try await store.changeFiles(of: model.id) { try await $0.put("main.py", [1, 2]) }
            var options = StateOptions(makeActive: true)
            options.mounts = [MountRecord(modelID: model.id)]
            try await store.commit([("big", Self.bytes), ("small", [7])], to: model.id, named: "v1", options: options)
            let snapshot = try await store.createSnapshot(of: model.id, named: "first")
            try await body(store, try await store.model(model.id), snapshot)
        }
    }

    @Test func aSnapshotFreezesSettingsAndTheActiveState() async throws {
        try await withSnapshot { store, model, snapshot in
            #expect(snapshot.name == "first" && snapshot.stateName == "v1" && snapshot.modelID == model.id)
            #expect(snapshot.keys == [StateKey(key: "big", sizeBytes: 300_000), StateKey(key: "small", sizeBytes: 1)])
            #expect(snapshot.settings == model.settings && snapshot.mounts == [MountRecord(modelID: model.id)])
            #expect(snapshot.sizeBytes == 300_001 && snapshot.filesystemSizeMebibytes == 32)
            let read = try await store.snapshot(snapshot.id, of: model.id)
            #expect(read == snapshot)
            #expect(model.snapshotCount == 1)
        }
    }

    @Test func takingASnapshotCostsNoBytes() async throws {
        try await withSnapshot { store, model, _ in
            let before = try StoreFolder(store).packBytes()
            try await store.createSnapshot(of: model.id, named: "again")
            #expect(try StoreFolder(store).packBytes() == before)
        }
    }

    @Test func aSnapshotOutlivesItsStateAndTheModelsLaterChanges() async throws {
        try await withSnapshot { store, model, snapshot in
            let old = model.activeStateID
            try await store.commit([("other", [9])], to: model.id, options: StateOptions(makeActive: true))
            try await store.deleteState(old, of: model.id)
            try await store.updateModel(model.id, ModelChange(name: "renamed", settings: ModelSettings(language: .go)))
            let read = try await store.snapshot(snapshot.id, of: model.id)
            #expect(read == snapshot)
            let contents = try await store.withSnapshotState(snapshot.id, of: model.id) { try await $0.contents() }
            #expect(contents == ["big": Self.bytes, "small": [7]])
            let part = try await store.withSnapshotState(snapshot.id, of: model.id) { try await $0.bytes(of: "big", in: 5..<99) }
            #expect(part == Array(Self.bytes[5..<99]))
        }
    }

    @Test func snapshotsAreListedInTheOrderOfTheirCreationAPageAtATime() async throws {
        try await withSnapshot { store, model, snapshot in
            var made = [snapshot.id]
            for number in 0..<10 { made.append(try await store.createSnapshot(of: model.id, named: "s\(number)").id) }
            var found: [SnapshotID] = []
            for offset in stride(from: 0, to: 12, by: 4) {
                let page = try await store.snapshots(of: model.id, offset: offset, limit: 4)
                #expect(page.total == 11)
                found += page.items.map(\.id)
            }
            #expect(found == made)
        }
    }

    @Test func aSnapshotIsRenamedAndDeleted() async throws {
        try await withSnapshot { store, model, snapshot in
            try await store.renameSnapshot(snapshot.id, of: model.id, to: "second")
            let read = try await store.snapshot(snapshot.id, of: model.id)
            #expect(read.name == "second")
            try await store.deleteSnapshot(snapshot.id, of: model.id)
            await expectRefusal(.snapshotNotFound) { _ = try await store.snapshot(snapshot.id, of: model.id) }
            let contents = try await store.contents(of: model.id)
            #expect(contents["big"] == Self.bytes)
            let count = try await store.model(model.id).snapshotCount
            #expect(count == 0)
        }
    }

    @Test func deletingTheLastUserOfAStateLetsItsBytesGo() async throws {
        try await withSnapshot { store, model, snapshot in
            let old = model.activeStateID
            try await store.commit([], to: model.id, options: StateOptions(makeActive: true, deleteStates: []))
            try await store.deleteState(old, of: model.id)
            let kept = try await store.statistics()
            #expect(kept.distinctBytes == 300_003 && kept.wasteBytes == 0)
            try await store.deleteSnapshot(snapshot.id, of: model.id)
            let gone = try await store.statistics()
            #expect(gone.distinctBytes == 2)
            #expect(gone.wasteBytes >= 300_000)
        }
    }

    @Test func unknownSnapshotsAreNotFound() async throws {
        try await withSnapshot { store, model, snapshot in
            let other = try await store.createModel(named: "other")
            let unknown = SnapshotID.random()
            await expectRefusal(.snapshotNotFound, words: [unknown.rawValue]) { _ = try await store.snapshot(unknown, of: model.id) }
            await expectRefusal(.snapshotNotFound) { _ = try await store.snapshot(snapshot.id, of: other.id) }
            await expectRefusal(.snapshotNotFound) { try await store.renameSnapshot(unknown, of: model.id, to: "x") }
            await expectRefusal(.snapshotNotFound) { try await store.deleteSnapshot(snapshot.id, of: other.id) }
            await expectRefusal(.snapshotNotFound) { try await store.withSnapshotState(unknown, of: model.id) { _ in } }
            await expectRefusal(.snapshotNotFound) { _ = try await store.files(ofSnapshot: unknown, of: model.id) }
            await expectRefusal(.modelNotFound) { _ = try await store.snapshot(snapshot.id, of: .random()) }
            await expectRefusal(.stateKeyNotFound, words: ["snapshot", "`none`", "`big`"]) {
                _ = try await store.withSnapshotState(snapshot.id, of: model.id) { try await $0.bytes(of: "none") }
            }
        }
    }
}
