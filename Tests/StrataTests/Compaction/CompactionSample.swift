import StrataTesting
import Testing

@testable import Strata

/// A store in which compaction finds something of everything: half-dead packs, a base that only a difference needs, small packs.
struct CompactionSample {
    let model: ModelID
    /// What must be read from each state that is left.
    var contents: [StateID: [String: [UInt8]]] = [:]

    static var options: StateStore.Options {
        var options = StateStore.Options()
        options.ingest.averageChunkBytes = 32 << 10
        return options
    }

    /// Collected, so that what is left is compaction's business.
    static func make(in store: StateStore) async throws -> CompactionSample {
        var sample = CompactionSample(model: try await store.createModel(named: "m").id)
        try await sample.addWaste(to: store)
        try await sample.addLoneBase(to: store)
        _ = try await store.collect()
        return sample
    }

    /// A pack of which half is dead.
    mutating func addWaste(to store: StateStore, seed: UInt64 = 1) async throws {
        let (kept, gone) = (SeededBytes.random(300_000, seed: seed * 100), SeededBytes.random(300_000, seed: seed * 100 + 1))
        let both = try await store.commit([("kept", kept), ("gone", gone)], to: model, named: "both \(seed)")
        try await commit([("kept", kept), ("n", [UInt8(seed)])], "half \(seed)", to: store)
        try await store.deleteState(both.id, of: model)
    }

    /// A first version that is deleted, and a second that is the difference from it.
    mutating func addLoneBase(to store: StateStore, seed: UInt64 = 1) async throws {
        let weights = SeededBytes.weights(100_000, seed: seed)
        let first = try await store.commit([("w", weights)], to: model, named: "first \(seed)")
        try await commit([("w", SeededBytes.trained(weights, seed: seed))], "second \(seed)", to: store, base: first.id)
        try await store.deleteState(first.id, of: model)
    }

    mutating func commit(_ keys: [(String, [UInt8])], _ name: String, to store: StateStore, base: StateID? = nil) async throws {
        let state = try await store.commit(keys, to: model, named: name, options: StateOptions(base: base))
        contents[state.id] = Dictionary(uniqueKeysWithValues: keys)
    }

    /// Expects that everything reads as it was committed, that verification finds nothing, and that nothing is left over.
    func expectWhole(in store: StateStore, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        for (state, keys) in contents {
            let read = try await store.contents(of: state, of: model)
            #expect(read == keys, sourceLocation: sourceLocation)
        }
        let report = try await store.verify()
        #expect(report.isSound, "\(report.damages)", sourceLocation: sourceLocation)
        try await expectNothingLeft(in: store, sourceLocation: sourceLocation)
    }
}

func withCompactionSample(
    disk: HookedDisk? = nil, _ body: (StateStore, CompactionSample) async throws -> Void
) async throws {
    var options = CompactionSample.options
    if let disk { options.disk = disk }
    try await withTemporaryStore(options: options) { store in try await body(store, try await CompactionSample.make(in: store)) }
}
