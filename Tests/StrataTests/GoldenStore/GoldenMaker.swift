import Foundation
import Strata
import StrataTesting
import Testing

/// Makes the kept store of the present format: `STRATA_WRITE_GOLDEN=folder swift test --filter GoldenMaker`.
///
/// It puts `v<format>.strata` and `v<format>.json`, the manifest, into the folder. Kept stores are never made again once
/// their format is released: they stand for what users have.
@Suite struct GoldenMaker {
    static let formatVersion = 6

    @Test(.enabled(if: ProcessInfo.processInfo.environment["STRATA_WRITE_GOLDEN"] != nil))
    func theGoldenStoreIsWritten() async throws {
        let folder = try #require(ProcessInfo.processInfo.environment["STRATA_WRITE_GOLDEN"])
        let path = folder + "/v\(Self.formatVersion).strata"
        try #require(!FileManager.default.fileExists(atPath: path), "\(path) is there already; remove it first")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let manifest = try await withStore(at: path) { store in
            try await Self.fill(store)
            return try await GoldenManifest(of: store)
        }
        #expect(Set(manifest.codecs.keys) == ["raw", "lz4", "planes", "difference"])
        try manifest.encoded.write(to: URL(fileURLWithPath: folder + "/v\(Self.formatVersion).json"))
        #expect(!FileManager.default.fileExists(atPath: path + "/catalog.sqlite-wal"))
    }

    /// One of everything, with contents that every codec has a share of.
    static func fill(_ store: StateStore) async throws {
        let model = try await makeModel(in: store)
        let weights = SeededBytes.weights(40_000, seed: 1)
        let first = try await store.commit(
            [
                ("weights", weights), ("log", SeededBytes.text(150_000, seed: 2)), ("noise", SeededBytes.random(90_000, seed: 3)),
                ("note", Array("kept".utf8)), ("", []),
            ], to: model.id, named: "first", options: StateOptions(makeActive: true))
        let snapshot = try await store.createSnapshot(of: model.id, named: "frozen")
        var options = StateOptions(base: first.id, makeActive: true)
        options.trainingOperations = ["training-1", "training-2"]
        options.mounts = [MountRecord(modelID: model.id, snapshotID: snapshot.id)]
        try await store.commit(
            [("weights", SeededBytes.trained(weights, seed: 4)), ("log", SeededBytes.text(150_000, seed: 2))], to: model.id,
            named: "second", options: options)
        try await store.changeFiles(of: model.id) { files in
            try await files.put("main.py", Array("print('second')\n".utf8))
            try files.remove("data", recursively: true)
        }
        try await store.createModel(
            named: "based", options: ModelOptions(origin: .basedOnSnapshot(snapshot.id, of: model.id)))
        try await store.createModel(named: "copy", options: ModelOptions(origin: .copyOfModel(model.id)))
        try await fillDataset(in: store)
        // What is deleted leaves waste, which a store may have.
        let gone = try await store.commit([("gone", SeededBytes.text(60_000, seed: 9))], to: model.id, named: "gone")
        try await store.deleteState(gone.id, of: model.id)
        try await operate(in: store)
        try await makeKeys(in: store, model)
    }

    /// A key that made one of everything, and one that is revoked.
    private static func makeKeys(in store: StateStore, _ model: Model) async throws {
        let (key, _) = try await store.createAPIKey(
            named: "kept", access: .readwrite, rights: [model.id.rawValue: .admin],
            limits: APIKeyLimits(bytesMax: 1 << 40, statesMax: 7, requestsPerSecond: 2.5))
        try await StateStore.making(for: key.id) {
            let own = try await store.createModel(named: "own")
            try await store.commit([("w", SeededBytes.text(60_000, seed: 11))], to: own.id, named: "own", options: StateOptions(makeActive: true))
            try await store.createSnapshot(of: own.id, named: "own")
            try await store.changeFiles(of: own.id) { try await $0.put("main.py", Array("own".utf8)) }
            let dataset = try await store.createDataset(named: "own", keys: [ParameterDefinition(name: "x", shape: [-1], allowedTypes: ["u8"])])
            try await store.appendEntries([["x": Item(elementType: "u8", shape: [2], bytes: [3, 1, 2, 1, 2])]], to: dataset.id)
        }
        let (other, _) = try await store.createAPIKey(named: "revoked", access: nil)
        try await store.revokeAPIKey(other.id)
    }

    /// A training that has made a state, and an evaluation that has failed.
    private static func operate(in store: StateStore) async throws {
        let model = try await store.createModel(named: "operated")
        var script = ScriptedExecutor.Script(steps: [.provide("w", SeededBytes.random(70_000, seed: 7))])
        script.reports = [
            .progress(0.5), .metric("loss", Item(elementType: "f32", shape: [], bytes: [1, 0, 0, 0, 0, 64])),
            .metric("ünï", Item(elementType: "u8", shape: [3], bytes: [1, 2, 3])), .metric("loss", Item(elementType: "f32", shape: [], bytes: [])),
        ]
        script.usage = ResourceUsage(cpuSeconds: 1, memoryBytes: 2 << 20, diskBytes: 3)
        script.output = ExecutionOutput(standardOutput: "said\0", standardError: "☃\n")
        let training = try await store.train(TrainRequest(modelID: model.id, newStateName: "trained"), on: ScriptedExecutor(script))
        _ = try await store.waitForTraining(training, of: model.id)
        _ = try await store.evaluate(
            EvaluateRequest(modelID: model.id), on: ScriptedExecutor(.fail(.exception(at: .evaluate, details: "Traceback")), at: .evaluate))
    }

    private static func makeModel(in store: StateStore) async throws -> Model {
        let definition = ParameterDefinition(name: "seed", required: false, shape: [-1, 2], allowedTypes: ["f32"], annotations: ["a"])
        var options = ModelOptions(
            settings: ModelSettings(
                parameterDefinitions: ParameterDefinitions(createState: [definition]),
                createStateLauncher: LauncherSpec(cpus: 0.5, memoryMebibytes: 64, diskMebibytes: 10, swapMebibytes: 0),
                maxDurations: MaxDurations(createStateSeconds: 77)),
            description: "of format version \(formatVersion)")
        options.tags = [Tag("kind", "golden"), Tag("ünï", "☃")]
        options.isPublic = true
        let model = try await store.createModel(named: "golden", options: options)
        try await store.changeFiles(of: model.id) { files in
            try await files.put("main.py", Array("print('first')\n".utf8), permissions: 0o755)
            try await files.put("data/table.txt", SeededBytes.text(50_000, seed: 5), permissions: 0o600)
            try await files.put("data/empty", [])
            try files.makeDirectory("folder", permissions: 0o700)
            try files.makeSymlink("link", to: "data/table.txt")
        }
        return model
    }

    private static func fillDataset(in store: StateStore) async throws {
        let dataset = try await store.createDataset(
            named: "examples", keys: [ParameterDefinition(name: "x", shape: [-1], allowedTypes: ["u8"]), ParameterDefinition(name: "y")],
            description: "items", tags: [Tag("a", "b")])
        for size in [0, 10, 40_000] {
            try await store.appendEntries(
                [[
                    "x": Item(elementType: "u8", shape: [size], bytes: SeededBytes.text(size, seed: 6)),
                    "y": Item(elementType: "i64", shape: [], bytes: [UInt8(size % 251)]),
                ]], to: dataset.id)
        }
        // Of weights that look like others, some bytes are kept whole: since format version 6.
        for seed in UInt64(10)..<12 {
            let weights = SeededBytes.weights(20_000, seed: seed)
            try await store.appendEntries(
                [["x": Item(elementType: "u8", shape: [weights.count], bytes: weights), "y": Item(elementType: "i64", shape: [], bytes: [9])]],
                to: dataset.id)
        }
    }
}
