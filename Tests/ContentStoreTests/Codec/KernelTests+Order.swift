import CKernels
import Testing

/// Every level of the ordering kernels against the definition in FORMAT.md, written down plainly.
extension KernelTests {
    @Test(arguments: [2, 4, 8])
    func differencesStandInTheOrderOfTheirBases(width: Int) {
        for count in [1, 2, 3, 4, 5, 7, 8, 31, 1000, 4099] {
            var generator = SeededGenerator(seed: UInt64(count * width))
            let base = generator.bytes(count * width)
            let words = generator.bytes(count * width)
            let expected = Self.inOrder(words, base, width: width)
            let found = atEachLevel {
                var ordered = [UInt8](repeating: 0, count: count * width)
                var restored = [UInt8](repeating: 0, count: count * width)
                var cursors = [UInt32](repeating: 7, count: Int(CK_ORDER_LANES) * 2048)
                ck_order_differences(&ordered, words, base, count, Int32(width), &cursors)
                ck_order_restore(&restored, ordered, base, count, Int32(width), &cursors)
                return (ordered, restored)
            }
            for (level, (ordered, restored)) in found.enumerated() {
                #expect(ordered == expected, "\(count) elements of \(width) bytes, level \(level)")
                #expect(restored == words, "\(count) elements of \(width) bytes, level \(level)")
            }
        }
    }

    private static func inOrder(_ words: [UInt8], _ base: [UInt8], width: Int) -> [UInt8] {
        let bits = UInt64(8 * width)
        let mask = bits == 64 ? UInt64.max : (1 << bits) - 1
        func word(_ bytes: [UInt8], _ index: Int) -> UInt64 {
            (0..<width).reduce(0) { $0 | UInt64(bytes[index * width + $1]) << UInt64(8 * $1) }
        }
        func key(_ word: UInt64) -> UInt64 {
            switch width {
            case 2: word >> 6 & 0x1ff
            case 4: word >> 22 & 0x1ff
            default: word >> 52 & 0x7ff
            }
        }
        let count = words.count / width
        let order = (0..<count).sorted { (key(word(base, $0)), $0) < (key(word(base, $1)), $1) }
        return order.flatMap { index -> [UInt8] in
            let difference = (word(words, index) &- word(base, index)) & mask
            let isNegative = difference >> (bits - 1) == 1
            let zigzag = ((difference << 1) ^ (isNegative ? mask : 0)) & mask
            return (0..<width).map { UInt8(truncatingIfNeeded: zigzag >> UInt64(8 * $0)) }
        }
    }
}
