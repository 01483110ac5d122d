import ContentStore
import Foundation
import Strata
import StrataTesting
import Synchronization
import Testing

/// What handles leave behind, and what they must leave alone.
@Suite struct SessionTests {
    /// Broke: the sweep listed the folders first and read the catalog's sessions after, so that a session that was born
    /// between the two had a row and, to the sweep, no folder: it lost its pins while it lived.
    @Test func aSessionThatIsBornDuringASweepKeepsItsPins() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            let (model, state) = try await withStore(at: path) { store in
                let model = try await store.createModel(named: "m").id
                return (model, try await store.commit([("k", [1])], to: model).id)
            }
            let newborn = Newborn()
            let disk = HookedDisk()
            disk.set { hooks in
                // When the sweep has looked at the folders for the last time.
                hooks.afterList = { if $0.hasSuffix("/staging") { newborn.mount(state, of: model, in: path) } }
            }
            var options = StateStore.Options()
            options.disk = disk
            try await withStore(at: path, options: options) { store in
                try await store.deleteState(state, of: model)
                let marked = try await store.state(state, of: model)
                #expect(marked.isBeingDeleted)
                try await newborn.unmount()
                await expectRefusal(.stateNotFound) { _ = try await store.state(state, of: model) }
            }
        }
    }

    /// A handle that opens a store and mounts a state at a moment that somebody else chooses.
    private final class Newborn: Sendable {
        private let isMounted = DispatchSemaphore(value: 0)
        private let gate = AsyncStream.makeStream(of: Void.self)
        private let calls = Atomic<Int>(0)
        private let task = Mutex<Task<Void, any Error>?>(nil)

        /// The second call returns once the state is mounted; others do nothing.
        func mount(_ state: StateID, of model: ModelID, in path: String) {
            guard calls.wrappingAdd(1, ordering: .relaxed).newValue == 2 else { return }
            task.withLock { task in
                task = Task {
                    try await withStore(at: path) { store in
                        try await store.withMounts([MountRequest(modelID: model, selection: .state(state))]) { mounts in
                            self.isMounted.signal()
                            for await _ in self.gate.stream {}
                            let bytes = try await mounts[0].state.bytes(of: "k")
                            #expect(bytes == [1])
                        }
                    }
                }
            }
            isMounted.wait()
        }

        func unmount() async throws {
            gate.continuation.finish()
            try await task.withLock { $0 }?.value
        }
    }

    @Test func aCommitThatTheDiskRefusesLeavesNothing() async throws {
        let disk = HookedDisk()
        var options = StateStore.Options()
        options.disk = disk
        try await withTemporaryStore(options: options) { store in
            let model = try await store.createModel(named: "m").id
            disk.set { hooks in
                hooks.beforeSync = { path throws(ContentError) in
                    if path.hasSuffix(".pack") { throw ContentError(.noSpace, "the disk is full", path: path) }
                }
            }
            await expectRefusal(.noSpace, words: ["full"]) {
                try await store.commit([("k", SeededBytes.random(300_000, seed: 1))], to: model)
            }
            let total = try await store.states(of: model).total
            #expect(total == 1)
            try await expectNothingLeft(in: store)
            disk.set { $0 = .init() }
            let state = try await store.commit([("k", SeededBytes.random(300_000, seed: 1))], to: model)
            let bytes = try await store.bytes(of: "k", in: state.id, of: model)
            #expect(bytes == SeededBytes.random(300_000, seed: 1))
        }
    }

    /// Broke: a creation whose commit had begun was answered with `state_not_found`, since its state was not there yet.
    @Test func aCreationThatIsBeingCommittedIsToldToBeCreated() async throws {
        let disk = HookedDisk()
        var options = StateStore.Options()
        options.disk = disk
        try await withTemporaryStore(options: options) { store in
            let model = try await store.createModel(named: "m").id
            let (syncing, tell) = AsyncStream.makeStream(of: Void.self)
            let gate = DispatchSemaphore(value: 0)
            disk.set { hooks in
                hooks.beforeSync = { path throws(ContentError) in
                    guard path.hasSuffix(".pack") else { return }
                    tell.finish()
                    gate.wait()
                }
            }
            let request = CreateStateRequest(modelID: model, name: "s")
            let executor = ScriptedExecutor(keys: [("k", SeededBytes.random(300_000, seed: 1))])
            let creation = Task { try await store.createState(request, on: executor) }
            for await _ in syncing {}
            let cancelling = Task { try await store.cancelCreateState(request.stateID, of: model) }
            try await Task.sleep(for: .milliseconds(50))
            gate.signal()
            let result = try await creation.value
            #expect(result == .success(stateID: request.stateID, durations: result.durations))
            await expectRefusal(.stateAlreadyCreated) { try await cancelling.value }
            #expect(executor.leftovers == [])
            try await expectNothingLeft(in: store)
        }
    }

    @Test func closingInMidCommitLeavesTheStateWholeOrNotThere() async throws {
        try await withTemporaryFolder { folder in
            let disk = HookedDisk()
            var options = StateStore.Options()
            options.disk = disk
            let path = folder + "/s"
            let bytes = SeededBytes.random(300_000, seed: 1)
            let (syncing, tell) = AsyncStream.makeStream(of: Void.self)
            let gate = DispatchSemaphore(value: 0)
            let (model, result) = try await withStore(at: path, options: options) { store in
                let model = try await store.createModel(named: "m").id
                disk.set { hooks in
                    hooks.beforeSync = { path throws(ContentError) in
                        guard path.hasSuffix(".pack") else { return }
                        tell.finish()
                        gate.wait()
                    }
                }
                let commit = Task { try await store.commit([("k", bytes)], to: model) }
                for await _ in syncing {}
                try await store.close()
                gate.signal()
                return (model, await commit.result)
            }
            try await withStore(at: path) { store in
                let states = try await store.states(of: model).items.filter { $0.name != "initial" }
                #expect(states.count == ((try? result.get()) == nil ? 0 : 1))
                for state in states {
                    let read = try await store.bytes(of: "k", in: state.id, of: model)
                    #expect(read == bytes)
                }
                try await expectNothingLeft(in: store)
            }
        }
    }

    @Test func anAbandonedPackInADeadSessionsFolderGoes() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            try await withStore(at: path) { store in
                let model = try await store.createModel(named: "m").id
                try await store.commit([("k", SeededBytes.random(300_000, seed: 1))], to: model)
            }
            let dead = path + "/staging/" + String(repeating: "a", count: 32)
            try FileManager.default.createDirectory(atPath: dead, withIntermediateDirectories: true)
            try FileBytes.write([], to: dead + "/lock")
            // One half-written pack, and one that the catalog has: a writer that died after its commit.
            try FileBytes.write(SeededBytes.random(5000, seed: 1), to: dead + "/0.pack")
            let pack = try #require(try StoreFolder(path).packs().first)
            try FileManager.default.linkItem(atPath: path + "/packs/" + pack, toPath: dead + "/1.pack")
            try await withStore(at: path) { store in
                #expect(!FileManager.default.fileExists(atPath: dead))
                let model = try #require(try await store.models().items.first)
                let state = try #require(try await store.states(of: model.id).items.last)
                let bytes = try await store.bytes(of: "k", in: state.id, of: model.id)
                #expect(bytes.count == 300_000)
                try await expectNothingLeft(in: store)
            }
        }
    }
}
