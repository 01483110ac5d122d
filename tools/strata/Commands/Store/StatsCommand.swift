import ArgumentParser
import Strata

struct StatisticsView: JSONDocument {
    struct Codec: Encodable {
        let name: String
        let chunkCount: Int
        let rawBytes: Int64
        let storedBytes: Int64
    }

    let modelCount: Int
    let stateCount: Int
    let snapshotCount: Int
    let datasetCount: Int
    let creationCount: Int
    let logicalBytes: Int64
    let distinctBytes: Int64
    let inlineBytes: Int64
    let chunkCount: Int
    let codecs: [Codec]
    let packCount: Int
    let packBytes: Int64
    let wasteBytes: Int64
    let deadBytes: Int64
    let deadShare: Double
    let deadShareMax: Double
    let catalogBytes: Int64
    let keptBytes: Int64

    init(_ statistics: StoreStatistics) {
        modelCount = statistics.modelCount
        stateCount = statistics.stateCount
        snapshotCount = statistics.snapshotCount
        datasetCount = statistics.datasetCount
        creationCount = statistics.creationCount
        logicalBytes = statistics.logicalBytes
        distinctBytes = statistics.distinctBytes
        inlineBytes = statistics.inlineBytes
        chunkCount = statistics.chunkCount
        codecs = statistics.codecs.map {
            Codec(name: $0.name, chunkCount: $0.chunkCount, rawBytes: $0.rawBytes, storedBytes: $0.storedBytes)
        }
        packCount = statistics.packCount
        packBytes = statistics.packBytes
        wasteBytes = statistics.wasteBytes
        deadBytes = statistics.packWaste.deadBytes
        deadShare = statistics.packWaste.share
        deadShareMax = CompactionOptions.wasteShareMaxDefault
        catalogBytes = statistics.catalogBytes
        keptBytes = statistics.keptBytes
    }

    static let fields: [JSONField] = [
        .init("modelCount", "models"), .init("stateCount", "states of all models"),
        .init("snapshotCount", "snapshots of all models"), .init("datasetCount", "datasets"),
        .init("creationCount", "states that are being created now"),
        .init("logicalBytes", "all values, each counted wherever it stands"),
        .init("distinctBytes", "each distinct value counted once"),
        .init("inlineBytes", "values that lie in the catalog"), .init("chunkCount", "chunks in packs"),
        .init("codecs[].name", "raw, lz4, planes or difference"), .init("codecs[].chunkCount", "chunks encoded so"),
        .init("codecs[].rawBytes", "their bytes before encoding"), .init("codecs[].storedBytes", "and after"),
        .init("packCount", "pack files"), .init("packBytes", "bytes of all pack files"),
        .init("wasteBytes", "bytes in packs that nothing refers to: dead ones, and what deleted values still hold"),
        .init("deadBytes", "dead bytes in packs that are in use: what compaction frees"),
        .init("deadShare", "their share of all chunks' bytes in packs, 0 to 1"),
        .init("deadShareMax", "the share in a pack above which `strata compact` rewrites it, unless told"),
        .init("catalogBytes", "bytes of the catalog"),
        .init("keptBytes", "packs and catalog: what the store takes on disk"),
    ]

    private static func dead(_ waste: PackWaste) -> String {
        let bound = Text.percent(CompactionOptions.wasteShareMaxDefault)
        return "\(Text.exactSize(waste.deadBytes)), \(Text.percent(waste.share)); compaction bounds it at \(bound) of a pack"
    }

    static func text(_ statistics: StoreStatistics) -> String {
        let ratio =
            statistics.keptBytes > 0 && statistics.logicalBytes > 0
            ? String(Double(statistics.logicalBytes * 100 / statistics.keptBytes) / 100) + " logical bytes a byte kept" : ""
        let head = Table.pairs([
            ("models", Text.count(statistics.modelCount)), ("states", Text.count(statistics.stateCount)),
            ("snapshots", Text.count(statistics.snapshotCount)), ("datasets", Text.count(statistics.datasetCount)),
            ("being created", statistics.creationCount > 0 ? Text.count(statistics.creationCount) : ""),
            ("logical", Text.exactSize(statistics.logicalBytes)), ("distinct", Text.exactSize(statistics.distinctBytes)),
            ("kept", Text.exactSize(statistics.keptBytes)), ("ratio", ratio),
            ("packs", "\(Text.exactSize(statistics.packBytes)) in \(Text.count(statistics.packCount, "file"))"),
            ("waste", Text.exactSize(statistics.wasteBytes)), ("dead", dead(statistics.packWaste)), ("catalog", Text.exactSize(statistics.catalogBytes)),
        ])
        guard !statistics.codecs.isEmpty else { return head }
        return head + "\n\n"
            + Table(
                [.text("CODEC"), .number("CHUNKS"), .number("RAW"), .number("STORED"), .number("SHARE")],
                rows: statistics.codecs.map {
                    [
                        $0.name, Text.count($0.chunkCount), Text.size($0.rawBytes), Text.size($0.storedBytes),
                        "\($0.rawBytes > 0 ? $0.storedBytes * 100 / $0.rawBytes : 0) %",
                    ]
                }
            ).text(empty: "")
    }
}

struct StatsCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Says what a store, or a model and each of its states, takes on disk.",
        discussion: """
            Of a model: the bytes of its values, the stored bytes that are its own alone and those that others share, and \
            how its chunks are encoded.

            Example:
              strata stats
              strata stats minilm --json
            """)
    static let access = StoreAccess.metadata

    @Argument(help: "A model's name or id; without one, the whole store.") var model: String?

    @OptionGroup var global: GlobalOptions

    func run(in store: StateStore, _ output: Output) async throws {
        if let model { return try await show(try await store.findModel(model), in: store, output) }
        let statistics = try await store.statistics()
        try await output.show(StatisticsView(statistics)) { StatisticsView.text(statistics) }
    }

    private func show(_ model: Model, in store: StateStore, _ output: Output) async throws {
        var states: [FootprintsView.Kept] = []
        var page = try await store.states(of: model.id, limit: 1000)
        while !page.items.isEmpty {
            for state in page.items {
                let footprint = try await store.footprint(of: state.id, of: model.id)
                states.append(.init(id: state.id.rawValue, name: state.name, footprint))
            }
            page = try await store.states(of: model.id, offset: page.offset + page.items.count, limit: 1000)
        }
        let all = FootprintsView.Kept(id: model.id.rawValue, name: model.name, try await store.footprint(of: model.id))
        let view = FootprintsView(model: all, states: states)
        try await output.show(view) { view.text }
    }
}
