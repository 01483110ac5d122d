import DecthingsAPI
import Strata

/// What every call passes before it is dispatched: key, wanted errors, rates, budget, quotas. Nothing was written yet.
final class CallGate: Sendable {
    private let store: StateStore
    private let options: ServerOptions
    private let rates: RateGate

    init(store: StateStore, options: ServerOptions) {
        self.store = store
        self.options = options
        rates = RateGate(rate: options.requestRate)
    }

    /// - Throws: `bad_credentials`.
    func caller(showing key: String?) async throws(APIError) -> Caller {
        .everybody
    }

    /// The caller and the params of a call that may be dispatched.
    ///
    /// - Throws: `bad_credentials`, `too_many_requests`, `payment_required`, `invalid_parameter`, `quota_exceeded`, and what
    ///   was asked for by injection.
    func admit(_ incoming: IncomingCall, as method: APIMethod) async throws(APIError) -> (Caller, JSONValue) {
        let caller = try await caller(showing: incoming.key)
        try rates.pass(keyID: caller.keyID, keyRate: caller.requestRate)
        try inject(incoming, method)
        if let budget = options.budget, await !budget(caller.keyID, method) { throw APIError(.paymentRequired) }
        guard let params = incoming.object else {
            throw .invalidParameter("params", "the params must be an object, with a member for each parameter")
        }
        return (caller, params)
    }

    private func inject(_ incoming: IncomingCall, _ method: APIMethod) throws(APIError) {
        if options.allowsInjection, let wanted = incoming.wantedError {
            guard let code = APIErrorCode(rawValue: wanted), method.errorCodes.contains(code) else {
                throw .invalidParameter("x-strata-inject", "\(method.rawValue) does not answer `\(wanted)`")
            }
            throw APIError(injected: code)
        }
        for injection in options.injections where injection.method == method {
            if Double.random(in: 0..<1) < injection.probability { throw APIError(injected: injection.code) }
        }
    }

    func attributing(_ sink: any AnswerSink, of call: Call) -> any AnswerSink { sink }
}
