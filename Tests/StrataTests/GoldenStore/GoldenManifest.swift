import ContentStore
import Foundation
import Strata

/// Everything that a store shows, in a form that can be kept: ids, names, sizes and SHA-256 digests.
struct GoldenManifest: Codable, Hashable {
    struct Content: Codable, Hashable {
        var name: String
        var sizeBytes: Int64
        var sha256: String
        var detail: String
    }

    struct KeptState: Codable, Hashable {
        var id: String
        var name: String
        var isActive: Bool
        var base: String?
        var trainingOperations: [String]
        var mounts: [MountRecord]
        var createdAtMilliseconds: Int64
        var keys: [Content]
    }

    struct KeptModel: Codable, Hashable {
        var id: String
        var owner: String
        var name: String
        var description: String
        var isPublic: Bool
        var tags: [Tag]
        var settings: ModelSettings
        var basedOn: Model.BasedOnSnapshot?
        var filesystemSizeMebibytes: Int?
        var states: [KeptState]
        /// By snapshot: its state first, its files after.
        var snapshots: [KeptState]
        var snapshotFiles: [[Content]]
        var files: [Content]
    }

    struct KeptDataset: Codable, Hashable {
        var id: String
        var name: String
        var keys: [ParameterDefinition]
        var versionID: String
        /// By key.
        var items: [[Content]]
    }

    struct KeptOperation: Codable, Hashable {
        var id: String
        var model: String
        var kind: String
        var status: String
        var newState: String?
        var startedAtMilliseconds: Int64
        var metrics: [TrainingMetric]
        var entries: [Content]
        var usageCount: Int
        var output: String?
    }

    var storeID: String
    var models: [KeptModel]
    var datasets: [KeptDataset]
    /// Nil before format version 3, and for none.
    var operations: [KeptOperation]?
    /// Keys as they are listed, and what each made; nil before format version 4, and for none.
    var keys: [Content]?
    /// Codecs by name, with the number of their chunks.
    var codecs: [String: Int]
}

extension GoldenManifest {
    /// Reads a whole store.
    init(of store: StateStore) async throws {
        storeID = store.id
        codecs = try await store.statistics().codecs.reduce(into: [:]) { $0[$1.name] = $1.chunkCount }
        models = []
        var filter = ListFilter()
        filter.isAscending = true
        for model in try await store.models(filter, limit: 1000).items { models.append(try await KeptModel(model, in: store)) }
        datasets = []
        for dataset in try await store.datasets(filter, limit: 1000).items {
            datasets.append(try await KeptDataset(dataset, in: store))
        }
        for model in try await store.models(filter, limit: 1000).items {
            for record in try await store.operations(of: model.id).items {
                operations = try await (operations ?? []) + [KeptOperation(record, in: store)]
            }
        }
        try await readKeys(of: store)
    }

    private mutating func readKeys(of store: StateStore) async throws {
        for key in try await store.apiKeys().items {
            let holdings = try await store.holdings(of: key.id)
            let rights = key.rights.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: ",")
            let text = "\(key.access?.rawValue ?? "none") \(rights) \(key.limits) \(key.createdAtMilliseconds) \(key.isRevoked)"
            let content = Content(
                name: "\(key.id) \(key.name)", sizeBytes: holdings.stateBytes, sha256: "",
                detail: "\(text) \(holdings.models) \(holdings.states)"
                    // Only since format version 5 do datasets have makers.
                    + (holdings.datasetBytes == 0 ? "" : " \(holdings.datasetBytes) \(holdings.fileBytes)"))
            keys = (keys ?? []) + [content]
        }
    }

    var encoded: Data {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
            return try encoder.encode(self) + Data("\n".utf8)
        }
    }
}

extension GoldenManifest.Content {
    init(_ name: String, _ bytes: [UInt8], _ detail: String = "") {
        self.init(name: name, sizeBytes: Int64(bytes.count), sha256: Digest(of: bytes).hex, detail: detail)
    }

    static func files(_ files: [ModelFile], _ read: (String) async throws -> [UInt8]) async throws -> [Self] {
        var contents: [Self] = []
        for file in files {
            let bytes = file.kind == .file ? try await read(file.path) : []
            let detail = "\(file.kind.rawValue) \(String(file.permissions, radix: 8)) \(file.target ?? "")"
            contents.append(Self(file.path, bytes, detail))
        }
        return contents
    }
}

extension GoldenManifest.KeptState {
    init(_ state: State, in store: StateStore) async throws {
        let contents = try await store.withState(state.id, of: state.modelID) { try await $0.contents() }
        self.init(
            id: state.id.rawValue, name: state.name, isActive: state.isActive, base: state.baseStateID?.rawValue,
            trainingOperations: state.trainingOperations, mounts: state.mounts,
            createdAtMilliseconds: state.createdAtMilliseconds,
            keys: state.keys.map { GoldenManifest.Content($0.key, contents[$0.key] ?? []) })
    }

    init(_ snapshot: Snapshot, in store: StateStore) async throws {
        let contents = try await store.withSnapshotState(snapshot.id, of: snapshot.modelID) { try await $0.contents() }
        self.init(
            id: snapshot.id.rawValue, name: "\(snapshot.name): \(snapshot.stateName)", isActive: false, base: nil,
            trainingOperations: [], mounts: snapshot.mounts, createdAtMilliseconds: snapshot.createdAtMilliseconds,
            keys: snapshot.keys.map { GoldenManifest.Content($0.key, contents[$0.key] ?? []) })
    }
}

extension GoldenManifest.KeptModel {
    init(_ model: Model, in store: StateStore) async throws {
        id = model.id.rawValue
        (owner, name, description, isPublic) = (model.owner, model.name, model.description, model.isPublic)
        (tags, settings, basedOn) = (model.tags, model.settings, model.basedOnSnapshot)
        filesystemSizeMebibytes = model.filesystemSizeMebibytes
        (states, snapshots, snapshotFiles) = ([], [], [])
        for state in try await store.states(of: model.id).items { states.append(try await .init(state, in: store)) }
        for snapshot in try await store.snapshots(of: model.id).items {
            snapshots.append(try await .init(snapshot, in: store))
            let files = try await store.files(ofSnapshot: snapshot.id, of: model.id)
            snapshotFiles.append(
                try await GoldenManifest.Content.files(files) {
                    try await store.fileBytes(at: $0, of: model.id, snapshot: snapshot.id)
                })
        }
        files = try await GoldenManifest.Content.files(try await store.files(of: model.id)) {
            try await store.fileBytes(at: $0, of: model.id)
        }
    }
}

extension GoldenManifest.KeptOperation {
    init(_ record: OperationRecord, in store: StateStore) async throws {
        let (model, training) = (record.modelID, record.kind == .train)
        metrics = training ? try await store.trainingStatus(record.id, of: model).metrics : []
        entries = []
        for metric in metrics {
            for entry in try await store.trainingMetric(metric.name, in: record.id, of: model) {
                entries.append(GoldenManifest.Content(metric.name, entry.tensor, "\(entry.timestampMilliseconds)"))
            }
        }
        usageCount = training ? try await store.trainingUsage(of: record.id, model: model).count : 0
        let output = try await store.operationOutput(record.id, of: model)
        self.output = output.map { $0.standardOutput + $0.standardError }
        (id, self.model, kind) = (record.id.rawValue, model.rawValue, record.kind.rawValue)
        status =
            switch record.status {
            case .running: "running"
            case .finished: "finished"
            case .failed(let failure): "failed: \(failure.code)"
            }
        (newState, startedAtMilliseconds) = (record.newStateID?.rawValue, record.startedAtMilliseconds)
    }
}

extension GoldenManifest.KeptDataset {
    init(_ dataset: Dataset, in store: StateStore) async throws {
        (id, name, keys, versionID) = (dataset.id.rawValue, dataset.name, dataset.keys, dataset.versionID)
        items = []
        for key in dataset.keys {
            let column = try await store.items(of: key.name, in: 0..<dataset.entryCount, of: dataset.id)
            items.append(column.map { GoldenManifest.Content(key.name, $0.bytes, "\($0.elementType) \($0.shape)") })
        }
    }
}
