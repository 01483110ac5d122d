import DecthingsAPI

/// One call of a client: its JSON is here, its blobs may still be on their way.
struct Call: Sendable {
    let method: APIMethod
    /// An object; `null` was made `{}`.
    let params: JSONValue
    let blobs: any RequestBlobs
    let caller: Caller
    let client: ClientKind
    /// Names the call in the log.
    let requestID: String
    /// What is held of quotas for the call; nil where nothing bounds it.
    var hold: QuotaHold?
    /// How its run fails on purpose, for tests of clients.
    var injected: RunFailure.Code?

    /// The params as `type`.
    ///
    /// - Throws: `invalid_parameter` with the field at fault.
    func params<Params: Decodable>(as type: Params.Type) throws(APIError) -> Params {
        do throws(WireError) {
            return try params.decode(type)
        } catch {
            throw APIError(error)
        }
    }
}

/// Which client speaks, by `User-Agent` (spec: wire.md section 2): some answers differ.
enum ClientKind: Sendable, Hashable {
    /// The synchronous Python client, `python-requests/…`.
    case pythonRequests
    /// The asynchronous Python client, `Python/… aiohttp/…`.
    case pythonAsync
    /// Any other that names itself, such as JavaScript.
    case named
    /// No `User-Agent`: the Rust client.
    case unnamed

    init(userAgent: String?) {
        switch userAgent {
        case nil, "": self = .unnamed
        case let name? where name.hasPrefix("python-requests"): self = .pythonRequests
        case let name? where name.contains("aiohttp"): self = .pythonAsync
        default: self = .named
        }
    }

    /// How the client reads images, audio and video.
    var mediaLayout: MediaLayout {
        switch self {
        case .pythonRequests, .pythonAsync: .threeByteFormat
        case .named, .unnamed: .lengthPrefixedFormat
        }
    }
}
