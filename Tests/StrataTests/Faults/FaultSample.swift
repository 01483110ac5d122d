import Foundation
import Strata
import StrataTesting

/// A store with one of everything, made once; each attempt gets a copy of its folder.
struct FaultSample: Sendable {
    static let weights = SeededBytes.weights(30_000, seed: 1)

    let path: String
    let model: ModelID
    let small: StateID
    let large: StateID
    let snapshot: SnapshotID
    let dataset: DatasetID

    static func options(_ disk: FaultDisk? = nil) -> StateStore.Options {
        var options = StateStore.Options()
        if let disk { options.disk = disk }
        options.ingest.averageChunkBytes = 32 << 10
        return options
    }

    /// - Parameter path: where the store is made.
    init(at path: String) async throws {
        self.path = path
        (model, small, large, snapshot, dataset) = try await withStore(at: path, options: Self.options()) { store in
            let model = try await store.createModel(named: "m").id
            let large = try await store.commit(
                [("w", Self.weights)], to: model, named: "large", options: StateOptions(makeActive: true))
            let small = try await store.commit([("k", [1, 2, 3])], to: model, named: "small")
            try await store.changeFiles(of: model) { try await $0.put("code.py", Array("pass".utf8)) }
            let snapshot = try await store.createSnapshot(of: model, named: "frozen")
            let dataset = try await store.createDataset(named: "d", keys: [ParameterDefinition(name: "x", shape: [-1])])
            _ = try await store.appendEntries(
                [["x": Item(elementType: "u8", shape: [3], bytes: [4, 5, 6])]], to: dataset.id)
            return (model, small.id, large.id, snapshot.id, dataset.id)
        }
    }
}

/// All that a store tells its users, without ids and times: two stores with equal contents hold the same.
struct StoreContents: Hashable {
    let lines: [String]

    init(of store: StateStore) async throws {
        var lines: [String] = []
        for model in try await store.models().items {
            lines.append("model \(model.name)")
            for state in try await store.states(of: model.id).items {
                let contents = try await store.contents(of: state.id, of: model.id)
                lines.append("state \(model.name)/\(state.name) active: \(state.isActive) \(Self.tell(contents))")
            }
            for snapshot in try await store.snapshots(of: model.id).items {
                let contents = try await store.withSnapshotState(snapshot.id, of: model.id) { try await $0.contents() }
                lines.append("snapshot \(model.name)/\(snapshot.name) \(Self.tell(contents))")
            }
            for file in try await store.files(of: model.id) {
                lines.append("file \(model.name)/\(file.path) \(file.sizeBytes)")
                if file.kind == .file { lines.append("  \(try await store.fileBytes(at: file.path, of: model.id).hashValue)") }
            }
        }
        for listing in try await store.datasetListings().items {
            let dataset = listing.dataset
            lines.append("dataset \(dataset.name): \(dataset.entries), \(listing.needsReview)")
            for item in try await store.items(of: "x", in: 0..<100, of: dataset.id) { lines.append("  \(item.bytes.hashValue)") }
        }
        self.lines = lines
    }

    private static func tell(_ contents: [String: [UInt8]]) -> String {
        contents.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.count) bytes, \($0.value.hashValue)" }.joined(separator: "; ")
    }
}
