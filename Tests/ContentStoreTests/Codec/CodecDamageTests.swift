import Testing

@testable import ContentStore

/// Whatever the stored bytes are, decoding throws or fills exactly the target: it never traps, reads or writes too far.
@Suite struct CodecDamageTests {
    struct Sample {
        let chunk: [UInt8]
        let base: [UInt8]?
        let encoding: ChunkEncoding
        let payload: [UInt8]
    }

    static func samples(_ harness: CodecHarness) -> [Sample] {
        let weights = SampleWeights.values(700, seed: 1)
        let chunk = [7] + SampleWeights.float32(weights) + [1, 2]
        let base = [9] + SampleWeights.float32(SampleWeights.trained(weights, seed: 2)) + [1, 3]
        let doubles = SampleWeights.float64(weights, seed: 3)
        let text = Array(String(repeating: "a state, a key, a value; ", count: 60).utf8)
        let cases: [([UInt8], [UInt8]?, ChunkEncoding)] = [
            (text, nil, .lz4),
            (chunk, nil, .planes(elementBytes: 4, phase: 1, ranksExponents: true)),
            (chunk, nil, .planes(elementBytes: 4, phase: 1, ranksExponents: false)),
            (SampleWeights.bfloat16(weights), nil, .planes(elementBytes: 2, phase: 0, ranksExponents: true)),
            (doubles, nil, .planes(elementBytes: 8, phase: 0, ranksExponents: true)),
            (chunk, nil, .planes(elementBytes: 4, phase: 1, ranksExponents: true, wholeBytes: 3)),
            (chunk, base, .difference(elementBytes: 4, phase: 1, isOrdered: true, wholeBytes: 1)),
            (chunk, base, .difference(elementBytes: 4, phase: 1)),
        ]
        return cases.map { chunk, base, encoding in
            Sample(chunk: chunk, base: base, encoding: encoding, payload: harness.payload(chunk, base: base, by: encoding)!)
        }
    }

    private func survives(_ payload: [UInt8], _ sample: Sample, _ harness: CodecHarness, count: Int? = nil) -> Bool {
        do throws(ContentError) {
            _ = try harness.decode(payload, sample.encoding, base: sample.base, count: count ?? sample.chunk.count)
            return true
        } catch {
            #expect(error.code == .corrupted)
            return false
        }
    }

    @Test func truncatedPayloadsAreRefused() {
        let harness = CodecHarness()
        for sample in Self.samples(harness) {
            for length in 0..<sample.payload.count {
                #expect(!survives(Array(sample.payload[..<length]), sample, harness), "\(sample.encoding) cut to \(length)")
            }
            #expect(!survives(sample.payload + [0], sample, harness), "\(sample.encoding) with a byte more")
        }
    }

    @Test func flippedBitsNeverTrap() {
        let harness = CodecHarness()
        var refused = 0
        for sample in Self.samples(harness) {
            for index in sample.payload.indices {
                for bit in 0..<8 {
                    var payload = sample.payload
                    payload[index] ^= 1 << bit
                    refused += survives(payload, sample, harness) ? 0 : 1
                }
            }
        }
        #expect(refused > 100, "damage in lengths, tables and codes must be found here; the rest is the digest's work")
    }

    @Test func randomPayloadsNeverTrap() {
        let harness = CodecHarness()
        for seed in UInt64(0)..<3000 {
            var generator = SeededGenerator(seed: seed)
            let encoding = ChunkEncodingTests.valid.randomElement(using: &generator)!
            let count = Int.random(in: 1...300, using: &generator)
            var payload = generator.bytes(Int.random(in: 0...count, using: &generator))
            // Half of them with codes that ask for few planes, so that the later checks are reached.
            if seed % 2 == 0 { for index in payload.indices.prefix(2 * encoding.elementBytes) { payload[index] &= 0x41 } }
            let sample = Sample(chunk: [], base: generator.bytes(count), encoding: encoding, payload: payload)
            _ = survives(payload, sample, harness, count: count)
        }
    }

    @Test func wrongSizesAreRefused() {
        let harness = CodecHarness()
        for sample in Self.samples(harness) {
            for count in [1, 3, sample.chunk.count - 64, sample.chunk.count + 64] {
                // A base of the size that is asked for, so that the payload itself has to be found wrong.
                let base = sample.base.map { Array(($0 + $0).prefix(count)) }
                let other = Sample(chunk: sample.chunk, base: base, encoding: sample.encoding, payload: sample.payload)
                #expect(!survives(sample.payload, other, harness, count: count), "\(sample.encoding) as \(count) bytes")
            }
        }
    }

    @Test func aDifferenceNeedsABaseOfItsSize() {
        let harness = CodecHarness()
        let sample = Self.samples(harness).last!
        for base in [nil, Array(sample.base!.dropLast())] {
            let other = Sample(chunk: sample.chunk, base: base, encoding: sample.encoding, payload: sample.payload)
            #expect(!survives(sample.payload, other, harness))
        }
    }

    @Test func ranksBeyondTheTableAreRefused() throws {
        let harness = CodecHarness()
        let encoding = ChunkEncoding.planes(elementBytes: 1, phase: 0, ranksExponents: true)
        // 80 elements of two values: plane 7 tells them apart, the others are zeros.
        let chunk = (0..<80).map { UInt8($0 % 2 == 0 ? 3 : 200) }
        var payload = try #require(harness.payload(chunk, base: nil, by: encoding))
        #expect(payload[2] == 1, "two entries")
        payload[0] |= 1
        #expect { try harness.decode(payload, encoding, base: nil, count: 80) } throws: {
            ($0 as? ContentError)?.message.contains("rank") ?? false
        }
    }
}
