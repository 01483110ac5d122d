import ArgumentParser
import Foundation
import Strata

/// Measures one filled store and prints its figures as JSON.
struct ScaleMeasure: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure", abstract: "Times and memory of a filled store's operations, as JSON. Changes the store.")

    static let pageLength = 100

    @Argument(help: "The store's folder.") var path: String
    @Option(help: "The model with the states.") var model: String

    func run() async throws {
        let catalogBytes = try FileManager.default.attributesOfItem(atPath: path + "/catalog.sqlite")[.size] as? Int64 ?? 0
        let stopwatch = Stopwatch()
        guard let model = ModelID(model) else { throw ValidationError("`\(model)` is no model's id") }
        let path = path
        try await stopwatch.measure("open, first in the process", times: 1) { try await StateStore.open(at: path).close() }
        try await stopwatch.measure("open and close", times: 20) { try await StateStore.open(at: path).close() }
        let store = try await StateStore.open(at: path)
        let total = try await store.states(of: model, limit: 1).total
        try await read(store, model, total, stopwatch)
        try await write(store, model, total, stopwatch)
        let everyday = try ProcessMemory.peakBytes()
        try await readAll(store, stopwatch)
        let statistics = try await store.statistics()
        try await stopwatch.measure("close", times: 1) { try await store.close() }
        let column = ScaleColumn(
            states: total, chunks: statistics.chunkCount, times: stopwatch.times, everydayPeakBytes: everyday,
            peakBytes: try ProcessMemory.peakBytes(), catalogBytes: catalogBytes, packBytes: statistics.packBytes,
            rawBytes: statistics.codecs.reduce(0) { $0 + $1.rawBytes })
        print(String(decoding: try JSONEncoder().encode(column), as: UTF8.self))
    }

    private func read(_ store: StateStore, _ model: ModelID, _ total: Int, _ stopwatch: Stopwatch) async throws {
        let pages = [("first", 0), ("middle", total / 2), ("last", total - Self.pageLength)]
        for (name, offset) in pages {
            try await stopwatch.measure("list the \(name) page", times: 9) {
                _ = try await store.states(of: model, offset: offset, limit: Self.pageLength)
            }
        }
        let ids = try await store.states(of: model, offset: total / 3, limit: Self.pageLength).items.map(\.id)
        try await stopwatch.measure("show a state", each: ids) { _ = try await store.state($0, of: model) }
        try await stopwatch.measure("footprint of a state", each: ids) { _ = try await store.footprint(of: $0, of: model) }
        try await stopwatch.measure("show the model (counts its states)", times: 9) { _ = try await store.model(model) }
        try await stopwatch.measure("read 1 MiB of the active state", times: 9) { _ = try await store.bytes(of: "weights", of: model) }
    }

    private func write(_ store: StateStore, _ model: ModelID, _ total: Int, _ stopwatch: Stopwatch) async throws {
        for (name, bytes, times) in [("commit 1 KiB", 1 << 10, 50), ("commit 1 MiB", 1 << 20, 9)] {
            let contents = (0..<times).map { Self.content(bytes, seed: UInt64(1000 + bytes + $0)) }
            try await stopwatch.measure(name, each: contents) { content in
                try await store.commitState(of: model, named: "new") { try await $0.write("weights", content) }
            }
        }
        try await stopwatch.measure("snapshot", times: 20) { try await store.createSnapshot(of: model, named: "frozen") }
        let ids = try await store.states(of: model, offset: total / 2, limit: Self.pageLength).items.map(\.id)
        try await stopwatch.measure("delete a state", each: ids) { try await store.deleteState($0, of: model) }
    }

    /// What may cost as much as the store is large, or as its garbage: once each.
    private func readAll(_ store: StateStore, _ stopwatch: Stopwatch) async throws {
        try await stopwatch.measure("plan a collection", times: 1) { _ = try await store.planCollection() }
        try await stopwatch.measure("plan a compaction", times: 1) { _ = try await store.planCompaction() }
        try await stopwatch.measure("statistics", times: 1) { _ = try await store.statistics() }
    }

    /// Bytes that do not repeat.
    static func content(_ count: Int, seed: UInt64) -> [UInt8] {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            withUnsafeBytes(of: state) { bytes.append(contentsOf: $0) }
        }
        return bytes
    }
}

/// Medians of what was measured, in the order of measuring.
final class Stopwatch {
    private(set) var times: [ScaleColumn.Time] = []

    func measure<Discarded>(_ name: String, times: Int, _ body: () async throws -> Discarded) async throws {
        try await measure(name, each: Array(0..<times)) { _ in try await body() }
    }

    func measure<Item, Discarded>(_ name: String, each items: [Item], _ body: (Item) async throws -> Discarded) async throws {
        var milliseconds: [Double] = []
        for item in items {
            let start = ContinuousClock.now
            _ = try await body(item)
            milliseconds.append((ContinuousClock.now - start).seconds * 1000)
        }
        times.append(.init(name: name, milliseconds: milliseconds.median))
    }
}
