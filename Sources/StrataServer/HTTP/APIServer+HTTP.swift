import DecthingsAPI
import HTTPTypes
import Hummingbird
public import HummingbirdCore
import NIOCore

extension APIServer {
    /// Answers an HTTP request below `options.basePath`, or for a path of observation.
    ///
    /// - Returns: 200 for every answered call, errors of the API included; 400 for a broken frame, 404 for an unknown path,
    ///   405 for a wrong verb, 413 for a body above the limits.
    /// - Throws: what ends the connection: the client went away while it sent.
    public func respond(to request: Request) async throws -> Response {
        let path = request.uri.path
        guard path.hasPrefix(options.basePath) else { return try await observe(request) }
        guard mayCall(origin: request.headers[.origin], host: request.head.authority) else {
            return try await refuse(.forbidden, "without keys only programs and pages of this machine may call", request)
        }
        let names = path.dropFirst(options.basePath.count).split(separator: "/", omittingEmptySubsequences: false)
        guard names.count == 3, names[0].isEmpty, !names[1].isEmpty, !names[2].isEmpty else {
            return path == options.basePath + "/ws"
                ? try await refuse(.upgradeRequired, "this path takes WebSocket connections", request)
                : try await refuse(.notFound, "there is nothing at this path; calls go to \(options.basePath)/<Api>/<method>", request)
        }
        switch request.method {
        case .post: return try await call(String(names[1]), String(names[2]), request)
        case .options: return preflight(request)
        default: return try await refuse(.methodNotAllowed, "calls are made with POST", request, [.allow: "POST, OPTIONS"])
        }
    }

    /// Whether a request may come from where it says; with keys it may come from anywhere.
    func mayCall(origin: String?, host: String?) -> Bool {
        options.requiresKey || options.allowsForeignOrigins || OriginRule.allows(origin: origin, host: host)
    }

    private func call(_ api: String, _ method: String, _ request: Request) async throws -> Response {
        let contentLength = request.headers[.contentLength].flatMap { Int($0) }
        let reader = FrameReader(request.body, contentLength: contentLength, limits: options.frameLimits, bytesMax: options.bodyBytesMax)
        if let contentLength, contentLength > options.bodyBytesMax {
            return try await refuse(.contentTooLarge, "the body has \(contentLength) bytes; at most \(options.bodyBytesMax) are taken", reader)
        }
        let key = Self.key(in: request.headers[.authorization])
        do throws(APIError) {
            // Before anything is parsed; again when the call is let in, since its key may be revoked meanwhile.
            _ = try await gate.caller(showing: key)
        } catch {
            return try await refuse(error.code, api, method, makeRequestID(), reader)
        }
        let params: JSONValue
        do {
            params = try JSONValue.parse(try await reader.readHead())
        } catch let error as WireError {
            return try await refuse(error, reader)
        }
        let incoming = IncomingCall(
            api: api, method: method, params: params, blobs: reader, key: key,
            client: ClientKind(userAgent: request.headers[.userAgent]), wantedError: request.headers[Self.injectHeader],
            requestID: makeRequestID(), trace: TraceContext.extracted(from: request.headers))
        let answer = HTTPAnswer()
        // A frame without blobs was read to its end; the rest of any other is the call's until it is over.
        if !reader.isAtEnd { reader.lend() }
        let onEnd = { @Sendable in
            reader.giveBack()
            answer.finish()
        }
        guard start(incoming, answerTo: answer, onEnd: onEnd) else {
            reader.giveBack()
            return try await refuse(.tooManyRequests, api, method, incoming.requestID, reader)
        }
        return try await response(from: answer, incoming.requestID, reader)
    }

    private func response(from answer: HTTPAnswer, _ requestID: String, _ reader: FrameReader) async throws -> Response {
        switch try await answer.next() {
        case .whole(let buffer):
            while reader.isLent, try await answer.next() != nil {}
            return try await whole(buffer, requestID, reader)
        case .begins(let sizeBytes):
            let drain = drainer(reader)
            let body = ResponseBody(contentLength: sizeBytes) { writer in
                do {
                    while case .piece(let buffer)? = try await answer.next() { try await writer.write(buffer) }
                    try await writer.finish(nil)
                } catch {
                    answer.abort()
                    throw error
                }
                try await drain()
            }
            return Response(status: .ok, headers: headers(requestID), body: body)
        case nil, .piece:
            // The call gave up on what the client sent, or on a client that is gone: then nobody reads this.
            return try await refuse(reader.fault ?? WireError(.truncated, "the request ended early"), reader)
        }
    }

    private func refuse(
        _ code: APIErrorCode, _ api: String, _ method: String, _ requestID: String, _ reader: FrameReader
    ) async throws -> Response {
        observer.refused(code, api: api, method: method, requestID: requestID)
        return try await whole(Self.refusal(code), requestID, reader)
    }

    private func whole(_ buffer: ByteBuffer, _ requestID: String, _ reader: FrameReader) async throws -> Response {
        guard !reader.isAtEnd else {
            return Response(status: .ok, headers: headers(requestID), body: ResponseBody(byteBuffer: buffer))
        }
        return draining(.ok, headers(requestID), buffer, reader)
    }

    /// An answer that comes before all of the request was read. What remains is read and thrown away after it, within
    /// bounds, since many clients read only when they have sent everything.
    private func draining(_ status: HTTPResponse.Status, _ headers: HTTPFields, _ buffer: ByteBuffer, _ reader: FrameReader) -> Response {
        let drain = drainer(reader)
        let body = ResponseBody(contentLength: buffer.readableBytes) { writer in
            try await writer.write(buffer)
            try await writer.finish(nil)
            try await drain()
        }
        return Response(status: status, headers: headers, body: body)
    }

    private func drainer(_ reader: FrameReader) -> @Sendable () async throws -> Void {
        { [options] in
            // Only a connection that was given up on comes here before the call is over.
            guard !reader.isLent else { throw CallAborted() }
            guard !reader.isAtEnd else { return }
            if try await !reader.drain(bytesMax: options.drainedBytesMax) { throw BodyTooLong() }
        }
    }

    private struct BodyTooLong: Error {}

    private func refuse(_ error: WireError, _ reader: FrameReader) async throws -> Response {
        try await refuse(error.code == .limitExceeded ? .contentTooLarge : .badRequest, error.message, reader)
    }

    private func refuse(_ status: HTTPResponse.Status, _ sentence: String, _ reader: FrameReader) async throws -> Response {
        draining(status, plainHeaders([:]), ByteBuffer(string: sentence + "\n"), reader)
    }

    private func refuse(
        _ status: HTTPResponse.Status, _ sentence: String, _ request: Request, _ extra: HTTPFields = [:]
    ) async throws -> Response {
        let reader = FrameReader(request.body, contentLength: nil, limits: options.frameLimits, bytesMax: options.bodyBytesMax)
        return draining(status, plainHeaders(extra), ByteBuffer(string: sentence + "\n"), reader)
    }
}
