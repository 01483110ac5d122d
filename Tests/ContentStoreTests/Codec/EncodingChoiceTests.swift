import Testing

@testable import ContentStore

@Suite struct EncodingChoiceTests {
    private let weights = SampleWeights.values(40_000, seed: 21)

    private func kept(_ chunk: [UInt8], base: [UInt8]? = nil, shift: Int = 0) -> (encoding: ChunkEncoding, share: Double) {
        let (encoding, payload) = CodecHarness().chosen(chunk, base: base, shift: shift)
        return (encoding, Double(payload.count) / Double(chunk.count))
    }

    @Test func noiseStaysRaw() {
        var generator = SeededGenerator(seed: 1)
        let noise = generator.bytes(200_000)
        #expect(kept(noise).encoding == .raw)
        #expect(kept(noise, base: generator.bytes(200_000)).encoding == .raw)
    }

    @Test func textGoesToLZ4() {
        var generator = SeededGenerator(seed: 2)
        let words = (0..<300).map { "word\($0 * 7919 % 1000) " }
        let text = Array((0..<20_000).map { _ in words.randomElement(using: &generator)! }.joined().utf8)
        #expect(kept(text).encoding == .lz4)
    }

    @Test(arguments: 0..<4)
    func float32GoesToRankedPlanesAtItsPhase(phase: Int) {
        for shift in 0..<5 {
            let chunk = Array(SampleWeights.float32(weights).dropFirst((4 - phase) % 4))
            let (encoding, share) = kept(chunk, shift: shift)
            #expect(encoding == .planes(elementBytes: 4, phase: phase, ranksExponents: true), "shift \(shift)")
            #expect(share < 0.86)
        }
    }

    @Test(arguments: 0..<2)
    func bfloat16GoesToRankedPlanesAtItsPhase(phase: Int) {
        let (encoding, share) = kept(Array(SampleWeights.bfloat16(weights).dropFirst(phase)))
        #expect(encoding == .planes(elementBytes: 2, phase: phase, ranksExponents: true))
        #expect(share < 0.75)
    }

    @Test func float64GoesToRankedPlanes() {
        let (encoding, share) = kept(SampleWeights.float64(weights, seed: 4))
        #expect(encoding == .planes(elementBytes: 8, phase: 0, ranksExponents: true))
        #expect(share < 0.95)
    }

    @Test func smallIntegersGoToPlanes() {
        var generator = SeededGenerator(seed: 5)
        let (encoding, share) = kept(
            SampleWeights.bytes((0..<30_000).map { _ in Int64.random(in: 0..<30_000, using: &generator) }))
        #expect(encoding.codec == .planes && encoding.elementBytes == 8)
        #expect(share < 0.27)
    }

    @Test func trainedWeightsGoToDifferences() {
        let next = SampleWeights.trained(weights, seed: 6)
        let (encoding, share) = kept(SampleWeights.float32(next), base: SampleWeights.float32(weights), shift: 3)
        #expect(encoding == .difference(elementBytes: 4, phase: 0, isOrdered: true))
        #expect(share < 0.5)
        let half = kept(SampleWeights.bfloat16(next), base: SampleWeights.bfloat16(weights))
        #expect(half.encoding == .difference(elementBytes: 2, phase: 0, isOrdered: true))
        #expect(half.share < 0.1)
    }

    @Test func bytesThatDoNotCompressAreKeptWholeInTheChunksThatFollow() throws {
        let harness = CodecHarness()
        let base = SampleWeights.float32(weights)
        let next = SampleWeights.float32(SampleWeights.trained(weights, seed: 7))
        for (chunk, base, wholeBytes) in [(base, nil, 3), (next, base, 1)] as [([UInt8], [UInt8]?, Int)] {
            let first = harness.chosen(chunk, base: base)
            let second = harness.chosen(chunk, base: base)
            #expect(first.encoding.wholeBytes == 0)
            #expect(second.encoding == first.encoding.keeping(wholeBytes: wholeBytes))
            #expect(second.payload.count <= first.payload.count)
            #expect(try harness.decode(second.payload, second.encoding, base: base, count: chunk.count) == chunk)
        }
    }

    @Test func aSmallChunkDoesNotSayWhatCompresses() {
        let harness = CodecHarness()
        for _ in 0..<2 {
            let small = harness.chosen(Array(SampleWeights.float32(weights).prefix(8 << 10)), base: nil)
            #expect(small.encoding.codec == .planes && small.encoding.wholeBytes == 0)
        }
        #expect(harness.chosen(SampleWeights.float32(weights), base: nil).encoding.wholeBytes == 0)
        #expect(harness.chosen(SampleWeights.float32(weights), base: nil).encoding.wholeBytes == 3)
    }

    @Test func aForeignBaseIsNotUsed() {
        let other = SampleWeights.values(40_000, seed: 99)
        let (encoding, _) = kept(SampleWeights.float32(weights), base: SampleWeights.float32(other))
        #expect(encoding == .planes(elementBytes: 4, phase: 0, ranksExponents: true))
    }

    @Test func aChangeOfKindIsNoticed() {
        let harness = CodecHarness()
        var generator = SeededGenerator(seed: 8)
        let noise = generator.bytes(160_000)
        for _ in 0..<3 {
            #expect(harness.chosen(SampleWeights.float32(weights), base: nil).encoding.elementBytes == 4)
            #expect(harness.chosen(SampleWeights.bfloat16(weights), base: nil).encoding.elementBytes == 2)
            #expect(harness.chosen(noise, base: nil).encoding == .raw)
        }
    }

    @Test func neighbouringChunksKeepOnePhaseWhereverTheyAreCut() {
        let harness = CodecHarness()
        let memory = SampleWeights.float32(weights)
        let target = UnsafeMutableRawBufferPointer.allocate(byteCount: memory.count, alignment: 16)
        defer { target.deallocate() }
        memory.withUnsafeBytes { memory in
            var offset = 0
            for length in [20_001, 17_002, 30_003, 9_999, 40_000] {
                let chunk = UnsafeRawBufferPointer(rebasing: memory[offset..<offset + length])
                let (encoding, _) = harness.scratch.encode(chunk, base: nil, into: target)
                #expect(encoding == .planes(elementBytes: 4, phase: (4 - offset % 4) % 4, ranksExponents: true), "offset \(offset)")
                offset += length
            }
        }
    }
}
