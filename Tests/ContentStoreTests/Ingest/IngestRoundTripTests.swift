import Synchronization
import Testing

@testable import ContentStore

@Suite struct IngestRoundTripTests {
    private static let batch = IngestMemory.batchBytes

    private func check(_ store: TestStore, _ stored: TestStore.Stored, _ bytes: [UInt8], seed: UInt64) async throws {
        #expect(stored.value.sizeBytes == Int64(bytes.count))
        #expect(try await store.read(stored) == bytes, "\(bytes.count) bytes, seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<8 where !bytes.isEmpty {
            let start = Int.random(in: 0..<bytes.count, using: &generator)
            let end = min(bytes.count, start + Int.random(in: 0...100_000, using: &generator))
            let part = try await store.read(stored, Int64(start)..<Int64(end))
            #expect(part == Array(bytes[start..<end]), "\(start)..<\(end) of \(bytes.count) bytes, seed \(seed)")
        }
    }

    @Test(arguments: [
        0, 1, 31 << 10, (32 << 10) - 1, 32 << 10, (32 << 10) + 1, (128 << 10) - 1, 128 << 10, (128 << 10) + 1,
        (512 << 10) - 1, 512 << 10, (512 << 10) + 1, batch - 1, batch, batch + 1, 3 * batch - 1, 3 * batch, 3 * batch + 1, 20 << 20,
    ])
    func valuesOfEverySizeComeBack(size: Int) async throws {
        let store = try TestStore()
        var generator = SeededGenerator(seed: UInt64(size))
        let bytes = generator.manyBytes(size)
        let stored = try await store.ingest([bytes])[0]
        try await check(store, stored, bytes, seed: UInt64(size))
        if case .inline = stored.value.content { #expect(size <= 32 << 10) } else { #expect(size > 32 << 10) }
        #expect(store.packFiles.count == (size > 32 << 10 ? 1 : 0))
        #expect(store.stagingFiles.isEmpty)
    }

    @Test func valuesOfAllKindsComeBack() async throws {
        let store = try TestStore()
        for kind in AdversarialBytes.allCases {
            let bytes = kind.make(700_001, seed: 6)
            let stored = try await store.ingest([bytes])[0]
            try await check(store, stored, bytes, seed: 6)
        }
    }

    @Test func manyValuesOfOneSessionComeBack() async throws {
        let store = try TestStore()
        let options = IngestOptions(chunkSizes: smallChunks, inlineBytesMax: 300)
        for seed in UInt64(0)..<2 {
            var generator = SeededGenerator(seed: seed)
            let values = (0..<15).map { _ in
                generator.manyBytes([0, 5, 300, 301, 2048, 60_000].randomElement(using: &generator)!)
            }
            let stored = try await store.ingest(values, options: options)
            for (stored, bytes) in zip(stored, values) { try await check(store, stored, bytes, seed: seed) }
        }
    }

    /// Records whose heads are nearly as large as their payloads.
    @Test func theSmallestChunksFitIntoTheRecordBuffers() async throws {
        let store = try TestStore()
        var generator = SeededGenerator(seed: 8)
        let bytes = generator.manyBytes(400_000)
        let sizes = ChunkSizes(minBytes: 64, averageBytes: 128, maxBytes: 256)
        let stored = try await store.ingest([bytes], options: IngestOptions(chunkSizes: sizes))[0]
        #expect(stored.pieces.count > 2 * ChunkBatch.chunksMax)
        #expect(try await store.read(stored) == bytes)
    }

    /// A batch begins at the alignment that its bytes have in the value, wherever the last one was cut.
    @Test(arguments: [0, 1, 2, 3])
    func elementsKeepTheirPhaseFromBatchToBatch(headBytes: Int) async throws {
        let index = MemoryIndex()
        let store = try TestStore(index: index)
        let bytes = [UInt8](repeating: 7, count: headBytes) + SampleWeights.float32(SampleWeights.values(5 * Self.batch / 8, seed: 4))
        let stored = try await store.ingest([bytes])[0]
        #expect(try await store.read(stored) == bytes)
        var offset = 0
        for piece in stored.pieces {
            let location = try #require(index.locations.first { $0.digest == piece.digest })
            #expect(location.encoding.codec == .planes)
            #expect((offset + location.encoding.phase) % 4 == headBytes, "the chunk at \(offset)")
            offset += piece.rawBytes
        }
    }

    @Test func theLargestChunksFillABatch() async throws {
        let store = try TestStore()
        let largest = 4 << 20
        let bytes = [UInt8](repeating: 3, count: 2 * largest + 5)
        let sizes = ChunkSizes(minBytes: 1 << 20, averageBytes: 2 << 20, maxBytes: largest)
        let stored = try await store.ingest([bytes], options: IngestOptions(chunkSizes: sizes))[0]
        #expect(stored.pieces.map(\.rawBytes) == [largest, largest, 5])
        #expect(try await store.read(stored) == bytes)
    }

    /// A base whose chunks are larger than a batch once made the batch vanish.
    @Test func aBaseWithLargerChunksThanABatchIsNotFollowed() async throws {
        let store = try TestStore()
        var generator = SeededGenerator(seed: 12)
        let bytes = generator.manyBytes(6 << 20)
        let base = BaseValue(entries: [ChunkListEntry(id: ChunkID(1), rawBytes: 6 << 20)])
        let stored = try await store.ingest([bytes], bases: [base])[0]
        #expect(try await store.read(stored) == bytes)
    }

    @Test func feedingInPiecesAndByReadingGiveTheSameValue() async throws {
        for seed in UInt64(0)..<3 {
            var generator = SeededGenerator(seed: seed)
            let bytes = generator.manyBytes(2 * Self.batch + Int.random(in: -3...3, using: &generator))
            let store = try TestStore()
            let whole = try await store.ingest([bytes])[0]
            let inPieces = try await store.ingest([bytes]) { writer, bytes in
                var generator = SeededGenerator(seed: seed)
                var rest = bytes[...]
                while !rest.isEmpty {
                    let count = Int.random(in: 0...300_001, using: &generator)
                    try await writer.write(rest.prefix(count))
                    rest = rest.dropFirst(count)
                }
            }[0]
            let byReading = try await store.ingest([bytes]) { writer, bytes in
                try await writer.write(reading: ArrayFeed(bytes, seed: seed).read)
            }[0]
            let mixed = try await store.ingest([bytes]) { writer, bytes in
                // Exactly one full batch first: reading must then go on in an empty one.
                try await writer.write(bytes[..<Self.batch])
                try await writer.write(reading: ArrayFeed(Array(bytes[Self.batch...]), seed: seed).read)
            }[0]
            #expect(Set([whole, inPieces, byReading, mixed].map(\.digest)).count == 1, "seed \(seed)")
            #expect(try await store.read(mixed) == bytes, "seed \(seed)")
            #expect(store.packFiles.count == 1, "what is known is not stored again")
        }
    }

    @Test func aSessionThatPassesThePackTargetMakesSeveralPacksAndRecordsItsCommitInTheLast() async throws {
        let store = try TestStore()
        var generator = SeededGenerator(seed: 21)
        let bytes = generator.manyBytes(4 * Self.batch)
        // The target is met exactly at a batch's end, too: the commit record still has a pack to go into.
        let stored = try await store.ingest([bytes], options: IngestOptions(packBytesTarget: 1))[0]
        #expect(store.packFiles.count >= 4)
        #expect(try await store.read(stored) == bytes)
        let packs = try store.index.packs.map { try PackReader(path: store.path(of: $0)) }
        #expect(packs.flatMap(\.commitRecords).count == 1)
        #expect(packs.flatMap(\.chunks).count == stored.pieces.count)
    }

    @Test func emptyValuesNeedNoPack() async throws {
        let store = try TestStore()
        let stored = try await store.ingest([[], []], options: IngestOptions(inlineBytesMax: 0))
        #expect(stored.allSatisfy { $0.value.sizeBytes == 0 } && stored[0].digest == stored[1].digest)
        #expect(store.packFiles.isEmpty)
    }
}

/// Gives an array's bytes to a reader in odd pieces.
final class ArrayFeed: Sendable {
    private struct State {
        var rest: ArraySlice<UInt8>
        var generator: SeededGenerator
    }

    private let state: Mutex<State>

    init(_ bytes: [UInt8], seed: UInt64) {
        state = Mutex(State(rest: bytes[...], generator: SeededGenerator(seed: seed)))
    }

    @Sendable func read(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        #expect(!buffer.isEmpty, "an empty buffer cannot tell the end")
        return state.withLock { state in
            let count = min(buffer.count, state.rest.count, Int.random(in: 1...900_001, using: &state.generator))
            state.rest.prefix(count).withUnsafeBytes { buffer.copyMemory(from: $0) }
            state.rest = state.rest.dropFirst(count)
            return count
        }
    }
}
