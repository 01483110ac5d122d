import Synchronization
import Testing

@testable import ContentStore

@Suite struct LocatedListTests {
    /// Whatever is asked for, in whatever order and by how many at once, each chunk of it is found, with its base.
    @Test func everyPositionIsFoundInAnyOrder() async throws {
        for count in [1, 15, 16, 17, 240, 241, 1000] {
            let index = CountingIndex()
            let list = index.list(of: count)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for seed in UInt64(0)..<4 {
                    group.addTask {
                        var generator = SeededGenerator(seed: seed)
                        for _ in 0..<60 {
                            let start = Int.random(in: 0..<count, using: &generator)
                            let range = start..<Int.random(in: start...min(count, start + 40), using: &generator)
                            let places = try await list.places(of: range)
                            for position in range {
                                let (place, base) = try #require(places[list.entries[position].id])
                                #expect(place.rawBytes == position + 1 && base?.id == place.base, "\(position) of \(count)")
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    /// A thousand chunks in order take two queries for each of 4 growing windows and of 3 whole ones.
    @Test func goingThroughAListTakesFewQueries() async throws {
        let index = CountingIndex()
        let list = index.list(of: 1000)
        for start in stride(from: 0, to: 1000, by: 8) { _ = try await list.places(of: start..<start + 8) }
        #expect(index.queries == 2 * 7)
        // A read of a few chunks asks for these only.
        _ = try await index.list(of: 3).places(of: 1..<2)
        #expect(index.queries == 2 * 8)
    }

    @Test func whatFailedIsAskedForAgain() async throws {
        let index = CountingIndex(failures: 1)
        let list = index.list(of: 10)
        await #expect(throws: ContentError.self) { try await list.places(of: 0..<1) }
        #expect(try await list.places(of: 0..<1)[ChunkID(1)]?.0.rawBytes == 1)
        list.forget()
        #expect(try await list.places(of: 9..<10)[ChunkID(10)]?.0.rawBytes == 10)
    }

    /// A pack that compaction removed costs the batches in flight their bases, not the rest of the value.
    @Test func anIngestWhoseBasesMovedFindsThemAgain() async throws {
        let store = try TestStore()
        let weights = SampleWeights.values(4_000_000, seed: 2)
        let first = try await store.ingest([SampleWeights.float32(weights)])[0]
        let trained = SampleWeights.float32(SampleWeights.trained(weights, seed: 3))
        let index = MovingIndex(store.index)
        // Both of the windows that are looked up first.
        index.staleAnswers.withLock { $0 = 2 }
        let reader = ChunkReader(packsFolder: store.packs, disk: store.disk, index: index)
        let staging = try store.staging()
        let session = IngestSession(staging: staging, packsFolder: store.packs, reader: reader, horizon: 0, options: .init(), memory: nil)
        let writer = session.beginValue(number: 0, base: first.base)
        try await writer.write(trained[...])
        let finished = try await writer.finish()
        let (packs, values) = try await session.finish(values: [finished]) { [CommitRecord(metadata: [1], values: $0)] }
        let second = store.commit(packs, values)[0]
        await session.committed()
        try staging.close()
        let differences = packs.flatMap(\.chunks).filter { $0.base != nil }.count
        #expect(differences < second.pieces.count && differences > second.pieces.count / 4)
        #expect(try await store.read(second) == trained)
    }
}

/// Makes places up, and counts how often it is asked; every second chunk is a difference from the one before it.
private final class CountingIndex: ChunkIndex {
    private let asked = Mutex(0)
    private let failures: Mutex<Int>
    var queries: Int { asked.withLock { $0 } }

    init(failures: Int = 0) { self.failures = Mutex(failures) }

    func list(of count: Int) -> LocatedList {
        LocatedList(
            (1...count).map { ChunkListEntry(id: ChunkID(Int64($0)), rawBytes: $0) },
            ChunkReader(packsFolder: "/nowhere", disk: LocalDisk(), index: self))
    }

    func locate(_ digests: [Digest], horizon: Int64) async throws -> [ChunkLocation?] { digests.map { _ in nil } }

    func locate(_ ids: [ChunkID]) async throws -> [ChunkID: ChunkLocation] {
        asked.withLock { $0 += 1 }
        let fails = failures.withLock { failures in
            defer { failures = max(0, failures - 1) }
            return failures > 0
        }
        if fails { throw ContentError(.io, "the index cannot be read now") }
        return Dictionary(uniqueKeysWithValues: ids.map { id in
            let base = id.rawValue % 2 == 0 ? ChunkID(id.rawValue - 1) : nil
            let place = ChunkLocation(
                id: id, digest: Digest(of: [1]), pack: PackName(Digest(of: [2])), offset: 64, storedBytes: 1, rawBytes: Int(id.rawValue),
                encoding: .raw, checksum: 0, base: base)
            return (id, place)
        })
    }
}
