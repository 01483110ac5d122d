import DecthingsAPI
import Synchronization

/// Holds requests to the rates that are set: of all callers together, and of each key.
final class RateGate: Sendable {
    private struct State {
        var all: TokenBucket?
        var byKey: [String: TokenBucket] = [:]
    }

    private let state: Mutex<State>
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant

    init(rate: RequestRate?) {
        start = clock.now
        state = Mutex(State(all: rate.map { TokenBucket($0, nowSeconds: 0) }))
    }

    /// - Throws: `too_many_requests`.
    func pass(keyID: String?, keyRate: RequestRate?) throws(APIError) {
        let now = (clock.now - start) / .seconds(1)
        let isLetThrough = state.withLock { state in
            if let keyID, let keyRate {
                var bucket = state.byKey[keyID].flatMap { $0.rate == keyRate ? $0 : nil } ?? TokenBucket(keyRate, nowSeconds: now)
                let mayPass = bucket.take(nowSeconds: now)
                state.byKey[keyID] = bucket
                if !mayPass { return false }
            }
            return state.all?.take(nowSeconds: now) ?? true
        }
        if !isLetThrough { throw APIError(.tooManyRequests) }
    }
}
