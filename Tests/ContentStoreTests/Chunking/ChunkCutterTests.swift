import Testing

@testable import ContentStore

@Suite struct ChunkCutterTests {
    private let sizes = ChunkSizes(minBytes: 128, averageBytes: 256, maxBytes: 1024)

    /// Cuts a value that is in memory as a whole.
    private func cuts(_ bytes: [UInt8], _ cutter: ChunkCutter? = nil) -> [Int] {
        var cutter = cutter ?? .content(sizes)
        var lengths: [Int] = []
        bytes.withUnsafeBytes { bytes in
            var offset = 0
            while let length = cutter.cut(UnsafeRawBufferPointer(rebasing: bytes[offset...]), atEnd: true) {
                lengths.append(length)
                offset += length
            }
        }
        return lengths
    }

    private func inherited(_ lengths: [Int]) -> ChunkCutter { ChunkCutter(base: lengths, sizes: sizes, bufferBytes: 4096) }

    @Test(arguments: AdversarialBytes.allCases)
    func sizesStayWithinTheirBounds(kind: AdversarialBytes) {
        for count in [1, 127, 128, 129, 255, 1023, 1024, 1025, 30_000] {
            let lengths = cuts(kind.make(count, seed: UInt64(count)))
            #expect(lengths.reduce(0, +) == count)
            #expect(lengths.dropLast().allSatisfy { (128...1024).contains($0) }, "\(kind) \(count): \(lengths)")
            #expect((1...1024).contains(lengths.last!))
        }
    }

    @Test func theAverageIsAboutWhatWasAskedFor() {
        var generator = SeededGenerator(seed: 3)
        let lengths = cuts(generator.manyBytes(400_000))
        #expect((200...400).contains(400_000 / lengths.count), "\(400_000 / lengths.count) bytes on average")
    }

    @Test func contentWithoutCutsIsCutAtTheMaximum() {
        #expect(cuts([UInt8](repeating: 7, count: 5000)) == [1024, 1024, 1024, 1024, 904])
    }

    @Test func cutsComeBackAfterAnInsertion() {
        for seed in UInt64(0)..<20 {
            var generator = SeededGenerator(seed: seed)
            let bytes = generator.manyBytes(60_000)
            let at = Int.random(in: 0...20_000, using: &generator)
            let changed = bytes[..<at] + generator.bytes(Int.random(in: 1...500, using: &generator)) + bytes[at...]
            func endsFromTheEnd(_ bytes: [UInt8]) -> Set<Int> {
                var left = bytes.count
                return Set(cuts(bytes).map { length in left -= length; return left })
            }
            let (before, after) = (endsFromTheEnd(bytes), endsFromTheEnd(Array(changed)))
            // Whatever lies well behind the insertion is cut at the same places.
            let behind = before.filter { $0 < 60_000 - at - 8 * 1024 }
            #expect(behind.isSubset(of: after), "seed \(seed)")
        }
    }

    @Test func cutsDoNotDependOnHowTheBytesArrive() {
        for seed in UInt64(0)..<30 {
            var generator = SeededGenerator(seed: seed)
            let bytes = generator.manyBytes(Int.random(in: 0...20_000, using: &generator))
            let base = (0..<Int.random(in: 0...40, using: &generator)).map { _ in Int.random(in: 1...900, using: &generator) }
            for whole in [ChunkCutter.content(sizes), inherited(base)] {
                var cutter = whole
                var (lengths, offset, arrived): ([Int], Int, Int) = ([], 0, 0)
                while offset < bytes.count {
                    let length = bytes.withUnsafeBytes {
                        cutter.cut(UnsafeRawBufferPointer(rebasing: $0[offset..<arrived]), atEnd: arrived == bytes.count)
                    }
                    if let length {
                        lengths.append(length)
                        offset += length
                    } else {
                        arrived = min(bytes.count, arrived + Int.random(in: 1...1500, using: &generator))
                    }
                }
                #expect(lengths == cuts(bytes, whole), "seed \(seed)")
            }
        }
    }

    @Test func aBasesCutsAreRepeated() {
        var generator = SeededGenerator(seed: 1)
        #expect(cuts(generator.bytes(1000), inherited([100, 700, 1, 199])) == [100, 700, 1, 199])
    }

    @Test func aValueShorterThanItsBaseEndsWithinAChunk() {
        var generator = SeededGenerator(seed: 2)
        #expect(cuts(generator.bytes(150), inherited([100, 700])) == [100, 50])
    }

    @Test func whatFollowsTheBaseIsCutByContent() {
        var generator = SeededGenerator(seed: 4)
        let bytes = generator.manyBytes(9000)
        #expect(cuts(bytes, inherited([300, 40])) == [300, 40] + cuts(Array(bytes[340...])))
    }

    /// A length of zero would never end, and one above the buffer would wait for bytes that have no room.
    @Test(arguments: [[100, 0, 100], [100, 5000], [-1]])
    func aBaseThatCannotBeFollowedIsNotUsed(lengths: [Int]) {
        var generator = SeededGenerator(seed: 5)
        let bytes = generator.manyBytes(9000)
        #expect(cuts(bytes, inherited(lengths)) == cuts(bytes))
    }

    @Test func nothingIsCutFromNothing() {
        var cutter = ChunkCutter.content(sizes)
        #expect(cutter.cut(UnsafeRawBufferPointer(start: nil, count: 0), atEnd: true) == nil)
    }
}
