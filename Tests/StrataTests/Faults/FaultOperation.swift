import ContentStore
import Foundation
import Strata
import StrataTesting
import Testing

/// What a sweep does to a store, over and over. A further operation is one more line in `all`.
struct FaultOperation: Sendable, CustomTestStringConvertible {
    let name: String
    /// Opens a store that is not there yet, instead of changing the sample.
    var makesStore = false
    /// Leaves what a later collection takes.
    var leavesGarbage = false
    /// The store must be repaired before it opens, unless the operation has done it.
    var repairs = false
    /// Changes a copy of the sample before the operation, on a disk that works.
    var prepare: @Sendable (_ path: String, FaultSample) async throws -> Void = { _, _ in }
    /// Takes the place of `run` where the operation begins with a store that is not open; may answer an open one.
    var runClosed: (@Sendable (_ path: String, StateStore.Options) async throws -> StateStore?)?
    var run: @Sendable (StateStore, FaultSample) async throws -> Void = { _, _ in }

    var testDescription: String { name }
    /// Whether an open store is handed to it.
    var needsStore: Bool { runClosed == nil }

    static let all: [FaultOperation] = changes + maintenance

    private static let changes: [FaultOperation] = [
        FaultOperation(name: "open a new store", makesStore: true, runClosed: open),
        FaultOperation(name: "commit a small state", run: { try await $0.commit([("k", [7])], to: $1.model, named: "added") }),
        FaultOperation(name: "commit on a base", run: commitOnBase),
        FaultOperation(name: "commit and replace", run: commitAndReplace),
        FaultOperation(name: "create a snapshot", run: { try await $0.createSnapshot(of: $1.model, named: "added") }),
        FaultOperation(name: "delete a snapshot", run: { try await $0.deleteSnapshot($1.snapshot, of: $1.model) }),
        FaultOperation(name: "create a model", run: { store, _ in _ = try await store.createModel(named: "added") }),
        FaultOperation(name: "delete a model", run: { try await $0.deleteModel($1.model) }),
        FaultOperation(name: "delete a state", run: { try await $0.deleteState($1.small, of: $1.model) }),
        FaultOperation(name: "change files", run: changeFiles),
        FaultOperation(name: "write into a file", run: writeIntoFile),
        FaultOperation(name: "append to a dataset", run: appendToDataset),
        FaultOperation(name: "finalize entries", prepare: addForReview, run: finalizeEntries),
        FaultOperation(name: "remove entries", run: { try await $0.removeEntries(at: [0], of: $1.dataset) }),
        FaultOperation(name: "delete a dataset", run: { try await $0.deleteDataset($1.dataset) }),
        FaultOperation(name: "create a key", run: { store, _ in _ = try await store.createAPIKey(named: "added", access: .read) }),
        FaultOperation(name: "train", run: train),
        FaultOperation(name: "close", run: { store, _ in try await store.close() }),
    ]

    private static let maintenance: [FaultOperation] = [
        FaultOperation(name: "collect", leavesGarbage: true, prepare: leaveGarbage, run: { store, _ in _ = try await store.collect() }),
        FaultOperation(name: "compact", leavesGarbage: true, prepare: leaveWaste, run: { store, _ in _ = try await store.compact() }),
        FaultOperation(name: "migrate", prepare: putGoldenStore, runClosed: open),
        FaultOperation(name: "repair", leavesGarbage: true, repairs: true, prepare: damage, runClosed: repair),
    ]

    @Sendable private static func open(_ path: String, _ options: StateStore.Options) async throws -> StateStore? {
        try await StateStore.open(at: path, options: options)
    }

    @Sendable private static func commitOnBase(_ store: StateStore, _ sample: FaultSample) async throws {
        try await store.commit(
            [("w", SeededBytes.trained(FaultSample.weights, seed: 2)), ("k", [8])], to: sample.model, named: "added",
            options: StateOptions(base: sample.large))
    }

    @Sendable private static func commitAndReplace(_ store: StateStore, _ sample: FaultSample) async throws {
        try await store.commit(
            [("w", SeededBytes.random(50_000, seed: 3))], to: sample.model, named: "added",
            options: StateOptions(makeActive: true, deleteStates: [sample.small]))
    }

    @Sendable private static func changeFiles(_ store: StateStore, _ sample: FaultSample) async throws {
        try await store.changeFiles(of: sample.model) { files in
            try await files.put("large.bin", SeededBytes.random(60_000, seed: 4))
            try await files.put("small.txt", [1, 2, 3])
        }
    }

    @Sendable private static func appendToDataset(_ store: StateStore, _ sample: FaultSample) async throws {
        try await store.appendEntries(
            [["x": Item(elementType: "u8", shape: [50_000], bytes: SeededBytes.random(50_000, seed: 5))]], to: sample.dataset)
    }

    @Sendable private static func writeIntoFile(_ store: StateStore, _ sample: FaultSample) async throws {
        let files = store.fileSystem(of: sample.model)
        let code = try await files.lookUp(Array("code.py".utf8), in: .root)
        try await files.write(SeededBytes.random(60_000, seed: 6), to: code.inode, at: 3)
    }

    @Sendable private static func addForReview(_ path: String, _ sample: FaultSample) async throws {
        _ = try await withStore(at: path, options: FaultSample.options()) { store in
            try await store.addEntries(to: sample.dataset, in: .needsReview) { writer in
                for number in 1...3 { try await writer.write("x", Item(elementType: "u8", shape: [1], bytes: [UInt8(number)])) }
            }
        }
    }

    @Sendable private static func finalizeEntries(_ store: StateStore, _ sample: FaultSample) async throws {
        _ = try await store.finalizeNeedsReview(at: [1], of: sample.dataset) { writer in
            try await writer.write("x", Item(elementType: "u8", shape: [50_000], bytes: SeededBytes.random(50_000, seed: 7)))
        }
    }

    /// The faults reach the store behind the run: what fails is a result, told here as an error.
    @Sendable private static func train(_ store: StateStore, _ sample: FaultSample) async throws {
        var script = ScriptedExecutor.Script(steps: [.provide("w", SeededBytes.trained(FaultSample.weights, seed: 9))])
        script.reports = [.progress(0.5), .metric("loss", Item(elementType: "u8", shape: [], bytes: [1]))]
        let executor = ScriptedExecutor(script)
        let id = try await store.train(TrainRequest(modelID: sample.model, stateID: sample.large, newStateName: "added"), on: executor)
        guard case .failed(let failure, _) = try await store.waitForTraining(id, of: sample.model) else { return }
        let isFull = if case .unknown(let reason) = failure { reason.hasPrefix("no_space") } else { false }
        throw StrataError(isFull ? .noSpace : .io, "the training failed: \(failure)")
    }

    // MARK: maintenance

    /// Deleted states of every kind: in packs of their own, in the catalog, and a base.
    @Sendable private static func leaveGarbage(_ path: String, _ sample: FaultSample) async throws {
        try await withStore(at: path, options: FaultSample.options()) { store in
            for seed in 1...2 {
                let state = try await store.commit(
                    [("r", SeededBytes.random(90_000, seed: UInt64(seed))), ("n", [UInt8(seed)])], to: sample.model)
                try await store.deleteState(state.id, of: sample.model)
            }
        }
    }

    /// A pack that is half dead, a base that one difference needs, and free pages in the catalog.
    @Sendable private static func leaveWaste(_ path: String, _ sample: FaultSample) async throws {
        try await leaveGarbage(path, sample)
        try await withStore(at: path, options: FaultSample.options()) { store in
            let (kept, gone) = (SeededBytes.random(90_000, seed: 6), SeededBytes.random(90_000, seed: 7))
            let both = try await store.commit([("kept", kept), ("gone", gone)], to: sample.model, named: "both")
            try await store.commit([("kept", kept)], to: sample.model, named: "half")
            let weights = SeededBytes.weights(30_000, seed: 8)
            let first = try await store.commit([("v", weights)], to: sample.model, named: "first")
            try await store.commit(
                [("v", SeededBytes.trained(weights, seed: 9))], to: sample.model, named: "second", options: StateOptions(base: first.id))
            for id in [both.id, first.id] { try await store.deleteState(id, of: sample.model) }
            _ = try await store.collect()
        }
    }

    /// A store of the first version in the sample's place.
    @Sendable private static func putGoldenStore(_ path: String, _ sample: FaultSample) async throws {
        let golden = try #require(Bundle.module.url(forResource: "Golden", withExtension: nil)).appendingPathComponent("v1.strata").path
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.copyItem(atPath: golden, toPath: path)
    }

    /// The catalog is gone and a state is known to its pack alone.
    @Sendable private static func damage(_ path: String, _ sample: FaultSample) async throws {
        for name in ["catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm"] {
            try? FileManager.default.removeItem(atPath: path + "/" + name)
        }
    }

    @Sendable private static func repair(_ path: String, _ options: StateStore.Options) async throws -> StateStore? {
        _ = try await StateStore.repair(at: path, options: options)
        return nil
    }
}
