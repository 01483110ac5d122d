import DecthingsAPI
import Logging
import Strata

/// What every call passes before it is dispatched: key, wanted errors, rates, budget, quotas. Nothing was written yet.
final class CallGate: Sendable {
    private let store: StateStore
    private let options: ServerOptions
    private let rates: RateGate
    private let quotas: QuotaGate

    init(store: StateStore, options: ServerOptions) {
        self.store = store
        self.options = options
        rates = RateGate(rate: options.requestRate)
        quotas = QuotaGate(store: store, storeQuota: options.storeQuota)
    }

    /// - Throws: `bad_credentials` for a key that is missing, unknown or revoked.
    func caller(showing key: String?) async throws(APIError) -> Caller {
        guard options.requiresKey else { return .everybody }
        guard let key else { throw APIError(.badCredentials) }
        do throws(StrataError) {
            guard let known = try await store.authenticate(key) else { throw StrataError(.keyNotFound, "no such key") }
            return Caller(known)
        } catch {
            if error.code == .keyNotFound { throw APIError(.badCredentials) }
            options.logger.error("a key cannot be looked up: \(error)")
            throw APIError(.unknown)
        }
    }

    /// A call that may be dispatched.
    struct Admission: Sendable {
        let caller: Caller
        let params: JSONValue
        let hold: QuotaHold
        /// How its run fails on purpose.
        let injected: RunFailure.Code?
    }

    /// Lets a call in, or not.
    ///
    /// - Throws: `bad_credentials`, `too_many_requests`, `payment_required`, `invalid_parameter`, `quota_exceeded`, and what
    ///   was asked for by injection.
    func admit(_ incoming: IncomingCall, as method: APIMethod) async throws(APIError) -> Admission {
        let caller = try await caller(showing: incoming.key)
        try rates.pass(keyID: caller.keyID, keyRate: caller.requestRate)
        let injected = try injected(incoming, method)
        if let budget = options.budget, await !budget(caller.keyID, method) { throw APIError(.paymentRequired) }
        guard let params = incoming.object else {
            throw .invalidParameter("params", "the params must be an object, with a member for each parameter")
        }
        let hold = try await quotas.reserve(method, params, blobSizesBytes: incoming.blobs.sizesBytes, for: caller)
        return Admission(caller: caller, params: params, hold: hold, injected: injected)
    }

    private func injected(_ incoming: IncomingCall, _ method: APIMethod) throws(APIError) -> RunFailure.Code? {
        var outcome: Injection.Outcome?
        if options.allowsInjection, let wanted = incoming.wantedError {
            outcome = Injection.Outcome(parsing: wanted, for: method)
            if outcome == nil { throw .invalidParameter("x-strata-inject", "\(method.rawValue) does not answer `\(wanted)`") }
        } else {
            outcome = options.injections.first { $0.method == method && Double.random(in: 0..<1) < $0.probability }?.outcome
        }
        switch outcome {
        case .error(let code): throw APIError(injected: code)
        case .failure(let code): return code
        case nil: return nil
        }
    }
}
