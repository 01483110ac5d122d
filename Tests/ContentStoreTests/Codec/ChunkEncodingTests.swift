import ContentStore
import Testing

@Suite struct ChunkEncodingTests {
    static let valid: [ChunkEncoding] =
        [.raw, .lz4]
        + [1, 2, 4, 8].flatMap { width in
            (0..<width).flatMap { phase in (0..<width).flatMap { forms(width, phase: phase, wholeBytes: $0) } }
        }

    private static func forms(_ width: Int, phase: Int, wholeBytes: Int) -> [ChunkEncoding] {
        [
            .planes(elementBytes: width, phase: phase, ranksExponents: false, wholeBytes: wholeBytes),
            .planes(elementBytes: width, phase: phase, ranksExponents: true, wholeBytes: wholeBytes),
            .difference(elementBytes: width, phase: phase, wholeBytes: wholeBytes),
        ] + (width > 1 ? [.difference(elementBytes: width, phase: phase, isOrdered: true, wholeBytes: wholeBytes)] : [])
    }

    @Test func packsIntoFourBytesAndBack() throws {
        for encoding in Self.valid { #expect(try ChunkEncoding(packed: encoding.packed) == encoding) }
        #expect(Set(Self.valid.map(\.packed)).count == Self.valid.count)
    }

    @Test func bytesLieWhereTheTableSays() {
        #expect(ChunkEncoding.raw.packed == 0)
        #expect(ChunkEncoding.lz4.packed == 1)
        #expect(ChunkEncoding.planes(elementBytes: 4, phase: 3, ranksExponents: true).packed == 0x0103_0402)
        #expect(ChunkEncoding.difference(elementBytes: 8, phase: 5).packed == 0x0005_0803)
        #expect(ChunkEncoding.difference(elementBytes: 2, phase: 1, isOrdered: true).packed == 0x0201_0203)
        #expect(ChunkEncoding.planes(elementBytes: 4, phase: 0, ranksExponents: true, wholeBytes: 3).packed == 0x0d00_0402)
        #expect(ChunkEncoding.difference(elementBytes: 8, phase: 2, isOrdered: true, wholeBytes: 7).packed == 0x1e02_0803)
    }

    @Test func onlyValidPackingsAreTaken() {
        let valid = Set(Self.valid.map(\.packed))
        for codec in UInt32(0)...6 {
            for width in UInt32(0)...17 {
                for phase in UInt32(0)...9 {
                    for flags in Array(UInt32(0)...33) + [64, 128, 255] {
                        let packed = codec | width << 8 | phase << 16 | flags << 24
                        let taken = try? ChunkEncoding(packed: packed)
                        #expect((taken != nil) == valid.contains(packed), "packed \(packed)")
                    }
                }
            }
        }
    }

    @Test func newerCodecsAndFlagsAreNamedAsSuch() {
        for packed in [UInt32(4), 255, 0x2000_0402, 0x8000_0402] {
            #expect { try ChunkEncoding(packed: packed) } throws: { ($0 as? ContentError)?.code == .unsupportedVersion }
        }
        #expect { try ChunkEncoding(packed: 0x0004_0402) } throws: { ($0 as? ContentError)?.code == .corrupted }
    }
}
