/// What encoding whole chunks has shown, where a sample could not tell: whether it pays to order differences by their base's
/// exponents, and how many bytes of each element do not compress at all.
///
/// What was found for a chunk holds for chunks that look the same.
struct EncodingVerdicts {
    private struct Verdict {
        /// As it was chosen from a sample.
        let sampled: ChunkEncoding
        let looks: SampleProfile
        let isOrdered: Bool
        /// Nil where only small chunks were seen.
        var wholeBytes: Int?

        func suits(_ encoding: ChunkEncoding, _ looks: SampleProfile) -> Bool {
            sampled.codec == encoding.codec && sampled.elementBytes == encoding.elementBytes
                && sampled.ranksExponents == encoding.ranksExponents && self.looks.resembles(looks)
        }
    }

    private static let verdictsMax = 16
    /// In planes of fewer bytes than this chunk's, repeats are too few to be counted on.
    private static let chunkBytesMin = 64 << 10
    private var verdicts: [Verdict] = []

    /// The encoding that suits such a chunk; nil when none was tried yet.
    func refined(_ sampled: ChunkEncoding, looks: SampleProfile) -> ChunkEncoding? {
        guard let verdict = verdicts.last(where: { $0.suits(sampled, looks) }) else { return nil }
        let encoding: ChunkEncoding =
            verdict.isOrdered
            ? .difference(elementBytes: sampled.elementBytes, phase: sampled.phase, isOrdered: true) : sampled
        return encoding.keeping(wholeBytes: verdict.wholeBytes ?? 0)
    }

    /// Keeps what suited a chunk.
    ///
    /// - Parameter incompressibleBytes: of each element, the least significant.
    mutating func note(
        _ sampled: ChunkEncoding, looks: SampleProfile, isOrdered: Bool, incompressibleBytes: Int, chunkBytes: Int
    ) {
        let wholeBytes = chunkBytes < Self.chunkBytesMin ? nil : min(incompressibleBytes, sampled.elementBytes - 1)
        if let known = verdicts.lastIndex(where: { $0.suits(sampled, looks) }) {
            verdicts[known].wholeBytes = verdicts[known].wholeBytes ?? wholeBytes
            return
        }
        if verdicts.count == Self.verdictsMax { verdicts.removeFirst() }
        verdicts.append(Verdict(sampled: sampled, looks: looks, isOrdered: isOrdered, wholeBytes: wholeBytes))
    }

    mutating func forget() { verdicts = [] }
}
