import DecthingsAPI
import Logging
import Tracing

/// Counts, times, traces and logs calls.
struct CallObserver: Sendable {
    let metrics: ServerMetrics
    let logger: Logger

    /// A call that was refused before it began.
    func refused(_ code: APIErrorCode, api: String, method: String, requestID: String) {
        metrics.began()
        metrics.ended(method: APIMethod(api: api, method: method)?.rawValue ?? "unknown", code: code.rawValue, seconds: 0)
        logger.debug("call", metadata: ["request": "\(requestID)", "method": "\(api)/\(method)", "code": "\(code.rawValue)"])
    }

    /// Runs a call; `body` answers the code that it was refused with, nil for success.
    func observe(
        _ call: IncomingCall, method: APIMethod?, _ body: @Sendable () async -> APIErrorCode?
    ) async {
        let clock = ContinuousClock()
        let start = clock.now
        metrics.began()
        let name = method?.rawValue ?? "unknown"
        let code = await withSpan(name, context: call.trace, ofKind: .server) { span in
            span.attributes["request.id"] = call.requestID
            let code = await body()
            if let code { span.attributes["error.code"] = code.rawValue }
            return code
        }
        let seconds = (clock.now - start) / .seconds(1)
        metrics.ended(method: name, code: code?.rawValue ?? "ok", seconds: seconds)
        logger.debug(
            "call",
            metadata: [
                "request": "\(call.requestID)", "method": "\(call.api)/\(call.method)", "code": "\(code?.rawValue ?? "ok")",
                "milliseconds": "\(Int(seconds * 1000))",
            ])
    }
}
