import Testing

@testable import ContentStore

/// Encodes and decodes without the chooser in between.
struct CodecHarness {
    let scratch = EncodeScratch()
    let reader = ReadScratch()

    /// The payload in one given encoding, or nil where it does not save enough.
    func payload(_ chunk: [UInt8], base: [UInt8]?, by encoding: ChunkEncoding) -> [UInt8]? {
        var room = [UInt8](repeating: 0xee, count: chunk.count + 64)
        let count = chunk.withUnsafeBytes { chunk in
            (base ?? []).withUnsafeBytes { baseBytes in
                room.withUnsafeMutableBytes {
                    scratch.encode(chunk, against: base == nil ? nil : baseBytes, by: encoding, into: $0)
                }
            }
        }
        #expect(room.suffix(64).allSatisfy { $0 == 0xee }, "nothing is written behind the chunk's size")
        return count.map { Array(room[..<$0]) }
    }

    /// The payload in the chosen encoding, in a target of exactly the chunk's size; `shift` moves the chunk in memory.
    func chosen(_ chunk: [UInt8], base: [UInt8]?, shift: Int = 0) -> (encoding: ChunkEncoding, payload: [UInt8]) {
        var room = [UInt8](repeating: 0, count: chunk.count)
        let memory = [UInt8](repeating: 0, count: shift) + chunk
        let (encoding, count) = memory.withUnsafeBytes { memory in
            room.withUnsafeMutableBytes {
                scratch.encode(UnsafeRawBufferPointer(rebasing: memory[shift...]), baseBytes: base, into: $0)
            }
        }
        return (encoding, Array(room[..<count]))
    }

    func decode(_ payload: [UInt8], _ encoding: ChunkEncoding, base: [UInt8]?, count: Int) throws(ContentError) -> [UInt8] {
        // Exact allocations, so that the address sanitizer sees a byte too far on either side.
        let source = UnsafeMutableRawBufferPointer.allocate(byteCount: payload.count, alignment: 1)
        let target = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
        defer {
            source.deallocate()
            target.deallocate()
        }
        source.copyBytes(from: payload)
        guard let base else {
            try reader.decode(UnsafeRawBufferPointer(source), encoding, base: nil, into: target)
            return Array(target)
        }
        let result = base.withUnsafeBytes { bytes in
            Result { () throws(ContentError) in
                try reader.decode(UnsafeRawBufferPointer(source), encoding, base: bytes, into: target)
            }
        }
        try result.get()
        return Array(target)
    }
}

@Suite struct CodecRoundTripTests {
    /// Every encoding of a width; none, one and all that can be of an element's bytes are whole.
    static func encodings(_ width: Int) -> [ChunkEncoding] {
        (0..<width).flatMap { phase in
            ChunkEncodingTests.valid.filter { $0.elementBytes == width && $0.phase == phase && [0, 1, width - 1].contains($0.wholeBytes) }
        }
    }

    @Test(arguments: [1, 2, 4, 8])
    func everyLengthAndPhaseComesBack(width: Int) throws {
        let harness = CodecHarness()
        var encoded = 0
        for kind in AdversarialBytes.allCases {
            for count in Array(0...(width == 8 ? 100 : 200)) + [4096 * width + 3] {
                let chunk = kind.make(count, seed: UInt64(count))
                let base = chunk.enumerated().map { $0.offset % 50 == 7 ? $0.element &+ 1 : $0.element }
                for encoding in Self.encodings(width) {
                    let usedBase = encoding.codec == .difference ? base : nil
                    guard let payload = harness.payload(chunk, base: usedBase, by: encoding) else { continue }
                    encoded += 1
                    #expect(payload.count * 50 <= count * 49)
                    let decoded = try harness.decode(payload, encoding, base: usedBase, count: count)
                    #expect(decoded == chunk, "\(kind), \(count) bytes, \(encoding)")
                }
            }
        }
        #expect(encoded > 500, "the transforms must have been used")
    }

    @Test(arguments: AdversarialBytes.allCases)
    func theChosenEncodingComesBackAndIsNeverLargerThanRaw(kind: AdversarialBytes) throws {
        let harness = CodecHarness()
        for count in Array(0...200) + [1000, 4095, 4096, 4097, 40_000, 300_001] {
            let chunk = kind.make(count, seed: UInt64(count))
            for base in [nil, AdversarialBytes.sparse.make(count, seed: 9), chunk] {
                let (encoding, payload) = harness.chosen(chunk, base: base, shift: count % 9)
                #expect(payload.count <= count)
                #expect(encoding == .raw ? payload == chunk : payload.count * 50 <= count * 49)
                #expect(try harness.decode(payload, encoding, base: base, count: count) == chunk, "\(count) bytes, \(encoding)")
            }
        }
    }

    @Test func oneScratchServesChunksOfAllKindsInTurn() throws {
        let harness = CodecHarness()
        for seed in UInt64(0)..<150 {
            var generator = SeededGenerator(seed: seed)
            let count = Int.random(in: 1...60_000, using: &generator)
            let weights = SampleWeights.values(count / 4 + 1, seed: seed)
            let chunk = Array(
                [
                    SampleWeights.float32(weights), SampleWeights.bfloat16(weights), generator.bytes(count),
                    AdversarialBytes.counting.make(count, seed: seed),
                ].randomElement(using: &generator)!.dropFirst(Int.random(in: 0...3, using: &generator)))
            let base = Bool.random(using: &generator) ? chunk.map { $0 &+ ($0 % 16 == 0 ? 1 : 0) } : nil
            let (encoding, payload) = harness.chosen(chunk, base: base, shift: Int(seed % 11))
            #expect(try harness.decode(payload, encoding, base: base, count: chunk.count) == chunk, "seed \(seed), \(encoding)")
        }
    }
}
