import Strata
import StrataTesting
import Testing

@Suite struct MountTests {
    private static let bytes = SeededBytes.random(300_000, seed: 1)

    /// A model with files and two states beside `initial`; the second is active.
    private func withMountable(_ body: (StateStore, ModelID, State, State) async throws -> Void) async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m").id
            try await store.changeFiles(of: model) { try await $0.put("code/main.py", [1, 2, 3]) }
            let first = try await store.commit([("w", Self.bytes)], to: model, named: "first")
            let second = try await store.commit([("w", [2])], to: model, named: "second", options: StateOptions(makeActive: true))
            try await body(store, model, first, second)
            try await expectNothingLeft(in: store)
        }
    }

    @Test func theActiveStateAStateOrASnapshotIsMounted() async throws {
        try await withMountable { store, model, first, second in
            let other = try await store.createModel(named: "other").id
            let snapshot = try await store.createSnapshot(of: model, named: "s").id
            try await store.withMounts([
                MountRequest(modelID: model), MountRequest(modelID: model, selection: .state(first.id)),
                MountRequest(modelID: model, selection: .snapshot(snapshot)), MountRequest(modelID: other),
            ]) { mounts in
                #expect(mounts.map(\.modelID) == [model, model, model, other])
                let otherActive = try await store.model(other).activeStateID
                #expect(mounts.map(\.stateID) == [second.id, first.id, nil, otherActive])
                #expect(mounts.map(\.snapshotID) == [nil, nil, snapshot, nil])
                let contents = [try await mounts[0].state.contents(), try await mounts[1].state.contents()]
                #expect(contents == [["w": [2]], ["w": Self.bytes]])
                let frozen = try await mounts[2].state.contents()
                #expect(frozen == ["w": [2]])
                let files = try await mounts[1].files.listing()
                #expect(files.entries["code/main.py"]?.content == .file([1, 2, 3]))
                let none = try await mounts[3].files.listing()
                #expect(none.entries.isEmpty)
            }
        }
    }

    @Test func noMountsAreFine() async throws {
        try await withMountable { store, _, _, _ in
            let count = try await store.withMounts([]) { $0.count }
            #expect(count == 0)
        }
    }

    @Test func whatCannotBeMountedIsRefusedWithACodeOfItsOwn() async throws {
        try await withMountable { store, model, first, _ in
            let other = try await store.createModel(named: "other").id
            let unknown = ModelID.random()
            let cases: [(MountRequest, StrataError.Code, String)] = [
                (MountRequest(modelID: unknown), .modelToMountNotFound, unknown.rawValue),
                (MountRequest(modelID: other, selection: .state(first.id)), .stateForModelToMountNotFound, first.id.rawValue),
                (MountRequest(modelID: model, selection: .snapshot(.random())), .snapshotForModelToMountNotFound, model.rawValue),
            ]
            for (request, code, word) in cases {
                await expectRefusal(code, words: [word]) {
                    try await store.withMounts([MountRequest(modelID: model), request]) { _ in _ = Issue.record("the body ran") }
                }
            }
            await expectRefusal(.invalidParameter, field: "mountModels") {
                _ = try MountRequest(modelID: model, stateID: first.id, snapshotID: .random())
            }
            // A refused mount pins nothing: the state goes at once.
            try await store.deleteState(first.id, of: model)
            await expectRefusal(.stateNotFound) { _ = try await store.state(first.id, of: model) }
        }
    }

    @Test func aModelWhoseSnapshotIsGoneCannotBeMounted() async throws {
        try await withMountable { store, model, _, _ in
            let snapshot = try await store.createSnapshot(of: model, named: "s").id
            let based = try await store.createModel(
                named: "based", options: ModelOptions(origin: .basedOnSnapshot(snapshot, of: model))).id
            try await store.withMounts([MountRequest(modelID: based)]) { mounts in
                let files = try await mounts[0].files.listing()
                #expect(files.entries["code/main.py"] != nil)
            }
            try await store.deleteSnapshot(snapshot, of: model)
            await expectRefusal(.snapshotNoLongerExists) { try await store.withMounts([MountRequest(modelID: based)]) { _ in } }
        }
    }

    @Test func aStateThatIsDeletedWhileItIsMountedGoesWithTheMount() async throws {
        try await withMountable { store, model, first, _ in
            try await store.withMounts([MountRequest(modelID: model, selection: .state(first.id))]) { mounts in
                try await store.deleteState(first.id, of: model)
                let marked = try await store.state(first.id, of: model)
                #expect(marked.isBeingDeleted)
                let bytes = try await mounts[0].state.bytes(of: "w")
                #expect(bytes == Self.bytes)
                await expectRefusal(.stateForModelToMountNotFound) {
                    try await store.withMounts([MountRequest(modelID: model, selection: .state(first.id))]) { _ in }
                }
                await expectRefusal(.stateNotFound) { try await store.activateState(first.id, of: model) }
            }
            await expectRefusal(.stateNotFound) { _ = try await store.state(first.id, of: model) }
            let statistics = try await store.statistics()
            #expect(statistics.wasteBytes >= 300_000)
        }
    }

    @Test func theLastOfTwoMountsTakesTheStateWithIt() async throws {
        try await withMountable { store, model, first, _ in
            let request = MountRequest(modelID: model, selection: .state(first.id))
            try await store.withMounts([request]) { outer in
                try await store.withMounts([request]) { _ in try await store.deleteState(first.id, of: model) }
                let marked = try await store.state(first.id, of: model)
                #expect(marked.isBeingDeleted)
                let bytes = try await outer[0].state.bytes(of: "w")
                #expect(bytes == Self.bytes)
            }
            await expectRefusal(.stateNotFound) { _ = try await store.state(first.id, of: model) }
        }
    }

    @Test func aCommitMarksAMountedStateThatItReplaces() async throws {
        try await withMountable { store, model, first, _ in
            try await store.withMounts([MountRequest(modelID: model, selection: .state(first.id))]) { mounts in
                try await store.commit([("w", [3])], to: model, options: StateOptions(deleteStates: [first.id]))
                let bytes = try await mounts[0].state.bytes(of: "w")
                #expect(bytes == Self.bytes)
            }
            await expectRefusal(.stateNotFound) { _ = try await store.state(first.id, of: model) }
        }
    }

    @Test func aModelThatIsDeletedWhileItIsMountedStaysReadableThere() async throws {
        try await withMountable { store, model, first, _ in
            let snapshot = try await store.createSnapshot(of: model, named: "s").id
            try await store.withMounts([
                MountRequest(modelID: model, selection: .state(first.id)),
                MountRequest(modelID: model, selection: .snapshot(snapshot)),
            ]) { mounts in
                try await store.deleteModel(model)
                let bytes = try await mounts[0].state.bytes(of: "w")
                #expect(bytes == Self.bytes)
                let contents = try await mounts[1].state.contents()
                #expect(contents == ["w": [2]])
                for mount in mounts {
                    let files = try await mount.files.listing()
                    #expect(files.entries["code/main.py"]?.content == .file([1, 2, 3]))
                }
            }
            let statistics = try await store.statistics()
            #expect(statistics.modelCount == 0 && statistics.stateCount == 0 && statistics.distinctBytes == 0)
        }
    }

    @Test func aMountKeepsTheFilesOfItsMoment() async throws {
        try await withMountable { store, model, _, _ in
            try await store.withMounts([MountRequest(modelID: model)]) { mounts in
                try await store.changeFiles(of: model) { try await $0.put("code/main.py", [9]) }
                try await store.commit([("w", [5])], to: model, options: StateOptions(makeActive: true))
                let files = try await mounts[0].files.listing()
                #expect(files.entries["code/main.py"]?.content == .file([1, 2, 3]))
                let contents = try await mounts[0].state.contents()
                #expect(contents == ["w": [2]])
            }
            let bytes = try await store.fileBytes(at: "code/main.py", of: model)
            #expect(bytes == [9])
        }
    }

    /// While another task replaces the active state again and again, all mounts of one call see the same one, whole.
    @Test func allMountsAreResolvedAtOneMoment() async throws {
        try await withMountable { store, model, _, _ in
            let replacing = Task {
                var previous = try await store.model(model).activeStateID
                for number in 0..<60 {
                    let next = try await store.commit(
                        [("w", [UInt8(number)])], to: model, named: "\(number)", options: StateOptions(makeActive: true))
                    try await store.deleteState(previous, of: model)
                    previous = next.id
                }
            }
            for _ in 0..<60 {
                try await store.withMounts([MountRequest(modelID: model), MountRequest(modelID: model)]) { mounts in
                    #expect(mounts[0].stateID == mounts[1].stateID)
                    let contents = [try await mounts[0].state.contents(), try await mounts[1].state.contents()]
                    #expect(contents[0] == contents[1] && contents[0]["w"]?.count == 1)
                }
            }
            try await replacing.value
            let waiting = try await store.states(of: model).items.filter(\.isBeingDeleted)
            #expect(waiting == [])
        }
    }

    @Test func mountsAreGivenBackWhenTheBodyThrowsOrIsCancelled() async throws {
        try await withMountable { store, model, first, _ in
            let request = MountRequest(modelID: model, selection: .state(first.id))
            await #expect(throws: GivenUp.self) { try await store.withMounts([request]) { _ in throw GivenUp() } }
            let task = Task {
                try await store.withMounts([request]) { _ in
                    withUnsafeCurrentTask { $0?.cancel() }
                    try await Task.sleep(for: .seconds(3600))
                }
            }
            let result = await task.result
            #expect(throws: CancellationError.self) { try result.get() }
            try await store.deleteState(first.id, of: model)
            await expectRefusal(.stateNotFound) { _ = try await store.state(first.id, of: model) }
        }
    }

    @Test func pinsOfAHandleThatWasDroppedGoWithTheNextOpen() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            let (model, state) = try await withStore(at: path) { store in
                let model = try await store.createModel(named: "m").id
                return (model, try await store.commit([("w", Self.bytes)], to: model).id)
            }
            // A handle that is dropped in mid-mount, without `close()`: its lock goes with it.
            try await withStore(at: path) { watcher in
                do {
                    let dropped = try await StateStore.open(at: path)
                    try await dropped.withMounts([MountRequest(modelID: model, selection: .state(state))]) { _ in
                        try await watcher.deleteState(state, of: model)
                        let marked = try await watcher.state(state, of: model)
                        #expect(marked.isBeingDeleted)
                        let folders = try StoreFolder(watcher).sessions()
                        #expect(folders.count == 2)
                    }
                }
            }
            try await withStore(at: path) { store in
                await expectRefusal(.stateNotFound) { _ = try await store.state(state, of: model) }
                let folders = try StoreFolder(store).sessions()
                #expect(folders.count == 1)
            }
        }
    }
}
