import Foundation

/// How often a test repeats what it draws at random.
///
/// A third of it in every run, whose seed is printed; all with `STRATA_FAULTS=full`, which leaves nothing out elsewhere either.
enum Rounds {
    static func some(of full: Int) -> Range<Int> { 0..<(isFull ? full : (full + 2) / 3) }

    private static let isFull = ProcessInfo.processInfo.environment["STRATA_FAULTS"] == "full"
}
