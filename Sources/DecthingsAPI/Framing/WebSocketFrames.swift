/// A call on the WebSocket: u32 request id, then the layout of `RequestFrame` around the JSON of a `WebSocketCall`.
public struct WebSocketRequestFrame: Sendable, Hashable {
    /// Counts up from 0 on each connection; the response carries it back.
    public var requestID: UInt32
    public var body: RequestFrame

    public init(requestID: UInt32, body: RequestFrame) {
        self.requestID = requestID
        self.body = body
    }

    /// Decodes one message without copying.
    ///
    /// - Throws: as `RequestFrame.init(decoding:limits:)`; byte offsets after the id count from the end of the id.
    public init(decoding bytes: ArraySlice<UInt8>, limits: FrameLimits = FrameLimits()) throws(WireError) {
        var reader = ByteReader(bytes)
        requestID = try reader.bigEndian("the request id")
        body = try RequestFrame(decoding: bytes.dropFirst(4), limits: limits)
    }

    public func encoded() -> [UInt8] {
        var out: [UInt8] = []
        out.appendBigEndian(requestID)
        body.append(to: &out)
        return out
    }
}

/// The JSON of a call on the WebSocket.
public struct WebSocketCall: Sendable, Hashable, Codable {
    public var api: String
    public var method: String
    /// Null and absent both mean `{}`.
    public var params: JSONValue?
    /// Absent or null when the client has no key.
    public var apiKey: String?

    public init(api: String, method: String, params: JSONValue? = nil, apiKey: String? = nil) {
        self.api = api
        self.method = method
        self.params = params
        self.apiKey = apiKey
    }
}

/// What a server sends on the WebSocket: a response (`00`) or an event (`01`).
public enum WebSocketServerFrame: Sendable, Hashable {
    case response(requestID: UInt32, ResponseFrame)
    /// `api` is the API that the event belongs to, at most 255 bytes of UTF-8; it is not in the JSON.
    case event(api: String, ResponseFrame)

    /// An event with its JSON `{"event", "params"}`.
    public static func event(
        api: String, name: String, params: JSONValue, blobs: [ArraySlice<UInt8>] = []
    ) -> WebSocketServerFrame {
        let json = JSONValue.object(["event": .string(name), "params": params])
        return .event(api: api, ResponseFrame(json: json.serialized(), blobs: blobs))
    }

    /// Decodes one message without copying blobs.
    ///
    /// - Throws: `.truncated`, `.limitExceeded`, or `.invalidValue` for an unknown kind or a name that is not UTF-8.
    public init(
        decoding bytes: ArraySlice<UInt8>, limits: FrameLimits = FrameLimits(blobCountMax: 1 << 20)
    ) throws(WireError) {
        var reader = ByteReader(bytes)
        switch try reader.byte("the message kind") {
        case 0:
            let requestID: UInt32 = try reader.bigEndian("the request id")
            self = .response(requestID: requestID, try ResponseFrame(reading: &reader, limits: limits))
        case 1:
            let nameSize = Int(try reader.byte("the length of the API name"))
            let name = try reader.take(nameSize, "the API name")
            guard let api = String(validating: name, as: UTF8.self) else {
                throw WireError(.invalidValue, "the API name of an event must be UTF-8", byteOffset: 2)
            }
            self = .event(api: api, try ResponseFrame(reading: &reader, limits: limits))
        case let kind:
            throw WireError(.invalidValue, "the message kind must be 0 or 1, not \(kind)", byteOffset: 0)
        }
    }

    /// - Precondition: the API name of an event has at most 255 bytes.
    public func encoded() -> [UInt8] {
        switch self {
        case .response(let requestID, let body):
            var out = Self.encodedResponsePrefix(requestID: requestID)
            body.append(to: &out)
            return out
        case .event(let api, let body):
            precondition(api.utf8.count <= 255, "the API name of an event is counted in one byte")
            var out: [UInt8] = [1, UInt8(api.utf8.count)]
            out.append(contentsOf: api.utf8)
            body.append(to: &out)
            return out
        }
    }

    /// What precedes the response body (`ResponseFrame.encodedHead` and its blobs) of a streamed response.
    public static func encodedResponsePrefix(requestID: UInt32) -> [UInt8] {
        var out: [UInt8] = [0]
        out.appendBigEndian(requestID)
        return out
    }
}
