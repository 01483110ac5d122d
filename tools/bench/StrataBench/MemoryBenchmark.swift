import ArgumentParser
import Foundation
import Strata

/// A value of any size goes in and comes out in bounded memory.
struct MemoryBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "memory", abstract: "Peak memory of storing and reading one large value.",
        discussion: "The value is a stream of fp32-like words, made as it is written; what is read back is compared with it.")

    @Option(help: "The value's size.") var mebibytes = 2048
    @Option(help: "Where the store is made; removed afterwards.") var folder: String?
    @Flag(help: "Prints one JSON document.") var json = false

    func validate() throws {
        guard (1...1 << 20).contains(mebibytes) else { throw ValidationError("--mebibytes must lie between 1 and \(1 << 20)") }
    }

    func run() async throws {
        let base = folder ?? NSTemporaryDirectory()
        let path = base + "/strata-bench-memory-\(ProcessInfo.processInfo.processIdentifier).strata"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let store = try await StateStore.open(at: path)
        let model = try await store.createModel(named: "large")
        let source = WordStream(totalBytes: mebibytes << 20)
        let baseBytes = try ProcessMemory.residentBytes()

        try ProcessMemory.resetPeak()
        let start = ContinuousClock.now
        let state = try await store.commitState(of: model.id, named: "v1") { writer in
            try await writer.beginKey("value", sizeBytes: Int64(source.totalBytes))
            for piece in source { try await writer.write(piece[...]) }
            try await writer.endKey()
        }
        let ingested = ContinuousClock.now
        let ingestPeak = try ProcessMemory.peakBytes()

        try ProcessMemory.resetPeak()
        try await store.withState(state.id, of: model.id) { reader in
            var expected = ExpectedBytes(source)
            try await reader.read("value") { try expected.compare($0) }
            try expected.finish()
        }
        let read = ContinuousClock.now
        let restorePeak = try ProcessMemory.peakBytes()
        let kept = try await store.statistics().keptBytes
        try await store.close()
        try report(
            Figures(
                valueBytes: Int64(source.totalBytes), keptBytes: kept, baseBytes: baseBytes,
                ingestPeakAboveBaseBytes: ingestPeak - baseBytes, restorePeakAboveBaseBytes: restorePeak - baseBytes,
                ingestSeconds: (ingested - start).seconds, restoreSeconds: (read - ingested).seconds))
    }

    private struct Figures: Codable {
        let valueBytes: Int64
        let keptBytes: Int64
        let baseBytes: Int64
        let ingestPeakAboveBaseBytes: Int64
        let restorePeakAboveBaseBytes: Int64
        let ingestSeconds: Double
        let restoreSeconds: Double
    }

    private func report(_ figures: Figures) throws {
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            print(String(decoding: try encoder.encode(figures), as: UTF8.self))
            return
        }
        func mebibytes(_ bytes: Int64) -> String { "\(bytes >> 20) MiB" }
        print("value                        \(mebibytes(figures.valueBytes))")
        print("kept on disk                 \(mebibytes(figures.keptBytes))")
        print("memory before                \(mebibytes(figures.baseBytes))")
        print("peak above it, storing       \(mebibytes(figures.ingestPeakAboveBaseBytes))")
        print("peak above it, reading       \(mebibytes(figures.restorePeakAboveBaseBytes))")
        print("seconds, storing / reading   \(figures.ingestSeconds.rounded(toPlaces: 2)) / \(figures.restoreSeconds.rounded(toPlaces: 2))")
    }
}

/// Words that look like a network's weights: fp32 of a narrow range of exponents. The same on every pass.
struct WordStream: Sequence, Sendable {
    static let pieceBytes = 1 << 20
    let totalBytes: Int

    func makeIterator() -> Iterator { Iterator(rest: totalBytes) }

    struct Iterator: IteratorProtocol {
        var rest: Int
        private var state: UInt64 = 0x9e37_79b9_7f4a_7c15

        init(rest: Int) { self.rest = rest }

        mutating func next() -> [UInt8]? {
            guard rest > 0 else { return nil }
            let count = Swift.min(rest, WordStream.pieceBytes)
            rest -= count
            var state = state
            let piece = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
                let raw = UnsafeMutableRawBufferPointer(buffer)
                for offset in stride(from: 0, to: count - 3, by: 4) {
                    state ^= state << 13
                    state ^= state >> 7
                    state ^= state << 17
                    let exponent = UInt32(118 + (state >> 60) / 3) << 23
                    raw.storeBytes(of: UInt32(truncatingIfNeeded: state) & 0x807f_ffff | exponent, toByteOffset: offset, as: UInt32.self)
                }
                for offset in (count & ~3)..<count { raw[offset] = UInt8(truncatingIfNeeded: offset) }
                initialized = count
            }
            self.state = state
            return piece
        }
    }
}

/// Compares pieces of any size with a stream.
struct ExpectedBytes {
    private var pieces: WordStream.Iterator
    private var piece: ArraySlice<UInt8> = []
    private var offset = 0

    init(_ stream: WordStream) { pieces = stream.makeIterator() }

    mutating func compare(_ bytes: ArraySlice<UInt8>) throws {
        var rest = bytes
        while !rest.isEmpty {
            if piece.isEmpty { piece = pieces.next()?[...] ?? [] }
            let count = min(rest.count, piece.count)
            guard count > 0, rest.prefix(count).elementsEqual(piece.prefix(count)) else {
                throw ValidationError("the value differs from what was stored, at or after byte \(offset)")
            }
            rest = rest.dropFirst(count)
            piece = piece.dropFirst(count)
            offset += count
        }
    }

    mutating func finish() throws {
        guard piece.isEmpty, pieces.next() == nil else { throw ValidationError("the value ends at byte \(offset), too early") }
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

extension Double {
    func rounded(toPlaces places: Int) -> Double {
        let factor = (0..<places).reduce(1.0) { product, _ in product * 10 }
        return (self * factor).rounded() / factor
    }
}
