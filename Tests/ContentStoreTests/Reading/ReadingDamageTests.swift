import Testing

@testable import ContentStore

@Suite struct ReadingDamageTests {
    private static let options = IngestOptions(
        chunkSizes: ChunkSizes(minBytes: 4 << 10, averageBytes: 8 << 10, maxBytes: 16 << 10), inlineBytesMax: 100)

    /// A value of raw chunks, one of planes, and one of differences from it.
    private func makeStore() async throws -> (store: TestStore, values: [(stored: TestStore.Stored, bytes: [UInt8])]) {
        let store = try TestStore()
        var generator = SeededGenerator(seed: 1)
        let weights = SampleWeights.values(15_000, seed: 2)
        let values = [
            generator.manyBytes(40_000), SampleWeights.float32(weights),
            SampleWeights.float32(SampleWeights.trained(weights, seed: 3)),
        ]
        let first = try await store.ingest(Array(values[..<2]), options: Self.options)
        let last = try await store.ingest([values[2]], bases: [first[1].base], options: Self.options)
        #expect(Set(store.index.locations.map(\.encoding.codec)).isSuperset(of: [.raw, .planes, .difference]))
        return (store, Array(zip(first + last, values)))
    }

    @Test func everyFlippedByteOfAPayloadIsNamedAndNeverReturned() async throws {
        let (store, values) = try await makeStore()
        var generator = SeededGenerator(seed: 4)
        let locations = store.index.locations
        for location in locations {
            let path = store.path(of: location.pack)
            let places = [0, 1, location.storedBytes - 1] + (0..<3).map { _ in Int.random(in: 0..<location.storedBytes, using: &generator) }
            for place in places {
                let (index, flip) = (Int(location.offset) + place, UInt8.random(in: 1...255, using: &generator))
                try FileBytes.change(path) { $0[index] ^= flip }
                for (stored, bytes) in values {
                    let uses = stored.segments.flatMap(\.entries).contains { entry in
                        entry.id == location.id || locations.contains { $0.id == entry.id && $0.base == location.id }
                    }
                    do {
                        #expect(try await store.read(stored, through: store.freshReader()) == bytes)
                        #expect(!uses, "byte \(place) of chunk \(location.id), \(location.encoding)")
                    } catch let error as ContentError {
                        #expect(uses && error.code == .corrupted && error.digest == location.digest && error.path == path)
                    }
                }
                try FileBytes.change(path) { $0[index] ^= flip }
            }
        }
    }

    @Test func aTruncatedPackIsNamed() async throws {
        let (store, values) = try await makeStore()
        let location = store.index.locations[0]
        try FileBytes.change(store.path(of: location.pack)) { $0.removeLast($0.count - Int(location.offset) - 3) }
        await #expect { _ = try await store.read(values[0].stored) } throws: { error in
            let error = error as? ContentError
            return error?.code == .corrupted && error?.digest == location.digest && error?.path == store.path(of: location.pack)
        }
    }

    @Test func aMissingPackIsNamedWithTheWayOut() async throws {
        let (store, values) = try await makeStore()
        let name = store.index.locations[0].pack
        try FileBytes.remove(store.path(of: name))
        await #expect { _ = try await store.read(values[0].stored, through: store.freshReader()) } throws: { error in
            let error = error as? ContentError
            return error?.code == .notFound && error!.message.contains(name.description) && error!.message.contains("strata verify")
        }
    }

    @Test func whatTheIndexSaysIsNotTrusted() async throws {
        let (store, values) = try await makeStore()
        let good = store.index.locations[0]
        let wrong = [
            good.with(storedBytes: 0), good.with(storedBytes: -5), good.with(storedBytes: 1 << 40), good.with(offset: -1),
            good.with(offset: .max), good.with(rawBytes: 1 << 40), good.with(offset: good.offset + 1), good.with(offset: 1 << 40),
            good.with(digest: Digest(of: [1])),
        ]
        for location in wrong {
            store.index.replace(good.id, with: location)
            await #expect("\(location)") { _ = try await store.read(values[0].stored, through: store.freshReader()) } throws: {
                ($0 as? ContentError)?.code == .corrupted
            }
        }
        store.index.replace(good.id, with: good)
        // An entry of a list with an impossible length, which the index repeats.
        let segment = ChunkListSegment(
            firstOffset: 0, firstChunk: 0, entries: [ChunkListEntry(id: good.id, rawBytes: 1 << 40)])
        store.index.replace(good.id, with: good.with(rawBytes: 1 << 40))
        await #expect { try await store.reader.read(segment, range: 0..<10) { _ in } } throws: {
            ($0 as? ContentError)?.code == .corrupted
        }
    }

    @Test func aListThatNamesAnUnknownChunkThrows() async throws {
        let (store, _) = try await makeStore()
        let segment = ChunkListSegment(firstOffset: 0, firstChunk: 0, entries: [ChunkListEntry(id: ChunkID(999), rawBytes: 10)])
        await #expect { try await store.reader.read(segment, range: 0..<10) { _ in } } throws: {
            ($0 as? ContentError)?.code == .corrupted
        }
    }
}
