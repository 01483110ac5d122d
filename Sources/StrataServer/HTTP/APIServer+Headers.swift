import DecthingsAPI
import HTTPTypes
import Hummingbird
import NIOCore

extension APIServer {
    static let injectHeader = HTTPField.Name("x-strata-inject")!
    private static let requestIDHeader = HTTPField.Name("x-request-id")!

    /// Of an answered call. The content type is compared byte for byte by clients.
    func headers(_ requestID: String) -> HTTPFields {
        var headers: HTTPFields = [.contentType: "application/octet-stream", Self.requestIDHeader: requestID]
        allowOrigin(&headers)
        return headers
    }

    func plainHeaders(_ extra: HTTPFields) -> HTTPFields {
        var headers = extra
        headers[.contentType] = "text/plain; charset=utf-8"
        allowOrigin(&headers)
        return headers
    }

    /// The answer to a browser that asks what it may send.
    func preflight(_ request: Request) -> Response {
        var headers = HTTPFields()
        allowOrigin(&headers)
        headers[.accessControlAllowMethods] = "POST"
        headers[.accessControlAllowHeaders] = options.allowsInjection
            ? "Authorization, Content-Type, x-strata-inject" : "Authorization, Content-Type"
        headers[.accessControlMaxAge] = "86400"
        return Response(status: .noContent, headers: headers)
    }

    private func allowOrigin(_ headers: inout HTTPFields) {
        if let origin = options.allowedOrigin { headers[.accessControlAllowOrigin] = origin }
    }

    /// The key of an `Authorization` header; the Python client sends keys as they were given, white space included.
    static func key(in header: String?) -> String? {
        guard let header, header.utf8.count > 7, header.prefix(7).lowercased() == "bearer " else { return nil }
        return trimmed(header.dropFirst(7))
    }

    /// Without white space at its ends; nil for nothing.
    static func trimmed(_ key: some StringProtocol) -> String? {
        let rest = key.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace)
        return rest.isEmpty ? nil : String(rest.reversed())
    }

    /// The body of an answer that refuses.
    static func refusal(_ code: APIErrorCode) -> ByteBuffer {
        ByteBuffer(bytes: ResponseFrame(json: Envelope.error(APIError(code)).serialized()).encoded())
    }
}
