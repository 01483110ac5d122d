import Testing

@testable import ContentStore

@Suite struct DeduplicationTests {
    private func storedBytes(_ store: TestStore) -> Int { store.index.locations.reduce(0) { $0 + $1.storedBytes } }

    @Test func equalValuesOfOneSessionAreStoredOnce() async throws {
        let store = try TestStore()
        var generator = SeededGenerator(seed: 1)
        let bytes = generator.manyBytes(9 << 20)
        let stored = try await store.ingest([bytes, bytes, bytes])
        #expect(Set(stored.map(\.digest)).count == 1)
        #expect(storedBytes(store) == bytes.count)
        let pack = try PackReader(path: store.path(of: store.index.packs.first!))
        #expect(pack.chunks.count == stored[0].pieces.count)
        for value in stored { #expect(try await store.read(value) == bytes) }
    }

    @Test func equalValuesOfTwoSessionsAreStoredOnce() async throws {
        let store = try TestStore()
        var generator = SeededGenerator(seed: 2)
        let bytes = generator.manyBytes(1 << 20)
        let first = try await store.ingest([bytes])[0]
        let second = try await store.ingest([bytes])[0]
        #expect(first.digest == second.digest)
        #expect(second.pieces.allSatisfy { $0.known != nil })
        #expect(store.packFiles.count == 1)
    }

    @Test func repeatedContentWithinAValueIsStoredOnce() async throws {
        let store = try TestStore()
        let zeros = [UInt8](repeating: 0, count: 11 << 20)
        let stored = try await store.ingest([zeros])[0]
        #expect(store.index.locations.count <= 2, "the repeated chunk, and the last")
        #expect(try await store.read(stored) == zeros)
    }

    @Test func aValueThatDiffersFromItsBaseIsStoredAsDifferences() async throws {
        let store = try TestStore()
        let weights = SampleWeights.values(400_000, seed: 5)
        let first = SampleWeights.float32(weights)
        let second = SampleWeights.float32(SampleWeights.trained(weights, seed: 6))
        let third = SampleWeights.float32(SampleWeights.trained(SampleWeights.trained(weights, seed: 6), seed: 7))
        let base = try await store.ingest([first])[0]
        let next = try await store.ingest([second], bases: [base.base])[0]
        let last = try await store.ingest([third], bases: [next.base])[0]
        #expect(next.segments.flatMap(\.entries).map(\.rawBytes) == base.segments.flatMap(\.entries).map(\.rawBytes))
        let locations = Dictionary(uniqueKeysWithValues: store.index.locations.map { ($0.id, $0) })
        for entry in (next.segments + last.segments).flatMap(\.entries) {
            let location = try #require(locations[entry.id])
            #expect(location.encoding.codec == .difference)
            let base = try #require(location.base.flatMap { locations[$0] })
            #expect(base.base == nil, "a difference is never taken from a difference")
            #expect(location.storedBytes < location.rawBytes / 2)
        }
        for (stored, bytes) in [(base, first), (next, second), (last, third)] {
            #expect(try await store.read(stored) == bytes)
            #expect(try await store.read(stored, through: store.freshReader()) == bytes)
        }
    }

    @Test func onlyTheChunksThatChangedAreStored() async throws {
        let store = try TestStore()
        var generator = SeededGenerator(seed: 7)
        let bytes = generator.manyBytes(5 << 20)
        var changed = bytes
        changed[3_000_000] ^= 1
        let first = try await store.ingest([bytes])[0]
        let count = store.index.locations.count
        let second = try await store.ingest([changed], bases: [first.base])[0]
        #expect(store.index.locations.count == count + 1)
        #expect(second.pieces.filter { $0.known == nil }.count == 1)
        #expect(try await store.read(second) == changed)
    }

    /// A base only saves room: that it cannot be read is no reason to refuse the value.
    @Test(arguments: [true, false])
    func aBaseThatCannotBeReadIsNotUsed(isMissing: Bool) async throws {
        let store = try TestStore()
        let weights = SampleWeights.values(200_000, seed: 8)
        let base = try await store.ingest([SampleWeights.float32(weights)])[0]
        let path = store.path(of: store.index.packs.first!)
        if isMissing {
            try FileBytes.remove(path)
        } else {
            try FileBytes.change(path) { bytes in for index in bytes.indices { bytes[index] ^= 0x55 } }
        }
        let next = SampleWeights.float32(SampleWeights.trained(weights, seed: 9))
        let stored = try await store.ingest([next], bases: [base.base])[0]
        #expect(try await store.read(stored) == next)
        #expect(store.index.locations.suffix(stored.pieces.count).allSatisfy { $0.base == nil })
    }

    @Test func theValueDigestIsItsDefinition() async throws {
        let store = try TestStore()
        var generator = SeededGenerator(seed: 10)
        let bytes = generator.manyBytes(700_000)
        let stored = try await store.ingest([bytes, [1, 2, 3]])
        var input = Array("strata value 1\n".utf8) + [0x60, 0xae, 0x0a, 0, 0, 0, 0, 0]
        for piece in stored[0].pieces {
            input += piece.digest.bytes
            withUnsafeBytes(of: UInt32(piece.rawBytes).littleEndian) { input += $0 }
        }
        #expect(stored[0].digest == Digest(of: input))
        let small = Array("strata value 1\n".utf8) + [3, 0, 0, 0, 0, 0, 0, 0] + Digest(of: [1, 2, 3]).bytes + [3, 0, 0, 0]
        #expect(stored[1].digest == Digest(of: small))
        #expect(
            IngestedValue.digest(ofPieces: stored[0].pieces.map { ($0.digest, $0.rawBytes) }, sizeBytes: 700_000) == stored[0].digest)
    }
}
