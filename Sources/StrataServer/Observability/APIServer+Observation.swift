import Logging
import Strata
import HTTPTypes
import Hummingbird
import NIOCore

extension APIServer {
    /// `/metrics` as Prometheus text; `/healthz`: the process answers; `/readyz`: the store does too, and calls are taken.
    func observe(_ request: Request) async throws -> Response {
        let path = request.uri.path
        guard options.servesObservation, ["/metrics", "/healthz", "/readyz"].contains(path) else {
            return text(.notFound, "there is nothing at this path; calls go to \(options.basePath)/<Api>/<method>\n")
        }
        guard request.method == .get || request.method == .head else {
            return text(.methodNotAllowed, "read this path with GET\n")
        }
        switch path {
        case "/metrics":
            var response = text(.ok, options.metrics.registry.prometheusText())
            response.headers[.contentType] = "text/plain; version=0.0.4; charset=utf-8"
            return response
        case "/readyz":
            if calls.isStopping { return text(.serviceUnavailable, "stopping\n") }
            do {
                _ = try await service.store.models(limit: 1)
            } catch {
                options.logger.error("not ready: \(error)")
                return text(.serviceUnavailable, "the store does not answer\n")
            }
            return text(.ok, "ready\n")
        default:
            return text(.ok, "ok\n")
        }
    }

    private func text(_ status: HTTPResponse.Status, _ text: String) -> Response {
        Response(status: status, headers: plainHeaders([:]), body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
