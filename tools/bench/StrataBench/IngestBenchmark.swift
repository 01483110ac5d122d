import ArgumentParser
import Foundation
import Strata

/// A chain of files, each a version of one model, in the library itself: no command around it.
struct IngestBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingest", abstract: "Seconds and bytes of storing a chain of versions, and of reading the last one back.")

    @Argument(help: "The versions, oldest first.") var files: [String]
    @Option(help: "Times that the whole chain is stored, each time in a new store.") var rounds = 3
    @Option(help: "Where the stores are made; removed afterwards.") var folder: String?
    @Flag(help: "Prints one JSON document.") var json = false

    func validate() throws {
        guard rounds > 0, !files.isEmpty else { throw ValidationError("give at least one file and one round") }
        for file in files where !FileManager.default.isReadableFile(atPath: file) {
            throw ValidationError("cannot read `\(file)`")
        }
    }

    func run() async throws {
        var rounds: [Round] = []
        for number in 0..<self.rounds { rounds.append(try await round(number)) }
        let logicalBytes = try files.reduce(Int64(0)) { $0 + (try Self.sizeBytes($1)) }
        let seconds = rounds.map(\.ingestSeconds).median
        let figures = Figures(
            files: files.count, logicalBytes: logicalBytes, keptBytes: rounds[0].keptBytes,
            ratio: Double(rounds[0].keptBytes) / Double(logicalBytes), ingestSeconds: seconds,
            ingestGigabytesPerSecond: Double(logicalBytes) / seconds / 1e9,
            restoreLastSeconds: rounds.map(\.restoreSeconds).median, codecs: rounds[0].codecs, rounds: rounds)
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            print(String(decoding: try encoder.encode(figures), as: UTF8.self))
        } else {
            figures.printTable()
        }
    }

    struct Round: Codable {
        let ingestSeconds: Double
        let versionSeconds: [Double]
        let restoreSeconds: Double
        let keptBytes: Int64
        let codecs: [CodecStatistics]
    }

    private struct Figures: Codable {
        let files: Int
        let logicalBytes: Int64
        let keptBytes: Int64
        let ratio: Double
        let ingestSeconds: Double
        let ingestGigabytesPerSecond: Double
        let restoreLastSeconds: Double
        let codecs: [CodecStatistics]
        let rounds: [Round]

        func printTable() {
            print("versions          \(files), \(logicalBytes) bytes")
            print("kept              \(keptBytes) bytes, \(ratio.rounded(toPlaces: 4)) of them")
            print("ingest            \(ingestSeconds.rounded(toPlaces: 3)) s, \(ingestGigabytesPerSecond.rounded(toPlaces: 2)) GB/s")
            print("by version        \(rounds[0].versionSeconds.map { String($0.rounded(toPlaces: 3)) }.joined(separator: " ")) s")
            print("restore of last   \(restoreLastSeconds.rounded(toPlaces: 3)) s")
            for codec in codecs {
                print("  \(codec.name): \(codec.chunkCount) chunks, \(codec.rawBytes) → \(codec.storedBytes) bytes")
            }
        }
    }

    private func round(_ number: Int) async throws -> Round {
        let base = folder ?? NSTemporaryDirectory()
        let path = base + "/strata-bench-ingest-\(ProcessInfo.processInfo.processIdentifier)-\(number).strata"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let store = try await StateStore.open(at: path)
        let model = try await store.createModel(named: "chain")
        var versionSeconds: [Double] = []
        var last: StateID?
        for file in files {
            let start = ContinuousClock.now
            last = try await store.commitState(of: model.id, named: file) { writer in
                try await writer.write("weights", fileAt: file)
            }.id
            versionSeconds.append((ContinuousClock.now - start).seconds)
        }
        let statistics = try await store.statistics()
        let start = ContinuousClock.now
        var restored = 0
        try await store.withState(last, of: model.id) { reader in
            try await reader.read("weights") { restored += $0.count }
        }
        let restoreSeconds = (ContinuousClock.now - start).seconds
        guard try Int64(restored) == Self.sizeBytes(files.last!) else { throw ValidationError("the last version came back with \(restored) bytes") }
        try await store.close()
        return Round(
            ingestSeconds: versionSeconds.reduce(0, +), versionSeconds: versionSeconds, restoreSeconds: restoreSeconds,
            keptBytes: statistics.keptBytes, codecs: statistics.codecs)
    }

    private static func sizeBytes(_ file: String) throws -> Int64 {
        let attributes = try FileManager.default.attributesOfItem(atPath: file)
        return (attributes[.size] as? NSNumber)?.int64Value ?? 0
    }
}

extension [Double] {
    var median: Double {
        let sorted = sorted()
        return isEmpty ? .nan : (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
    }
}
