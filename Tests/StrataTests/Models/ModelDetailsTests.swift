import Foundation
import Strata
import StrataTesting
import Testing

@Suite struct ModelDetailsTests {
    @Test func eachModelComesWithItsOwnStatesAndSnapshotsInOrder() async throws {
        try await withTemporaryStore { store in
            var wanted: [ModelID: (states: [StateID], snapshots: [SnapshotID])] = [:]
            for number in 0..<9 {
                let model = try await store.createModel(named: "model \(number)")
                var (states, snapshots) = ([model.activeStateID], [SnapshotID]())
                for version in 0..<number {
                    let state = try await store.commitState(of: model.id, named: "v\(version)", options: StateOptions(makeActive: true)) {
                        try await $0.write("b", [UInt8(number)])
                        try await $0.write("a", [UInt8(version), 2])
                    }
                    states.append(state.id)
                    snapshots.append(try await store.createSnapshot(of: model.id, named: "s\(version)").id)
                }
                wanted[model.id] = (states, snapshots)
            }
            let page = try await store.modelDetails(offset: 1, limit: 7)
            #expect((page.total, page.items.count) == (9, 7))
            #expect(page.items.map(\.model.name) == (1..<8).reversed().map { "model \($0)" })
            for details in page.items {
                let id = details.model.id
                #expect(details.states.map(\.id) == wanted[id]?.states)
                #expect(details.snapshots.map(\.id) == wanted[id]?.snapshots)
                // What single look-ups say.
                #expect(details.states == (try await store.states(of: id)).items)
                #expect(details.snapshots == (try await store.snapshots(of: id)).items)
                #expect(details.model == (try await store.model(id)))
                #expect(details.codeSizeMebibytes == 32)
            }
        }
    }

    @Test func aModelWithoutFilesOfItsOwnHasTheRoomOfItsSnapshot() async throws {
        try await withTemporaryStore { store in
            var options = ModelOptions()
            options.filesystemSizeMebibytes = 7
            let source = try await store.createModel(named: "source", options: options)
            let snapshot = try await store.createSnapshot(of: source.id, named: "s").id
            let based = try await store.createModel(named: "based", options: ModelOptions(origin: .basedOnSnapshot(snapshot, of: source.id)))
            #expect(try await store.modelDetails(ListFilter(names: ["based"])).items.first?.codeSizeMebibytes == 7)
            try await store.deleteSnapshot(snapshot, of: source.id)
            #expect(try await store.modelDetails(ListFilter(names: ["based"])).items.first?.codeSizeMebibytes == nil)
            await #expect(throws: StrataError.self) { try await store.filesUsage(of: based.id) }
        }
    }

    @Test func onlyNamedAndPublicModelsAreListed() async throws {
        try await withTemporaryStore { store in
            let mine = try await store.createModel(named: "mine").id
            _ = try await store.createModel(named: "other")
            var options = ModelOptions()
            options.isPublic = true
            let open = try await store.createModel(named: "open", options: options).id
            var filter = ListFilter()
            filter.visibleIDs = [mine.rawValue]
            #expect(try await store.modelDetails(filter).items.map(\.model.id) == [open, mine])
            filter.visibleIDs = []
            #expect(try await store.models(filter).items.map(\.id) == [open])
        }
    }

    @Test func aTokenStaysEqualUntilSomebodyCommits() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m").id
            let other = try await StateStore.open(at: store.path)
            let reader = try await StateStore.open(at: store.path, .readOnly)
            var token = try await store.changeToken()
            func hasChanged() async throws -> Bool {
                let now = try await store.changeToken()
                defer { token = now }
                return now != token
            }
            #expect(try await !hasChanged())
            _ = try await store.modelDetails()
            _ = try await reader.models()
            #expect(try await !hasChanged())
            try await store.updateModel(model, ModelChange(name: "mine"))
            #expect(try await hasChanged())
            try await other.updateModel(model, ModelChange(name: "another's"))
            #expect(try await hasChanged())
            #expect(try await !hasChanged())
            let before = try await reader.changeToken()
            try await other.updateModel(model, ModelChange(description: "new"))
            #expect(try await reader.changeToken() != before)
            try await reader.close()
            try await other.close()
        }
    }

    @Test func settingsAreChangedFromWhatTheyAreThen() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m").id
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask { try await store.updateModel(model, ModelChange { $0.evaluateLauncher.memoryMebibytes += 1 }) }
                }
                try await group.waitForAll()
            }
            #expect(try await store.model(model).settings.evaluateLauncher.memoryMebibytes == 532)
            await #expect(throws: StrataError.self) {
                try await store.updateModel(model, ModelChange(name: "new") { $0.evaluateLauncher.cpus = -1 })
            }
            #expect(try await store.model(model).name == "m")
        }
    }

    @Test func aStateThatBecomesActiveMayReplaceTheOneThatWas() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            var options = StateOptions(makeActive: true, deleteStates: [model.activeStateID])
            options.mayReplaceActive = true
            let state = try await store.commitState(of: model.id, named: "new", options: options) { try await $0.write("a", [1]) }
            #expect(try await store.states(of: model.id).items.map(\.id) == [state.id])
            #expect(try await store.model(model.id).activeStateID == state.id)
            await #expect(throws: StrataError.self) {
                try await store.commitState(of: model.id, named: "no", options: StateOptions(deleteStates: [state.id])) { try await $0.write("a", [2]) }
            }
            #expect(try await store.states(of: model.id).items.map(\.id) == [state.id])
        }
    }
}
