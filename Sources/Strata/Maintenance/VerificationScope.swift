/// How much of a store a verification looks at.
public enum VerificationScope: Hashable, Sendable {
    /// The structure: the catalog against itself; that every pack is there, whole in size, and that its header, footer and
    /// directory say what the catalog says. No chunk is decoded.
    case quick
    /// The structure, and every byte against its digest.
    case full
    /// That share of all bytes and values, 0 < percent ≤ 100, beginning where the last such run stopped: twenty runs of 5 see
    /// everything that was there all the time.
    case percent(Double)
    /// At least so many raw bytes, and the same share of all values, beginning where the last such run stopped.
    case bytes(Int64)

    var isPartial: Bool {
        switch self {
        case .quick, .full: false
        case .percent, .bytes: true
        }
    }

    func check() throws(StrataError) {
        switch self {
        case .percent(let percent) where !(percent > 0 && percent <= 100):
            throw .invalidParameter("percent", "\(percent) percent is outside 0 (not included) to 100")
        case .bytes(let bytes) where bytes < 1:
            throw .invalidParameter("bytes", "a budget of \(bytes) bytes checks nothing; the least is 1")
        default: break
        }
    }

    /// The raw bytes and the values that a partial run looks at; nil for all.
    func budget(ofBytes bytes: Int64, values: Int64) -> (bytes: Int64, values: Int64)? {
        let share: Double
        switch self {
        case .quick, .full: return nil
        case .percent(let percent): share = percent / 100
        case .bytes(let budget): share = bytes > 0 ? min(1, Double(budget) / Double(bytes)) : 1
        }
        // One more than the share, so that rounding never leaves the last of them out.
        func part(_ whole: Int64) -> Int64 { Int64(min(Double(whole) * share, 9e18)) + 1 }
        return (part(bytes), part(values))
    }
}
