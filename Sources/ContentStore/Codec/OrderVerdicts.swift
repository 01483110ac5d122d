/// For which differences it pays to order them by their base's exponents.
///
/// A sample has too few elements of each exponent to show it, so it takes encoding a whole chunk both ways to tell. What was
/// found holds for chunks whose differences look the same.
struct OrderVerdicts {
    private struct Verdict {
        let elementBytes: Int
        let changed: SampleProfile
        let isOrdered: Bool
    }

    private static let verdictsMax = 16
    private var verdicts: [Verdict] = []

    /// Whether to order differences that look so; nil when that was not tried yet.
    func isOrdered(elementBytes: Int, changed: SampleProfile) -> Bool? {
        verdicts.last { $0.elementBytes == elementBytes && $0.changed.resembles(changed) }?.isOrdered
    }

    /// Keeps what encoding a chunk both ways has shown. What helps by less than 1 % is not worth its time.
    mutating func add(elementBytes: Int, changed: SampleProfile, orderedBytes: Int, plainBytes: Int) -> Bool {
        let isOrdered = orderedBytes < plainBytes / 100 * 99
        if verdicts.count == Self.verdictsMax { verdicts.removeFirst() }
        verdicts.append(Verdict(elementBytes: elementBytes, changed: changed, isOrdered: isOrdered))
        return isOrdered
    }

    mutating func forget() { verdicts = [] }
}
