import Strata
import StrataTesting
import Testing

@Suite struct ConcurrencyTests {
    @Test func statesThatAreCommittedAtOnceAllReadBack() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<8 {
                    group.addTask {
                        for number in 0..<5 {
                            let contents = ProcessContents(seed: UInt64(task * 100 + number % 3), sizeBytes: 400_000)
                            try await store.commitState(of: model.id, named: contents.stateName) { try await contents.write(to: $0) }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let states = try await store.states(of: model.id).items.filter { $0.name != "initial" }
            #expect(states.count == 40)
            for state in states { try await ProcessContents.check(state, in: store) }
            try await expectNothingLeft(in: store)
        }
    }

    @Test func readersGoOnWhileStatesAreWrittenAndDeleted() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    var previous: StateID?
                    for number in 0..<20 {
                        let contents = ProcessContents(seed: UInt64(number), sizeBytes: 300_000)
                        let options = StateOptions(makeActive: true)
                        let state = try await store.commitState(of: model.id, named: contents.stateName, options: options) {
                            try await contents.write(to: $0)
                        }
                        if let previous { try await store.deleteState(previous, of: model.id) }
                        previous = state.id
                    }
                }
                group.addTask {
                    for _ in 0..<30 {
                        try await store.withState(of: model.id) { reader async throws in
                            for key in reader.keys { #expect(try await reader.bytes(of: key.key).count == Int(key.sizeBytes)) }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func aReaderKeepsItsStateThoughItIsDeleted() async throws {
        try await withTemporaryStore { store in
            let model = try await store.createModel(named: "m")
            let bytes = SeededBytes.random(1 << 20, seed: 1)
            let state = try await store.commit([("k", bytes)], to: model.id)
            try await store.withState(state.id, of: model.id) { reader in
                try await store.deleteState(state.id, of: model.id)
                #expect(try await reader.bytes(of: "k") == bytes)
            }
            await expectRefusal(.stateNotFound) { _ = try await store.bytes(of: "k", in: state.id, of: model.id) }
        }
    }
}
