import CKernels
import Testing

/// The kernels that have one version, and known vectors of the checksum.
@Suite struct CountKernelTests {
    @Test func lanesAreCountedByTheirDefinition() {
        var generator = SeededGenerator(seed: 1)
        for length in [0, 1, 7, 8, 9, 500] {
            let (bytes, base) = (generator.bytes(length), generator.bytes(length))
            for usesBase in [false, true] {
                var expected = [UInt16](repeating: 3, count: 8 * 256)
                var counts = expected
                for index in 0..<length {
                    expected[index % 8 * 256 + Int(usesBase ? bytes[index] &- base[index] : bytes[index])] += 1
                }
                base.withUnsafeBufferPointer { ck_lane_count(&counts, bytes, usesBase ? $0.baseAddress : nil, length) }
                #expect(counts == expected, "\(length) bytes")
            }
        }
    }

    @Test(arguments: [1, 2, 4, 8])
    func ranksAreCountedByTheirDefinition(width: Int) {
        var generator = SeededGenerator(seed: UInt64(width))
        for count in [0, 1, 3, 4, 5, 301] {
            let bytes = generator.bytes(count * width + 1)
            var counts = [UInt32](repeating: 2, count: Int(CK_RANK_FIELD_VALUES))
            var expected = counts
            for element in 0..<count {
                let word = (0..<width).reduce(UInt64(0)) { $0 | UInt64(bytes[1 + element * width + $1]) << (8 * $1) }
                // The field below the sign bit: all of a byte, else 8 bits, 11 of eight bytes.
                let field = width == 1 ? word : width == 8 ? word >> 52 & 0x7ff : word >> (8 * width - 9) & 0xff
                expected[Int(field)] += 1
            }
            bytes.withUnsafeBytes { ck_rank_count(&counts, $0.baseAddress! + 1, count, Int32(width)) }
            #expect(counts == expected, "\(count) elements")
        }
    }

    /// RFC 3720, appendix B.4.
    @Test func checksumsOfTheStandard() {
        #expect(checksum([UInt8](repeating: 0xff, count: 32)) == 0x62a8_ab43)
        #expect(checksum(Array(0..<32)) == 0x46dd_794e)
        #expect(checksum((0..<32).reversed()) == 0x113f_db5c)
        var command = [UInt8](repeating: 0, count: 48)
        for (index, byte) in [0: 1, 1: 0xc0, 16: 0x14, 22: 4, 27: 0x14, 31: 0x18, 32: 0x28, 40: 2] { command[index] = UInt8(byte) }
        #expect(checksum(command) == 0xd996_3a56, "an iSCSI read command")
        #expect(checksum([]) == 0)
    }

    private func checksum(_ bytes: [UInt8]) -> UInt32 { ck_crc32c(0, bytes, bytes.count) }

    @Test func thereIsAProcessor() { #expect(ck_processor_count() >= 1) }
}
