import Foundation

/// A small random generator with a seed (splitmix64): the same numbers on every machine.
///
/// Tests that try random things take theirs from `announced(_:)`, so that a failure tells how to run it again.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    /// The environment variable that sets the seed of `announced(_:)`.
    public static let environmentVariable = "STRATA_SEED"

    public let seed: UInt64
    private var state: UInt64

    public init(seed: UInt64) {
        self.seed = seed
        state = seed
    }

    /// A generator with a seed from `STRATA_SEED`, else a random one, printed with what it is for.
    public static func announced(_ purpose: String) -> SeededGenerator {
        let given = ProcessInfo.processInfo.environment[environmentVariable].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 0...UInt64.max)
        print("\(purpose): \(environmentVariable)=\(seed)")
        return SeededGenerator(seed: seed)
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// About normal, with deviation 1: the sum of twelve uniform numbers (Irwin and Hall).
    mutating func normal() -> Float {
        var sum: Float = -6
        for _ in 0..<3 {
            let word = next()
            for shift in stride(from: UInt64(0), to: 64, by: 16) { sum += Float((word >> shift) & 0xffff) / 65536 }
        }
        return sum
    }
}
