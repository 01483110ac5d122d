/// Lets through `perSecond` on average and `burst` at once. A value; its owner keeps it under a lock.
struct TokenBucket: Sendable {
    let rate: RequestRate
    private var tokens: Double
    private var lastSeconds: Double

    init(_ rate: RequestRate, nowSeconds: Double) {
        self.rate = rate
        tokens = rate.burst
        lastSeconds = nowSeconds
    }

    /// Takes one token; false when there is none.
    mutating func take(nowSeconds: Double) -> Bool {
        tokens = min(rate.burst, tokens + max(0, nowSeconds - lastSeconds) * rate.perSecond)
        lastSeconds = max(lastSeconds, nowSeconds)
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }
}
