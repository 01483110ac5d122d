import ContentStore
import Strata

/// Every place of a store that holds bytes, by name, with the digest of what is read there: `model/state/key`,
/// `model/snapshot: state/key`, `model//path`, `dataset/key/position`.
struct GoldenPlaces {
    /// Whatever a broken catalog shows or not.
    static let unknown: Set<String> = ["?"]

    private(set) var digests: [String: String] = [:]

    /// What a manifest says.
    init(_ manifest: GoldenManifest) {
        for model in manifest.models {
            for state in model.states + model.snapshots {
                for key in state.keys { digests["\(model.name)/\(state.name)/\(key.name)"] = key.sha256 }
            }
            for file in model.files where file.detail.hasPrefix("file") { digests["\(model.name)//\(file.name)"] = file.sha256 }
        }
        for dataset in manifest.datasets {
            for (key, items) in zip(dataset.keys, dataset.items) {
                for (position, item) in items.enumerated() { digests["\(dataset.name)/\(key.name)/\(position)"] = item.sha256 }
            }
        }
    }

    /// What can be read; places that are damaged are left out.
    init(of store: StateStore) async throws {
        for model in try await store.models(ListFilter(), limit: 1000).items {
            for state in try await store.states(of: model.id).items {
                for key in state.keys {
                    try await note("\(model.name)/\(state.name)/\(key.key)") {
                        try await store.bytes(of: key.key, in: state.id, of: model.id)
                    }
                }
            }
            for snapshot in try await store.snapshots(of: model.id).items {
                for key in snapshot.keys {
                    try await note("\(model.name)/\(snapshot.name): \(snapshot.stateName)/\(key.key)") {
                        try await store.withSnapshotState(snapshot.id, of: model.id) { try await $0.bytes(of: key.key) }
                    }
                }
            }
            for file in try await store.files(of: model.id) where file.kind == .file {
                try await note("\(model.name)//\(file.path)") { try await store.fileBytes(at: file.path, of: model.id) }
            }
        }
        for dataset in try await store.datasets(ListFilter(), limit: 1000).items {
            for key in dataset.keys {
                for position in 0..<dataset.entryCount {
                    try await note("\(dataset.name)/\(key.name)/\(position)") {
                        try await store.items(of: key.name, in: position..<position + 1, of: dataset.id)[0].bytes
                    }
                }
            }
        }
    }

    private mutating func note(_ place: String, _ read: () async throws -> [UInt8]) async throws {
        do {
            digests[place] = Digest(of: try await read()).hex
        } catch let error as StrataError {
            guard error.code == .corrupted else { throw error }
        }
    }

    /// The places of `self` that `other` has not, or has otherwise.
    func missing(in other: GoldenPlaces) -> Set<String> { Set(digests.filter { other.digests[$0.key] != $0.value }.keys) }
}
