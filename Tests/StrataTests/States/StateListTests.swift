import Strata
import StrataTesting
import Testing

@Suite struct StateListTests {
    @Test func statesAreListedInTheOrderOfTheirCreationAPageAtATime() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            let other = try await store.createModel(named: "other")
            var made = [model.activeStateID]
            for number in 0..<300 {
                made.append(try await store.commit([("k", [UInt8(number % 256)])], to: model.id, named: "s\(number)").id)
            }
            try await store.commit([("k", [1])], to: other.id)
            var found: [StateID] = []
            for offset in stride(from: 0, through: 300, by: 70) {
                let page = try await store.states(of: model.id, offset: offset, limit: 70)
                #expect(page.total == 301 && page.offset == offset && page.limit == 70)
                found += page.items.map(\.id)
            }
            #expect(found == made)
            #expect(try await store.states(of: model.id, limit: 1000).items.count == 301)
            #expect(try await store.states(of: model.id, offset: 400).items.isEmpty)
            await expectRefusal(.invalidParameter, field: "limit") { _ = try await store.states(of: model.id, limit: 1001) }
        }
    }

    @Test func renamingChangesTheNameAlone() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            let state = try await store.commit([("k", [1])], to: model.id, named: "before")
            try await store.renameState(state.id, of: model.id, to: "after")
            let read = try await store.state(state.id, of: model.id)
            #expect(read.name == "after" && read.keys == state.keys && read.createdAtMilliseconds == state.createdAtMilliseconds)
        }
    }

    @Test func unknownStatesAndKeysAreNotFound() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            let other = try await store.createModel(named: "other")
            let state = try await store.commit([("k", [1])], to: model.id)
            let unknown = StateID.random()
            await expectRefusal(.stateNotFound, words: [unknown.rawValue]) { _ = try await store.state(unknown, of: model.id) }
            await expectRefusal(.stateNotFound) { _ = try await store.state(state.id, of: other.id) }
            await expectRefusal(.stateNotFound) { _ = try await store.bytes(of: "k", in: state.id, of: other.id) }
            await expectRefusal(.stateNotFound) { try await store.renameState(unknown, of: model.id, to: "x") }
            await expectRefusal(.stateNotFound) { try await store.activateState(state.id, of: other.id) }
            await expectRefusal(.stateNotFound) { try await store.deleteState(state.id, of: other.id) }
            await expectRefusal(.stateKeyNotFound, words: ["`none`", "`k`"]) {
                _ = try await store.bytes(of: "none", in: state.id, of: model.id)
            }
        }
    }

    @Test func theActiveStateCannotBeDeleted() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            let state = try await store.commit([("k", [1])], to: model.id, options: StateOptions(makeActive: true))
            await expectRefusal(.stateIsActive, words: [state.id.rawValue]) { try await store.deleteState(state.id, of: model.id) }
            #expect(try await store.contents(of: model.id) == ["k": [1]])
            try await store.deleteState(model.activeStateID, of: model.id)
            #expect(try await store.states(of: model.id).items.map(\.id) == [state.id])
        }
    }

    @Test func deletingWhileCommittingIsAtomic() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            let first = try await store.commit([("k", [1])], to: model.id, named: "1")
            let second = try await store.commit([("k", [2])], to: model.id, named: "2")
            let new = [("k", SeededBytes.random(200_000, seed: 1))]
            await expectRefusal(.stateNotFound) {
                try await store.commit(new, to: model.id, options: StateOptions(deleteStates: [first.id, .random()]))
            }
            await expectRefusal(.stateIsActive) {
                try await store.commit(
                    new, to: model.id, options: StateOptions(makeActive: true, deleteStates: [first.id, model.activeStateID]))
            }
            #expect(try await store.states(of: model.id).items.map(\.id) == [model.activeStateID, first.id, second.id])
            #expect(try await store.model(model.id).activeStateID == model.activeStateID)
            #expect(try StoreFolder(store).packs() == [])
            try await expectNothingLeft(in: store)
            let state = try await store.commit(new, to: model.id, options: StateOptions(deleteStates: [first.id, second.id]))
            #expect(try await store.states(of: model.id).items.map(\.id) == [model.activeStateID, state.id])
        }
    }

    @Test func aStateOfAnotherModelIsNotDeleted() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            let other = try await store.createModel(named: "other")
            let state = try await store.commit([("k", [1])], to: other.id)
            await expectRefusal(.stateNotFound) {
                try await store.commit([], to: model.id, options: StateOptions(deleteStates: [state.id]))
            }
            #expect(try await store.states(of: other.id).total == 2)
        }
    }

    @Test func aStateIDIsUsedOnce() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            let state = try await store.commit([("k", [1])], to: model.id)
            var options = StateOptions()
            options.stateID = state.id
            await expectRefusal(.conflict) {
                try await store.commit([("k", SeededBytes.random(100_000, seed: 1))], to: model.id, options: options)
            }
            #expect(try await store.contents(of: state.id, of: model.id) == ["k": [1]])
            try await expectNothingLeft(in: store)
        }
    }
}
