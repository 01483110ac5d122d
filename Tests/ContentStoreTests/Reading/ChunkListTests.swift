import Testing

@testable import ContentStore

@Suite struct ChunkListTests {
    private func decode(_ segment: ChunkListSegment, _ bytes: [UInt8], count: Int? = nil) throws(ContentError) -> ChunkListSegment {
        try ChunkListSegment(
            firstOffset: segment.firstOffset, firstChunk: segment.firstChunk, chunkCount: count ?? segment.entries.count,
            encoded: bytes)
    }

    private func random(_ seed: UInt64) -> ChunkListSegment {
        var generator = SeededGenerator(seed: seed)
        let bound: Int64 = [3, 1000, .max].randomElement(using: &generator)!
        let entries = (0..<Int.random(in: 0...50, using: &generator)).map { _ in
            ChunkListEntry(
                id: ChunkID(Int64.random(in: -bound...bound, using: &generator)),
                rawBytes: Int.random(in: 1...(16 << 20), using: &generator))
        }
        return ChunkListSegment(
            firstOffset: Int64.random(in: 0...(1 << 50), using: &generator), firstChunk: 7, entries: entries)
    }

    @Test func segmentsComeBack() throws {
        for seed in UInt64(0)..<300 {
            let segment = random(seed)
            #expect(try decode(segment, segment.encoded()) == segment, "seed \(seed)")
        }
    }

    @Test func neighbouringChunksTakeFewBytes() {
        let entries = (0..<1000).map { ChunkListEntry(id: ChunkID(5000 + Int64($0)), rawBytes: 262_144 + $0) }
        let bytes = ChunkListSegment(firstOffset: 0, firstChunk: 0, entries: entries).encoded()
        #expect(bytes.count <= 4 * 1000 + 2)
    }

    @Test func aLongListIsCutIntoSegmentsWithoutGaps() {
        var generator = SeededGenerator(seed: 9)
        for count in [0, 1, 4095, 4096, 4097, 10_000] {
            let entries = (0..<count).map {
                ChunkListEntry(id: ChunkID(Int64($0)), rawBytes: Int.random(in: 1...1000, using: &generator))
            }
            let segments = ChunkListSegment.segments(of: entries)
            #expect(segments.flatMap(\.entries) == entries)
            #expect(segments.allSatisfy { (1...4096).contains($0.entries.count) })
            var (offset, chunk): (Int64, Int) = (0, 0)
            for segment in segments {
                #expect(segment.firstOffset == offset && segment.firstChunk == chunk)
                offset += segment.entries.reduce(0) { $0 + Int64($1.rawBytes) }
                chunk += segment.entries.count
            }
        }
    }

    @Test func damagedBytesThrowOrStayWithinBounds() {
        var refused = 0
        for seed in UInt64(0)..<60 {
            let segment = random(seed)
            let bytes = segment.encoded()
            for index in bytes.indices {
                for bit in 0..<8 {
                    var damaged = bytes
                    damaged[index] ^= 1 << bit
                    do throws(ContentError) {
                        let read = try decode(segment, damaged)
                        #expect(read.entries.count == segment.entries.count)
                        #expect(read.entries.allSatisfy { (1...(16 << 20)).contains($0.rawBytes) })
                    } catch {
                        #expect(error.code == .corrupted)
                        refused += 1
                    }
                }
            }
        }
        #expect(refused > 100)
    }

    @Test func everyTruncationThrows() {
        let segment = random(11)
        let bytes = segment.encoded()
        #expect(bytes.count > 10)
        for length in 0..<bytes.count {
            #expect(throws: ContentError.self, "cut to \(length)") { try decode(segment, Array(bytes[..<length])) }
        }
        #expect(throws: ContentError.self) { try decode(segment, bytes + [0]) }
        #expect(throws: ContentError.self) { try decode(segment, bytes, count: segment.entries.count + 1) }
        #expect(throws: ContentError.self) { try decode(segment, bytes, count: segment.entries.count - 1) }
    }

    @Test(arguments: [
        [0, 0], [0, 0x81, 0x80, 0x80, 0x08], [0x80], [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02, 1],
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 1],
    ] as [[UInt8]])
    func impossibleNumbersThrow(bytes: [UInt8]) {
        #expect { try ChunkListSegment(firstOffset: 0, firstChunk: 0, chunkCount: 1, encoded: bytes) } throws: {
            ($0 as? ContentError)?.code == .corrupted
        }
    }

    @Test func offsetsThatWouldOverflowThrow() {
        for offset in [Int64.max, Int64.max - 5, -1, .min] {
            #expect(throws: ContentError.self) {
                try ChunkListSegment(firstOffset: offset, firstChunk: 0, chunkCount: 1, encoded: [0, 9])
            }
        }
    }
}
