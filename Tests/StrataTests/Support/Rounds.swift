import Foundation

/// How often a test repeats what it draws at random.
///
/// A third of it in every run, whose seed is printed; all with `STRATA_FAULTS=full`, which leaves nothing out elsewhere either;
/// `STRATA_ROUNDS=20` repeats it twenty times as often, to search for what a run has not drawn yet.
enum Rounds {
    static func some(of full: Int) -> Range<Int> { 0..<(factor.map { $0 * full } ?? (isFull ? full : (full + 2) / 3)) }

    private static let environment = ProcessInfo.processInfo.environment
    private static let isFull = environment["STRATA_FAULTS"] == "full"
    private static let factor = environment["STRATA_ROUNDS"].flatMap { Int($0) }
}
