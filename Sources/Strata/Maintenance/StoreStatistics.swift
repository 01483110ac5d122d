import Catalog
import ContentStore

/// Chunks of one codec.
public struct CodecStatistics: Hashable, Sendable, Codable {
    /// `raw`, `lz4`, `planes`, `difference`.
    public let name: String
    public let chunkCount: Int
    public let rawBytes: Int64
    public let storedBytes: Int64

    init(codec: Int, chunkCount: Int, rawBytes: Int64, storedBytes: Int64) {
        name = [0: "raw", 1: "lz4", 2: "planes", 3: "difference"][codec] ?? "codec \(codec)"
        self.chunkCount = chunkCount
        self.rawBytes = rawBytes
        self.storedBytes = storedBytes
    }
}

/// What a state, or all of a model's states and snapshots, take on disk.
public struct Footprint: Hashable, Sendable {
    /// Bytes of the keys, each counted where it stands.
    public let logicalBytes: Int64
    /// Stored bytes that nothing else uses: what deleting would free once collected.
    public let aloneBytes: Int64
    /// Stored bytes that others use too.
    public let sharedBytes: Int64
    public let codecs: [CodecStatistics]

    public var keptBytes: Int64 { aloneBytes + sharedBytes }
    /// Bytes kept for each byte of the keys; nil without keys.
    public var ratio: Double? { logicalBytes > 0 ? Double(keptBytes) / Double(logicalBytes) : nil }

    init(_ row: FootprintRow) {
        logicalBytes = row.logicalBytes
        aloneBytes = row.aloneBytes
        sharedBytes = row.sharedBytes
        codecs = row.codecs.map {
            CodecStatistics(codec: $0.codec, chunkCount: $0.chunks, rawBytes: $0.rawBytes, storedBytes: $0.storedBytes)
        }
    }
}

/// What a store holds and what it takes on disk, at one moment.
public struct StoreStatistics: Hashable, Sendable {
    public let modelCount: Int
    public let stateCount: Int
    public let snapshotCount: Int
    public let datasetCount: Int
    /// States that are being created now.
    public let creationCount: Int
    /// All values that users see, each counted wherever it stands.
    public let logicalBytes: Int64
    /// The same, each distinct value counted once: what deduplication of whole values leaves.
    public let distinctBytes: Int64
    /// Values that lie in the catalog itself.
    public let inlineBytes: Int64
    public let chunkCount: Int
    public let codecs: [CodecStatistics]
    public let packCount: Int
    /// The sizes of all pack files.
    public let packBytes: Int64
    /// Bytes in packs that nothing refers to: chunks without a place in the catalog, and chunks of deleted values.
    public let wasteBytes: Int64
    /// The part of it that compaction bounds: dead bytes in packs, and of how many.
    public let packWaste: PackWaste
    public let catalogBytes: Int64

    /// What the store takes on disk.
    public var keptBytes: Int64 { packBytes + catalogBytes }
}

extension StateStore {
    /// Counts what the store holds. Cost: a scan of the catalog.
    public func statistics() async throws(StrataError) -> StoreStatistics {
        try await translating {
            try checkOpen()
            let row = try await catalog.statistics()
            let waste = try await packWaste()
            let disk = options.disk
            let catalogFiles = [layout.catalog, layout.catalog + "-wal"]
            let catalogBytes = try await blocking { () throws in
                try catalogFiles.reduce(Int64(0)) { $0 + (try disk.status($1)?.sizeBytes ?? 0) }
            }
            return StoreStatistics(
                modelCount: row.models, stateCount: row.states, snapshotCount: row.snapshots, datasetCount: row.datasets,
                creationCount: row.creations, logicalBytes: row.logicalBytes, distinctBytes: row.distinctBytes,
                inlineBytes: row.inlineBytes, chunkCount: row.chunks,
                codecs: row.codecs.map {
                    CodecStatistics(codec: $0.codec, chunkCount: $0.chunks, rawBytes: $0.rawBytes, storedBytes: $0.storedBytes)
                },
                packCount: row.packs, packBytes: row.packBytes, wasteBytes: row.deadBytes + row.condemnedBytes,
                packWaste: waste, catalogBytes: catalogBytes)
        }
    }

    /// What one state takes. Cost: reads its chunk lists and the rows of its chunks.
    public func footprint(of state: StateID, of model: ModelID) async throws(StrataError) -> Footprint {
        try await translating {
            try checkOpen()
            guard let row = try await catalog.footprint(ofState: state.rawValue, model: model.rawValue) else {
                throw try await missing(state, of: model)
            }
            return Footprint(row)
        }
    }

    /// What all states and snapshots of a model take together.
    public func footprint(of model: ModelID) async throws(StrataError) -> Footprint {
        try await translating {
            try checkOpen()
            guard let row = try await catalog.footprint(ofModel: model.rawValue) else { throw StrataError.modelNotFound(model) }
            return Footprint(row)
        }
    }
}
