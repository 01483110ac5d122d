import Synchronization
import Testing

@testable import ContentStore

@Suite struct ChunkReaderTests {
    /// Compaction moves a chunk between the look-up and the read: the old pack is gone, the index knows the new place.
    @Test func aChunkThatMovesMeanwhileIsReadAtItsNewPlace() async throws {
        let store = try TestStore()
        var generator = SeededGenerator(seed: 1)
        let bytes = generator.manyBytes(300_000)
        let stored = try await store.ingest([bytes])[0]
        let index = MovingIndex(store.index)
        let reader = ChunkReader(packsFolder: store.packs, disk: store.disk, index: index)
        // The index answers once more with a pack that is gone.
        index.staleAnswers.withLock { $0 = 1 }
        #expect(try await store.read(stored, through: reader) == bytes)
        #expect(index.staleAnswers.withLock { $0 } == 0)
    }

    /// SQLite gives a deleted row's id to the next row: a cached base must not be found under it.
    @Test func anIDThatIsUsedAgainFindsTheNewChunk() async throws {
        let store = try TestStore()
        let weights = SampleWeights.values(50_000, seed: 2)
        let first = try await store.ingest([SampleWeights.float32(weights)])[0]
        let second = try await store.ingest([SampleWeights.float32(SampleWeights.trained(weights, seed: 3))], bases: [first.base])[0]
        // Reading the difference puts the base into the cache.
        _ = try await store.read(second)
        let old = first.segments[0].entries[0]
        var generator = SeededGenerator(seed: 4)
        let other = generator.manyBytes(old.rawBytes)
        let sizes = ChunkSizes(minBytes: 256 << 10, averageBytes: 512 << 10, maxBytes: 1 << 20)
        let third = try await store.ingest([other], options: IngestOptions(chunkSizes: sizes))[0]
        let new = try #require(store.index.locations.last)
        #expect(third.segments[0].entries.count == 1 && new.rawBytes == old.rawBytes)
        store.index.replace(old.id, with: new.with(id: old.id))
        var read: [UInt8] = []
        let segment = ChunkListSegment(firstOffset: 0, firstChunk: 0, entries: [old])
        try await store.reader.read(segment, range: 0..<Int64.max) { read.append(contentsOf: $0) }
        #expect(read == other)
    }

    @Test func rangesAreClippedToTheSegment() async throws {
        let store = try TestStore()
        var generator = SeededGenerator(seed: 5)
        let bytes = generator.manyBytes(1 << 20)
        let stored = try await store.ingest([bytes])[0]
        let entries = stored.segments[0].entries
        let (first, second) = (Array(entries[..<2]), Array(entries[2...]))
        let offset = Int64(first.reduce(0) { $0 + $1.rawBytes })
        let segment = ChunkListSegment(firstOffset: offset, firstChunk: 2, entries: second)
        for range in [0..<Int64.max, offset - 5..<offset + 5, 0..<offset, offset..<offset, Int64(bytes.count)..<Int64.max] {
            var read: [UInt8] = []
            try await store.reader.read(segment, range: range) { read.append(contentsOf: $0) }
            let clipped = range.clamped(to: offset..<Int64(bytes.count))
            #expect(read == Array(bytes[Int(clipped.lowerBound)..<Int(clipped.upperBound)]), "\(range)")
        }
    }

    @Test func whatTheConsumerThrowsPassesThrough() async throws {
        struct Enough: Error {}
        let store = try TestStore()
        var generator = SeededGenerator(seed: 6)
        let stored = try await store.ingest([generator.manyBytes(6 << 20)])[0]
        var pieces = 0
        await #expect(throws: Enough.self) {
            try await store.reader.read(stored.segments[0], range: 0..<Int64.max) { _ in
                pieces += 1
                if pieces == 3 { throw Enough() }
            }
        }
        #expect(pieces == 3)
    }

    @Test func cancellingStopsTheReading() async throws {
        let store = try TestStore()
        var generator = SeededGenerator(seed: 7)
        let stored = try await store.ingest([generator.manyBytes(6 << 20)])[0]
        let task = Task {
            try await store.reader.read(stored.segments[0], range: 0..<Int64.max) { _ in
                withUnsafeCurrentTask { $0?.cancel() }
            }
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func manyTasksReadAtOnce() async throws {
        let store = try TestStore()
        let weights = SampleWeights.values(300_000, seed: 8)
        let values = [SampleWeights.float32(weights), SampleWeights.float32(SampleWeights.trained(weights, seed: 9))]
        let first = try await store.ingest([values[0]])[0]
        let second = try await store.ingest([values[1]], bases: [first.base])[0]
        let reader = store.freshReader()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for seed in UInt64(0)..<24 {
                group.addTask {
                    var generator = SeededGenerator(seed: seed)
                    let (stored, bytes) = seed % 2 == 0 ? (first, values[0]) : (second, values[1])
                    let start = Int.random(in: 0..<bytes.count, using: &generator)
                    return try await store.read(stored, Int64(start)..<Int64.max, through: reader) == Array(bytes[start...])
                }
            }
            for try await isEqual in group { #expect(isEqual) }
        }
    }
}
