import Synchronization
import Testing

@testable import ContentStore

@Suite struct IngestMemoryTests {
    @Test func buffersInFlightStayWithinTheBound() async throws {
        let store = try TestStore()
        let staging = try store.staging()
        let session = store.session(staging)
        let writer = session.beginValue(number: 0, base: nil)
        var generator = SeededGenerator(seed: 1)
        let piece = generator.manyBytes(3 << 20)
        for _ in 0..<12 { try await writer.write(piece) }
        let finished = try await writer.finish()
        _ = try await session.finish(values: [finished]) { _ in [] }
        expectBounded(session)
        await session.abandon()
    }

    /// The first batch is held up by its look-up: those behind it, long encoded, must hold up the producer.
    @Test func aSlowBatchDoesNotLetOthersPileUp() async throws {
        let store = try TestStore(
            index: MemoryIndex { call in if call == 0 { try await Task.sleep(for: .milliseconds(400)) } })
        let staging = try store.staging()
        let session = store.session(staging)
        let writer = session.beginValue(number: 0, base: nil)
        var generator = SeededGenerator(seed: 2)
        let bytes = generator.manyBytes((IngestSession.batchesInFlightMax + 6) * IngestMemory.batchBytes)
        try await writer.write(bytes)
        let finished = try await writer.finish()
        let (packs, values) = try await session.finish(values: [finished]) { _ in [] }
        expectBounded(session)
        let stored = store.commit(packs, values)[0]
        await session.committed()
        #expect(try await store.read(stored) == bytes)
    }

    @Test func sessionsUseOneMemoryOneAfterAnother() async throws {
        let store = try TestStore()
        let memory = IngestMemory()
        var generator = SeededGenerator(seed: 3)
        var made: [Int] = []
        for _ in 0..<3 {
            let staging = try store.staging()
            let session = store.session(staging, memory: memory)
            let writer = session.beginValue(number: 0, base: nil)
            let bytes = generator.manyBytes(12 << 20)
            try await writer.write(bytes)
            let finished = try await writer.finish()
            let (packs, values) = try await session.finish(values: [finished]) { _ in [] }
            #expect(try await store.read(store.commit(packs, values)[0]) == bytes)
            await session.committed()
            try staging.close()
            made.append(memory.batches.made)
        }
        #expect(made.last! <= memory.batches.keptMax, "batches that were made by the end of each session: \(made)")
        #expect(memory.batches.taken == 0 && memory.records.taken == 0)
    }

    @Test(arguments: [0, 1, 5, 1 << 40])
    func memoryIsMadeReadyForWhatIsExpectedWithinTheBound(megabytes: Int64) async throws {
        let memory = IngestMemory()
        memory.prepare(forBytes: megabytes << 20)
        let expected = megabytes < 4 ? 0 : min(Int(clamping: megabytes / 2), memory.batches.keptMax)
        for _ in 0..<500 where memory.batches.made < expected || memory.records.made < min(expected, 2) {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(memory.batches.made == expected && memory.records.made == min(expected, 2))
        let buffers = (0..<expected).map { _ in memory.batches.take() }
        #expect(memory.batches.made == expected, "what was made ready is what is taken")
        for buffer in buffers { memory.batches.giveBack(buffer) }
    }

    private func expectBounded(_ session: IngestSession) {
        let limit = IngestSession.batchesInFlightMax
        #expect(session.flight.peak <= limit)
        #expect(session.memory.batches.peak <= limit + 2, "the batches, one that waits to board, and the one that is being filled")
        #expect(session.appender.recordBuffers.peak <= limit)
        let batches = (limit + 2) * IngestMemory.batchBytes
        let records = limit * (IngestMemory.batchBytes + PackAppender.headsBytesMax)
        #expect(batches + records + ChunkReader.baseCacheBytes < 112 << 20, "leaves room for the scratch memory below 128 MiB")
    }

    @Test func theFlightWakesItsProducerHoweverBatchesLand() async throws {
        for seed in UInt64(0)..<20 {
            var generator = SeededGenerator(seed: seed)
            let flight = BatchFlight(limit: Int.random(in: 1...4, using: &generator))
            let landed = Counter()
            await withTaskGroup(of: Void.self) { group in
                for expected in 0..<300 {
                    let ticket = try? await flight.board()
                    #expect(ticket == expected, "seed \(seed)")
                    group.addTask {
                        if expected % 7 == 0 { await Task.yield() }
                        landed.increment()
                        flight.leave(failure: nil)
                    }
                }
                try? await flight.land()
                #expect(landed.value == 300, "seed \(seed)")
            }
        }
    }

    @Test func afterAFailureNothingBoardsAndTheFirstFailureStays() async throws {
        let flight = BatchFlight(limit: 2)
        _ = try await flight.board()
        _ = try await flight.board()
        flight.leave(failure: ContentError(.io, "first"))
        flight.leave(failure: ContentError(.io, "second"))
        for _ in 0..<3 {
            await #expect { _ = try await flight.board() } throws: { ($0 as? ContentError)?.message == "first" }
        }
        await #expect { try await flight.land() } throws: { ($0 as? ContentError)?.message == "first" }
    }
}

private final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    var value: Int { count.load(ordering: .relaxed) }
    func increment() { count.wrappingAdd(1, ordering: .relaxed) }
}
