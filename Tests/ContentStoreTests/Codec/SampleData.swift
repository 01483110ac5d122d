/// splitmix64: small, seeded, the same everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// About normal: the sum of twelve uniform numbers (Irwin and Hall).
    mutating func normal() -> Double {
        var sum: UInt64 = 0
        for _ in 0..<6 {
            let word = next()
            sum += (word >> 32) + (word & 0xffff_ffff)
        }
        return Double(sum) / 0x1p32 - 6
    }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) } }
}

/// Bytes of the kinds that transforms could stumble over.
enum AdversarialBytes: String, CaseIterable {
    case zeros, ones, alternating, counting, random, notANumbers, sparse

    func make(_ count: Int, seed: UInt64) -> [UInt8] {
        var generator = SeededGenerator(seed: seed)
        return switch self {
        case .zeros: [UInt8](repeating: 0, count: count)
        case .ones: [UInt8](repeating: 0xff, count: count)
        case .alternating: (0..<count).map { $0 % 2 == 0 ? 0xaa : 0x55 }
        case .counting: (0..<count).map { UInt8(truncatingIfNeeded: $0 / 3) }
        case .random: generator.bytes(count)
        // A quiet NaN with a payload, as fp32; other widths see infinities and large exponents.
        case .notANumbers: (0..<count).map { [0x01, 0x00, 0xc0, 0x7f][$0 % 4] }
        case .sparse: (0..<count).map { _ in UInt8.random(in: 0...40, using: &generator) == 0 ? 0x80 : 0 }
        }
    }
}

/// Weights as models have them.
enum SampleWeights {
    static func values(_ count: Int, seed: UInt64, deviation: Double = 0.04) -> [Float] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in Float(generator.normal() * deviation) }
    }

    /// The weights after a little more training.
    static func trained(_ weights: [Float], seed: UInt64) -> [Float] {
        var generator = SeededGenerator(seed: seed)
        return weights.map { $0 - Float(generator.normal() * 1e-6) }
    }

    static func bytes<T>(_ values: [T]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }

    static func float32(_ weights: [Float]) -> [UInt8] { bytes(weights) }

    static func bfloat16(_ weights: [Float]) -> [UInt8] {
        bytes(weights.map { UInt16(truncatingIfNeeded: ($0.bitPattern &+ 0x8000) >> 16) })
    }

    static func float64(_ weights: [Float], seed: UInt64) -> [UInt8] {
        var generator = SeededGenerator(seed: seed)
        return bytes(weights.map { Double($0) * Double.random(in: 1..<1.001, using: &generator) })
    }
}
