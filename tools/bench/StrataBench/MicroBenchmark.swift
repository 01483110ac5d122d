import ArgumentParser
import CKernels
import CLZ4
import ContentStore
import Foundation
import Strata

/// What each stage of storing and reading costs a core, beside the bare library or kernel, and what the whole makes of it.
struct MicroBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "micro", abstract: "GB/s of every stage on one core, and how close ingest comes to what the stages allow.",
        discussion: """
            The first file is a version of a model's weights, the second the next one. Ingest is compared with \
            cores ÷ (sum of its stages' seconds a byte): 1 would mean that every core does nothing but stages.
            """)

    @Argument(help: "A version, such as 01.safetensors.") var file: String
    @Argument(help: "The next version, of the same length.") var next: String
    @Option(help: "Passes over the data; the median counts.") var passes = 5
    @Option(help: "Where the store of the ingest run is made; removed afterwards.") var folder: String?
    @Flag(help: "Prints one JSON document.") var json = false

    func run() async throws {
        let data = try StageData(file: file, next: next)
        var stages: [Stage] = []
        func measure(_ name: String, bytes: Int? = nil, _ body: () throws -> Void) rethrows -> Stage {
            try body()
            var seconds: [Double] = []
            for _ in 0..<passes {
                let start = ContinuousClock.now
                try body()
                seconds.append((ContinuousClock.now - start).seconds)
            }
            let stage = Stage(name: name, gigabytesPerSecond: Double(bytes ?? data.sizeBytes) / seconds.median / 1e9)
            stages.append(stage)
            return stage
        }
        let cut = measure("cut by content") { data.cut() }
        let hash = measure("SHA-256, of many chunks") { data.hash() }
        let checksum = measure("CRC-32C") { data.checksum() }
        _ = measure("yardstick: SHA-256 of the library") { data.hashByLibrary() }
        _ = measure("yardstick: memcpy") { data.copy() }
        _ = measure("yardstick: LZ4 alone, in") { data.lz4() }
        _ = measure("yardstick: bit planes alone, in") { data.planesAlone() }
        _ = measure("yardstick: differences and bit planes alone, in") { data.differencesAlone() }
        let first = measure("encode, no base") { data.encode(withBase: false) }
        let difference = measure("encode, with base") { data.encode(withBase: true) }
        let decodeFirst = try measure("decode, no base") { try data.decode(withBase: false) }
        let decode = try measure("decode a difference") { try data.decode(withBase: true) }

        let cores = Double(max(1, ck_processor_count()))
        let restage = StageSum(cores: cores, stages: [cut, hash, first, checksum])
        let nextStage = StageSum(cores: cores, stages: [hash, decodeFirst, difference, checksum])
        let readStage = StageSum(cores: cores, stages: [decode, decodeFirst, hash])
        let ingest = try await IngestRun(file: file, next: next, folder: folder, passes: passes).measure()
        let totals = [
            Total(name: "ingest of the first version", allowed: restage.gigabytesPerSecond, reached: ingest.first),
            Total(name: "ingest of the next version", allowed: nextStage.gigabytesPerSecond, reached: ingest.next),
            Total(name: "verified read of the next version", allowed: readStage.gigabytesPerSecond, reached: ingest.read),
        ]
        try report(stages, totals, ranges: ingest.warmRanges)
    }

    struct Stage: Codable {
        let name: String
        let gigabytesPerSecond: Double
    }

    struct StageSum {
        let cores: Double
        let stages: [Stage]
        var gigabytesPerSecond: Double { cores / stages.reduce(0) { $0 + 1 / $1.gigabytesPerSecond } }
    }

    struct Total: Codable {
        let name: String
        let allowed: Double
        let reached: Double
        var share: Double { reached / allowed }
    }

    private func report(_ stages: [Stage], _ totals: [Total], ranges: Double) throws {
        if json {
            struct Figures: Encodable {
                let stages: [Stage]
                let totals: [Total]
                let warmRangeGigabytesPerSecond: Double
            }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            let figures = Figures(stages: stages, totals: totals, warmRangeGigabytesPerSecond: ranges)
            print(String(decoding: try encoder.encode(figures), as: UTF8.self))
            return
        }
        func padded(_ text: String) -> String { text.padding(toLength: 50, withPad: " ", startingAt: 0) }
        print("one core, GB/s of raw bytes")
        for stage in stages { print("  \(padded(stage.name))\(stage.gigabytesPerSecond.rounded(toPlaces: 2))") }
        print("the whole, GB/s: reached / allowed by its stages on \(ck_processor_count()) cores")
        for total in totals {
            print(
                "  \(padded(total.name))\(total.reached.rounded(toPlaces: 2)) / \(total.allowed.rounded(toPlaces: 2)) = \(total.share.rounded(toPlaces: 2))")
        }
        print("  \(padded("random warm ranges of 64 KiB"))\(ranges.rounded(toPlaces: 2))")
    }
}
