import CKernels

/// What a few bytes of a chunk look like: how random the bytes are at each of the eight places of an address, and whether
/// LZ4 finds repeats. Two chunks of one tensor have like profiles; another type, or a shift by a byte, shows.
struct SampleProfile {
    /// The collision entropy, in bits (0 to 8), of the bytes whose addresses are ≡ i (mod 8).
    private(set) var lanes = SIMD8<Float>(repeating: 0)
    var hasRepeats = false

    private static let places = 8
    private static let placeBytes = 512

    /// Counts the bytes of `chunk`, less those of `base`, at eight places.
    ///
    /// - Parameter counts: room for 8 × 256 numbers.
    /// - Complexity: 4 KiB of the chunk is read; about 3 µs.
    mutating func measureLanes(
        of chunk: UnsafeRawBufferPointer, base: UnsafeRawBufferPointer?, counts: UnsafeMutablePointer<UInt16>
    ) {
        counts.update(repeating: 0, count: 8 * 256)
        // The kernel numbers lanes from the address that it is given: each place begins at a multiple of eight.
        let toEight = -Int(bitPattern: chunk.baseAddress!) & 7
        let step = max(Self.placeBytes, chunk.count / Self.places) & ~7
        var offset = toEight
        while offset < chunk.count {
            let length = min(Self.placeBytes, chunk.count - offset)
            ck_lane_count(
                counts, (chunk.baseAddress! + offset).assumingMemoryBound(to: UInt8.self),
                base.map { ($0.baseAddress! + offset).assumingMemoryBound(to: UInt8.self) }, length)
            offset += step
        }
        for lane in 0..<8 { lanes[lane] = Self.collisionBits(counts + 256 * lane) }
    }

    /// −log2 of the chance that two bytes are equal.
    private static func collisionBits(_ counts: UnsafeMutablePointer<UInt16>) -> Float {
        var (total, squares): (UInt32, UInt32) = (0, 0)
        for value in 0..<256 {
            let count = UInt32(counts[value])
            total &+= count
            squares &+= count &* count
        }
        guard total > 1 else { return 0 }
        let pairs = Float(total) * Float(total - 1)
        let chance = max(Float(squares - total), 1) / pairs
        return min(max(-log2Approximate(chance), 0), 8)
    }

    /// Right to 0.09, which is all that comparisons of profiles need.
    private static func log2Approximate(_ x: Float) -> Float { Float(x.exponent) + (x.significand - 1) }

    /// By how many bits two samples of the same data may differ.
    private static let noiseBits: Float = 0.8

    /// The same kind of data: no lane differs by more than sampling explains.
    func resembles(_ other: SampleProfile) -> Bool {
        hasRepeats == other.hasRepeats && (0..<8).allSatisfy { abs(lanes[$0] - other.lanes[$0]) < Self.noiseBits }
    }

    /// No lane is more random than the other's, but for what sampling explains.
    func isNoMoreRandom(than other: SampleProfile) -> Bool {
        (0..<8).allSatisfy { lanes[$0] - other.lanes[$0] < Self.noiseBits }
    }

    /// No lane is less random than noise.
    var looksRandom: Bool { !hasRepeats && (0..<8).allSatisfy { lanes[$0] > 7.6 } }

    /// The smallest element size whose multiples the lanes repeat at.
    var period: Int {
        for width in [1, 2, 4] where (0..<8).allSatisfy({ abs(lanes[$0] - lanes[($0 + width) % 8]) < 0.5 }) {
            return width
        }
        return 8
    }
}
