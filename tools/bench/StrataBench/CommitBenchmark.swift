import ArgumentParser
import Foundation
import Strata

/// How long a small durable commit takes, beside one plain insert into an SQLite database with the same durability.
struct CommitBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "commit", abstract: "Latency of durable commits of small states, beside a plain SQLite insert.")

    @Option(help: "Bytes of the state's one key.") var bytes = 1024
    @Option(help: "Commits to measure.") var count = 500
    @Option(help: "Where the stores are made; removed afterwards.") var folder: String?

    func run() async throws {
        let base = folder ?? NSTemporaryDirectory()
        let path = base + "/strata-bench-commit-\(ProcessInfo.processInfo.processIdentifier)"
        defer { for ending in [".strata", ".sqlite", ".sqlite-wal", ".sqlite-shm"] { try? FileManager.default.removeItem(atPath: path + ending) } }
        let store = try await StateStore.open(at: path + ".strata")
        let model = try await store.createModel(named: "small")
        let plain = try PlainInsert(path: path + ".sqlite")
        var (commits, inserts): ([Double], [Double]) = ([], [])
        var payload = [UInt8](repeating: 0, count: bytes)
        for number in 0..<count + 20 {
            withUnsafeBytes(of: number) { payload.replaceSubrange(0..<min(8, bytes), with: $0.prefix(min(8, bytes))) }
            let content = payload
            let start = ContinuousClock.now
            try await store.commitState(of: model.id, named: "v\(number)") { try await $0.write("value", content) }
            let middle = ContinuousClock.now
            try plain.insert(content)
            let end = ContinuousClock.now
            guard number >= 20 else { continue }
            commits.append((middle - start).seconds * 1000)
            inserts.append((end - middle).seconds * 1000)
        }
        try await store.close()
        let ratio = commits.median / inserts.median
        print("commit of \(bytes) bytes    p50 \(commits.median.rounded(toPlaces: 3)) ms, p99 \(commits.percentile(99).rounded(toPlaces: 3)) ms")
        print("plain SQLite insert     p50 \(inserts.median.rounded(toPlaces: 3)) ms, p99 \(inserts.percentile(99).rounded(toPlaces: 3)) ms")
        print("ratio of the medians    \(ratio.rounded(toPlaces: 2))")
    }
}

extension [Double] {
    func percentile(_ percent: Int) -> Double {
        let sorted = sorted()
        return isEmpty ? .nan : sorted[Swift.min(count - 1, count * percent / 100)]
    }
}
