import CKernels
import Testing

/// Every level of the kernels against the plain one, and the plain one against the definitions in the header.
///
/// Serialized, because the level is forced for the whole process; other suites get equal results at any level.
@Suite(.serialized) struct KernelTests {
    static let levels = [Int32(CK_LEVEL_PLAIN), Int32(CK_LEVEL_VECTOR), Int32(CK_LEVEL_WIDE)]
    static let transforms = [CK_WORDS_PLAIN, CK_WORDS_DIFFERENCE, CK_WORDS_RANK].map { Int32($0) }

    func atEachLevel<T>(_ body: () -> T) -> [T] {
        defer { ck_force_level(-1) }
        return Self.levels.map { level in
            ck_force_level(level)
            return body()
        }
    }

    /// The planes, with the bytes that stay whole behind them.
    private func split(
        _ words: [UInt8], whole: Int = 0, count: Int, width: Int, transform: Int32, base: [UInt8], ranks: [UInt8]
    ) -> [UInt8] {
        let stride = ck_plane_bytes(count)
        let planeBytes = stride * 8 * (width - whole)
        // Guard bytes behind show a write too far.
        var planes = [UInt8](repeating: 0xee, count: planeBytes + whole * count + 32)
        words.withUnsafeBytes { words in
            base.withUnsafeBytes { base in
                planes.withUnsafeMutableBufferPointer { planes in
                    ck_planes_split(
                        planes.baseAddress!, stride, planes.baseAddress! + planeBytes, Int32(whole), words.baseAddress! + 1, count,
                        Int32(width), transform, base.baseAddress! + 1, ranks)
                }
            }
        }
        return planes
    }

    private func join(
        _ planes: [UInt8], whole: Int = 0, count: Int, width: Int, transform: Int32, base: [UInt8], values: [UInt16]
    ) -> [UInt8] {
        let stride = ck_plane_bytes(count)
        var words = [UInt8](repeating: 0xee, count: count * width + 32)
        planes.withUnsafeBufferPointer { planes in
            let pointers: [UnsafePointer<UInt8>?] = (0..<8 * (width - whole)).map { planes.baseAddress! + $0 * stride }
            let bytes = planes.baseAddress! + 8 * (width - whole) * stride
            words.withUnsafeMutableBytes { words in
                base.withUnsafeBytes { base in
                    _ = ck_planes_join(
                        words.baseAddress! + 1, pointers, bytes, Int32(whole), count, Int32(width), transform, base.baseAddress! + 1,
                        values)
                }
            }
        }
        return words
    }

    /// A permutation of byte values and its inverse. For 11-bit fields only those of the tested words get a rank.
    private func rankTables(_ words: [UInt8], count: Int, width: Int) -> (ranks: [UInt8], values: [UInt16])? {
        var ranks = [UInt8](repeating: 0, count: Int(CK_RANK_FIELD_VALUES))
        var values = [UInt16](repeating: 0, count: 256)
        var counts = [UInt32](repeating: 0, count: Int(CK_RANK_FIELD_VALUES))
        words.withUnsafeBytes { ck_rank_count(&counts, $0.baseAddress! + 1, count, Int32(width)) }
        let present = counts.indices.filter { counts[$0] > 0 }
        guard present.count <= 256 else { return nil }
        for (index, value) in present.reversed().enumerated() {
            ranks[value] = UInt8(index)
            values[index] = UInt16(value)
        }
        return (ranks, values)
    }

    @Test(arguments: [1, 2, 4, 8])
    func planesOfEveryLevelAreEqualAndJoinToTheWords(width: Int) {
        for kind in AdversarialBytes.allCases {
            for count in Array(0...140) + [511, 512, 513, 1024, 1500, 2111] {
                let seed = UInt64(count)
                let words = kind.make(count * width + 1, seed: seed)
                let base = AdversarialBytes.random.make(count * width + 1, seed: seed + 1)
                guard let (ranks, values) = rankTables(words, count: count, width: width) else { continue }
                for transform in Self.transforms {
                    let planes = atEachLevel {
                        split(words, count: count, width: width, transform: transform, base: base, ranks: ranks)
                    }
                    let joined = atEachLevel {
                        join(planes[0], count: count, width: width, transform: transform, base: base, values: values)
                    }
                    let what = "\(kind) count \(count) width \(width) transform \(transform)"
                    #expect(planes.allSatisfy { $0 == planes[0] }, "\(what)")
                    #expect(planes[0].suffix(32).allSatisfy { $0 == 0xee }, "\(what)")
                    let expected = [0xee] + words.dropFirst() + [UInt8](repeating: 0xee, count: 31)
                    #expect(joined.allSatisfy { $0 == expected }, "\(what)")
                }
            }
        }
    }

    @Test(arguments: [2, 4, 8])
    func bytesThatStayWholeAreThoseOfThePlanes(width: Int) {
        for kind in [AdversarialBytes.random, .sparse] {
            for count in [0, 1, 7, 8, 77, 511, 512, 513, 1500] {
                let words = kind.make(count * width + 1, seed: UInt64(count))
                let base = AdversarialBytes.random.make(count * width + 1, seed: 3)
                guard let (ranks, values) = rankTables(words, count: count, width: width) else { continue }
                let expected = [0xee] + words.dropFirst() + [UInt8](repeating: 0xee, count: 31)
                for transform in Self.transforms {
                    let all = split(words, count: count, width: width, transform: transform, base: base, ranks: ranks)
                    for whole in 1..<width {
                        let parted = atEachLevel {
                            split(words, whole: whole, count: count, width: width, transform: transform, base: base, ranks: ranks)
                        }
                        let what = "\(kind) count \(count) width \(width) transform \(transform) whole \(whole)"
                        let planeBytes = ck_plane_bytes(count) * 8 * (width - whole)
                        #expect(parted.allSatisfy { $0 == parted[0] }, "\(what)")
                        #expect(parted[0].prefix(planeBytes) == all.prefix(planeBytes), "\(what)")
                        #expect(parted[0].suffix(32).allSatisfy { $0 == 0xee }, "\(what)")
                        for place in 0..<whole {
                            let bytes = parted[0][(planeBytes + (whole - 1 - place) * count)...].prefix(count)
                            let planes = all[(ck_plane_bytes(count) * 8 * (width - 1 - place))...]
                            let rebuilt = (0..<count).map { element in
                                (0..<8).reduce(UInt8(0)) {
                                    $0 << 1 | planes[planes.startIndex + $1 * ck_plane_bytes(count) + element / 8] >> (element % 8) & 1
                                }
                            }
                            #expect(Array(bytes) == rebuilt, "\(what) place \(place)")
                        }
                        let joined = atEachLevel {
                            join(parted[0], whole: whole, count: count, width: width, transform: transform, base: base, values: values)
                        }
                        #expect(joined.allSatisfy { $0 == expected }, "\(what)")
                    }
                }
            }
        }
    }

    @Test(arguments: [1, 2, 4, 8])
    func aPlaneHoldsOneBitOfEveryWordMostSignificantFirst(width: Int) {
        let count = 77
        let words = AdversarialBytes.random.make(count * width + 1, seed: 5)
        let planes = split(
            words, count: count, width: width, transform: Int32(CK_WORDS_PLAIN), base: words, ranks: [0])
        let stride = ck_plane_bytes(count)
        for plane in 0..<8 * width {
            let bit = 8 * width - 1 - plane
            for element in 0..<count {
                let expected = words[1 + element * width + bit / 8] >> (bit % 8) & 1
                #expect(planes[plane * stride + element / 8] >> (element % 8) & 1 == expected)
            }
            #expect(planes[plane * stride + stride - 1] >> (count % 8) == 0, "bits after the last element are zero")
        }
    }

    @Test func differencesAreZigzagOfTheSubtraction() {
        let base: [UInt8] = [0, 5, 5, 5, 0, 0xff]
        let words: [UInt8] = [0, 5, 6, 4, 0x80, 0x7f]
        // Differences 0, 1, -1, -128, -128.
        let expected: [UInt8] = [0, 2, 1, 0xff, 0xff]
        let planes = split(words, count: 5, width: 1, transform: Int32(CK_WORDS_DIFFERENCE), base: base, ranks: [0])
        for element in 0..<5 {
            let value = (0..<8).reduce(UInt8(0)) { $0 << 1 | planes[$1] >> element & 1 }
            #expect(value == expected[element])
        }
    }

    @Test func constantPlanesNeedNoMemory() {
        var words = [UInt8](repeating: 0, count: 20)
        let pointers: [UnsafePointer<UInt8>?] = [nil, ck_ones_plane(), nil, nil, nil, nil, nil, ck_ones_plane()]
        for level in Self.levels {
            ck_force_level(level)
            _ = ck_planes_join(&words, pointers, nil, 0, 20, 1, Int32(CK_WORDS_PLAIN), nil, nil)
            #expect(words == [UInt8](repeating: 0x41, count: 20))
        }
        ck_force_level(-1)
    }

    @Test func looksAtPlanesAreEqualAtEveryLevelAndTrue() {
        for bitCount in 1...300 {
            for kind in AdversarialBytes.allCases {
                let bytes = kind.make(ck_plane_bytes(bitCount), seed: UInt64(bitCount))
                let looks = atEachLevel { ck_plane_inspect(bytes, bitCount) }
                let bits = (0..<bitCount).map { bytes[$0 / 8] >> ($0 % 8) & 1 }
                let groups = (0..<bitCount / 32).map { Array(bytes[4 * $0..<4 * $0 + 4]) }
                let repeated = groups.indices.filter {
                    groups[$0] == [0, 0, 0, 0] || groups[$0] == [255, 255, 255, 255] || ($0 > 0 && groups[$0] == groups[$0 - 1])
                }
                for look in looks {
                    #expect((look.all_zeros != 0) == bits.allSatisfy { $0 == 0 }, "\(kind) \(bitCount)")
                    #expect((look.all_ones != 0) == bits.allSatisfy { $0 == 1 }, "\(kind) \(bitCount)")
                    #expect(look.repeated_groups == repeated.count, "\(kind) \(bitCount)")
                }
            }
        }
    }

    @Test func checksumsAreCastagnoliAtEveryLevel() {
        let check = Array("123456789".utf8)
        #expect(atEachLevel { ck_crc32c(0, check, check.count) } == [0xe306_9283, 0xe306_9283, 0xe306_9283])
        // RFC 3720, B.4: 32 bytes of zeros.
        let zeros = [UInt8](repeating: 0, count: 32)
        #expect(atEachLevel { ck_crc32c(0, zeros, 32) } == [0x8a91_36aa, 0x8a91_36aa, 0x8a91_36aa])
        let bytes = AdversarialBytes.random.make(20_001, seed: 3)
        for length in Array(0...300) + [767, 768, 769, 6143, 6144, 6145, 20_000] {
            let all = bytes.withUnsafeBytes { bytes in atEachLevel { ck_crc32c(0, bytes.baseAddress! + 1, length) } }
            #expect(all.allSatisfy { $0 == all[0] }, "length \(length)")
            let inTwo = bytes.withUnsafeBytes { bytes in
                ck_crc32c(ck_crc32c(0, bytes.baseAddress! + 1, length / 3), bytes.baseAddress! + 1 + length / 3, length - length / 3)
            }
            #expect(inTwo == all[0], "length \(length)")
        }
    }

    @Test func theGearTableIsSplitmix() {
        var generator = SeededGenerator(seed: 0x5354_5241_5441_0001)
        for byte in UInt8.min...UInt8.max { #expect(ck_gear_constant(byte) == generator.next()) }
    }

    /// The header's definition, word for word.
    private func definedCut(_ bytes: [UInt8], min: Int, average: Int) -> Int {
        let bits = average.trailingZeroBitCount
        var cut = min
        while cut < bytes.count {
            var hash: UInt64 = 0
            for index in max(0, cut - 64)..<cut { hash = hash << 1 &+ ck_gear_constant(bytes[index]) }
            if hash.leadingZeroBitCount >= (cut < average ? bits + 2 : bits - 2) { return cut }
            cut += 1
        }
        return bytes.count
    }

    @Test func cutsFollowTheDefinition() {
        for seed in UInt64(0)..<60 {
            var generator = SeededGenerator(seed: seed)
            let bytes = generator.bytes(Int.random(in: 0...12_000, using: &generator))
            let minimum = Int.random(in: 0...500, using: &generator)
            for average in [8, 64, 1024, 8192] {
                let cut = ck_gear_cut(bytes, bytes.count, minimum, average)
                #expect(cut == definedCut(bytes, min: minimum, average: average), "seed \(seed) average \(average)")
            }
        }
    }

    @Test func cutsAreEqualAtEveryLevel() {
        for seed in UInt64(0)..<20 {
            var generator = SeededGenerator(seed: seed)
            let bytes = generator.bytes(Int.random(in: 0...40_000, using: &generator))
            #expect(Set(atEachLevel { ck_gear_cut(bytes, bytes.count, 64, 8192) }).count == 1, "seed \(seed)")
        }
    }

    @Test func cutsMoveWithTheContent() {
        var generator = SeededGenerator(seed: 11)
        let bytes = generator.bytes(600_000)
        func ends(_ bytes: [UInt8]) -> Set<Int> {
            var (offset, ends): (Int, Set<Int>) = (0, [])
            while offset < bytes.count {
                let length = min(bytes.count - offset, 8192)
                offset += bytes.withUnsafeBytes { ck_gear_cut($0.baseAddress! + offset, length, 1024, 4096) }
                ends.insert(bytes.count - offset)
            }
            return ends
        }
        let before = ends(bytes)
        let after = ends(generator.bytes(137) + bytes)
        #expect(before.intersection(after).count > before.count * 9 / 10)
    }
}
