import DecthingsAPI
import Foundation
import ModelRuntime
import Strata
import StrataTesting
import Testing

/// createState from request to committed state, with the real Python runtime and a real store.
@Suite struct CreateStatePipelineTests {
    private func item(_ tensor: Tensor) -> Item {
        Item(elementType: tensor.type.name, shape: tensor.shape, bytes: Array(tensor.bytes))
    }

    @Test func whatTheCodeProvidesIsTheNewState() async throws {
        try await PipelineRun.with("scaler") { run in
            let result = try await run.create([.inline(name: "weight", items: [item(.scalar(Float(1.5)))])])
            guard case .success(let id, let durations) = result else {
                Issue.record("\(result)")
                return
            }
            let state = try await run.store.state(id, of: run.model)
            #expect(state.keys.map(\.key) == ["weight", "meta"])
            #expect(!state.isActive)
            #expect(try await run.store.bytes(of: "weight", in: id, of: run.model) == withUnsafeBytes(of: Float(1.5)) { Array($0) })
            #expect(durations.createLauncherMilliseconds != nil)
            #expect(try #require(durations.codeStartupMilliseconds) > 0)
            let phases = (durations.codeStartupMilliseconds ?? 0) + (durations.createStateMilliseconds ?? 0)
            #expect(durations.totalMilliseconds >= phases)
        }
    }

    @Test func mountedFilesAndStatesArriveWhole() async throws {
        try await PipelineRun.with("reads_mounts") { run in
            let other = try await run.store.createModel(named: "other")
            try await run.store.changeFiles(of: other.id) { files in
                try await files.put("lib/code.py", Array("x = 1\n".utf8))
                try files.makeSymlink("link", to: "lib/code.py")
            }
            let large = SeededBytes.random(3_000_000, seed: 5)
            try await run.store.commitState(of: other.id, named: "v1", options: StateOptions(makeActive: true)) {
                try await $0.write("large", large)
                try await $0.write("empty", [])
            }
            let snapshot = try await run.store.createSnapshot(of: other.id, named: "s")
            try await run.store.changeFiles(of: other.id) { try $0.remove("lib", recursively: true) }
            let result = try await run.create(
                mounts: [MountRequest(modelID: other.id, selection: .snapshot(snapshot.id)), MountRequest(modelID: run.model)])
            guard case .success(let id, _) = result else {
                Issue.record("\(result)")
                return
            }
            let listing = try await run.store.bytes(of: "\(other.id)/files", in: id, of: run.model)
            let files = try JSONDecoder().decode([String: String].self, from: Data(listing))
            #expect(files == ["lib": "directory", "lib/code.py": "x = 1\n", "link": "-> lib/code.py"])
            #expect(try await run.store.bytes(of: "\(other.id)/state/large", in: id, of: run.model) == large)
            #expect(try await run.store.bytes(of: "\(other.id)/state/empty", in: id, of: run.model).isEmpty)
            let mounts = try await run.store.state(id, of: run.model).mounts
            #expect(mounts == [MountRecord(modelID: other.id, snapshotID: snapshot.id), MountRecord(modelID: run.model)])
        }
    }

    @Test func parametersComeFromTheCallAndFromDatasets() async throws {
        try await PipelineRun.with("echo_params") { run in
            let tensors = [Tensor.scalar("hé"), Tensor([Int64(1), -2, 3]), Tensor.booleans([true, false])]
            let dataset = try await run.store.createDataset(
                named: "d", keys: [Strata.ParameterDefinition(name: "k", shape: [-1], allowedTypes: ["u8"])])
            let rows = [Tensor([UInt8](repeating: 7, count: 100_000)), Tensor([UInt8(1)])]
            try await run.store.appendEntries(rows.map { ["k": item($0)] }, to: dataset.id)
            let result = try await run.create([
                .inline(name: "inline", items: tensors.map(item)), .inline(name: "none", items: []),
                .dataset(name: "stored", dataset: dataset.id, key: "k"),
            ])
            guard case .success(let id, _) = result else {
                Issue.record("\(result)")
                return
            }
            #expect(try await run.store.bytes(of: "inline", in: id, of: run.model) == tensors.flatMap { Array($0.bytes) })
            #expect(try await run.store.bytes(of: "none", in: id, of: run.model).isEmpty)
            #expect(try await run.store.bytes(of: "stored", in: id, of: run.model) == rows.flatMap { Array($0.bytes) })
        }
    }

    @Test func realWeightsBecomeAStateAndItsSuccessorADifference() async throws {
        try await PipelineRun.with("../../../tools/demo-models/minilm") { run in
            let first = try await run.create()
            guard case .success(let v1, _) = first else {
                Issue.record("\(first)")
                return
            }
            let keptFirst = try await run.store.statistics().packBytes
            try await run.store.activateState(v1, of: run.model)
            let second = try await run.create(
                [
                    .inline(name: "seed", items: [item(.scalar(Int64(7)))]),
                    .inline(name: "scale", items: [item(.scalar(Float(1e-5)))]),
                    .inline(name: "part", items: [item(.scalar("all"))]),
                ], mounts: [MountRequest(modelID: run.model)])
            guard case .success(let v2, _) = second else {
                Issue.record("\(second)")
                return
            }
            let keptSecond = try await run.store.statistics().packBytes - keptFirst
            let sizeBytes = try await run.store.state(v2, of: run.model).sizeBytes
            #expect(sizeBytes > 90_000_000)
            #expect(keptSecond < sizeBytes / 2, "\(keptSecond) bytes were kept of a successor of \(sizeBytes)")
        }
    }
}
