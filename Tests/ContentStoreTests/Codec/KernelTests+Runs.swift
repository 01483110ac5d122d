import CKernels
import StrataTesting
import Testing

@testable import ContentStore

/// LZ4 blocks of runs: LZ4 decodes them to what was compressed, whatever that was, and every level writes the same.
extension KernelTests {
    /// Blocks of each level for the same bytes; nil where they do not fit.
    private func blocks(_ bytes: [UInt8], capacity: Int) -> [[UInt8]?] {
        atEachLevel {
            // Guard bytes behind the target show a write too far.
            var target = [UInt8](repeating: 0xee, count: capacity + 64)
            var numbers = [UInt64](repeating: 0x1234_5678_9abc_def0, count: ck_runs_numbers(bytes.count) + 1)
            let written = ck_runs_compress(&target, capacity, bytes, bytes.count, &numbers)
            #expect(target[capacity...].allSatisfy { $0 == 0xee } && written <= capacity, "\(bytes.count) bytes into \(capacity)")
            #expect(numbers.last == 0x1234_5678_9abc_def0, "\(bytes.count) bytes")
            return written == 0 ? nil : Array(target[..<written])
        }
    }

    private func random(_ count: Int, _ generator: inout some RandomNumberGenerator) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    private func expectDecodes(_ bytes: [UInt8], _ what: Comment) throws {
        let blocks = blocks(bytes, capacity: bytes.count + bytes.count / 128 + 64)
        let block = try #require(blocks[0], what)
        #expect(blocks.allSatisfy { $0 == block }, what)
        var decoded = [UInt8](repeating: 0, count: bytes.count)
        let fits = decoded.withUnsafeMutableBytes { target in block.withUnsafeBytes { LZ4Compressor.decompress($0, into: target) } }
        #expect(fits && decoded == bytes, what)
    }

    @Test(arguments: AdversarialBytes.allCases)
    func blocksOfRunsDecodeForEveryLength(kind: AdversarialBytes) throws {
        for length in Array(1...300) + [4095, 4096, 4097, 70_000, 140_001] {
            try expectDecodes(kind.make(length, seed: UInt64(length)), "\(length) bytes")
        }
    }

    /// Runs of every length around the bounds of the format, lone bytes that come again near and far, and random stretches.
    @Test func blocksOfMixedRunsDecode() throws {
        var generator = StrataTesting.SeededGenerator.announced("runs")
        for round in 0..<300 {
            var bytes: [UInt8] = []
            let wanted = Int.random(in: 1...(round % 10 == 0 ? 200_000 : 3000), using: &generator)
            while bytes.count < wanted {
                let value: UInt8 = [0, 0, 0, 0xff, 7].randomElement(using: &generator)!
                switch Int.random(in: 0..<10, using: &generator) {
                case 0: bytes += random(Int.random(in: 1...400, using: &generator), &generator)
                case 1: bytes += [UInt8](repeating: value, count: Int.random(in: 250...300, using: &generator))
                case 2: bytes += [UInt8](repeating: value, count: Int.random(in: 1...70_000, using: &generator))
                case 3: bytes += bytes.suffix(Int.random(in: 1...60, using: &generator))
                default:
                    bytes.append(1 << UInt8.random(in: 0...7, using: &generator))
                    bytes += [UInt8](repeating: value, count: Int.random(in: 1...24, using: &generator))
                }
            }
            try expectDecodes(Array(bytes.prefix(wanted)), "round \(round), \(wanted) bytes")
        }
    }

    @Test func aBlockThatDoesNotFitIsNoneAndNothingIsWrittenBehind() throws {
        var generator = StrataTesting.SeededGenerator.announced("room for runs")
        for _ in 0..<40 {
            let parts = (0..<40).flatMap { _ in
                random(Int.random(in: 0...40, using: &generator), &generator)
                    + [UInt8](repeating: 0, count: Int.random(in: 0...40, using: &generator))
            }
            guard !parts.isEmpty else { continue }
            let whole = try #require(blocks(parts, capacity: 2 * parts.count + 64)[0])
            for capacity in 1...(whole.count + 40) {
                for block in blocks(parts, capacity: capacity) {
                    #expect(block == nil || block == whole)
                    #expect(capacity >= whole.count || block == nil, "\(whole.count) bytes fit into \(capacity)")
                    #expect(capacity < whole.count + 40 || block != nil, "\(whole.count) bytes do not fit into \(capacity)")
                }
            }
        }
    }

    /// What a plane of ordered differences looks like comes out as small as LZ4 makes it.
    @Test func sparsePlanesComeOutAsSmallAsFromLZ4() throws {
        var generator = SeededGenerator(seed: 11)
        for density in [200, 60, 20] {
            let bytes = (0..<100_000).map { at -> UInt8 in
                if at % 20_000 < 3000 { return UInt8.random(in: 0...255, using: &generator) }
                return Int.random(in: 0..<density, using: &generator) == 0 ? 1 << UInt8.random(in: 0...7, using: &generator) : 0
            }
            let block = try #require(blocks(bytes, capacity: bytes.count)[0])
            var target = [UInt8](repeating: 0, count: bytes.count)
            let peer = target.withUnsafeMutableBytes { target in bytes.withUnsafeBytes { LZ4Compressor().compress($0, into: target) } }
            let peerBytes = try #require(peer)
            #expect(block.count * 100 <= peerBytes * 103, "\(block.count) bytes, LZ4 \(peerBytes), one in \(density)")
        }
    }
}
