public import DecthingsAPI
public import Logging

/// How an `APIServer` behaves; every value has a default that fits a machine of a developer.
public struct ServerOptions: Sendable {
    /// Where calls are served, without a slash at the end: `/v0/<Api>/<method>` and `/v0/ws`.
    public var basePath = "/v0"
    /// Whether calls must show a key of the store. Without, every caller may do everything: only for loopback.
    public var requiresKey = true

    // Bounds of what one request may be.
    /// Lengths in a request frame; above them the answer is 413.
    public var frameLimits = FrameLimits()
    /// Most bytes of an HTTP body.
    public var bodyBytesMax = 64 << 30
    /// Most bytes of a body that are read and thrown away after an early answer, before the connection is closed instead.
    public var drainedBytesMax = 4 << 30

    // Bounds of what all requests together may be.
    /// Calls that run at once; further ones are answered `too_many_requests`.
    public var runningCallsMax = 1024
    /// Open connections; further ones wait in the system's queue.
    public var connectionsMax = 20_000
    /// Requests a second and the burst above it, of all callers together; nil is no bound.
    public var requestRate: RequestRate?
    /// Most bytes that all states of the store may take, as given by clients; nil is no bound.
    public var storeQuota = StorageQuota()

    // How long the server waits.
    /// For the head of a connection's first request, TLS included.
    public var headTimeoutSeconds: Double = 30
    /// For the next request on an open connection.
    public var idleTimeoutSeconds: Double = 300
    /// For further bytes of a request that the server is ready to take.
    public var bodyTimeoutSeconds: Double = 60
    /// Fewer bytes of a body a second than this, while the server is ready to take them, end the connection once
    /// `bodyTimeoutSeconds` have passed.
    public var bodyBytesPerSecondMin: Double = 500
    /// For a client to take what was sent to it, as long as nothing more fits.
    public var writeTimeoutSeconds: Double = 60

    public var webSocket = WebSocketLimits()

    /// What browsers are told in `Access-Control-Allow-Origin`; nil leaves CORS out.
    public var allowedOrigin: String? = "*"
    /// Without keys: whether pages from other machines may call, and names other than this machine's may lead here. Any page
    /// that is opened in a browser on this machine could then run code through the server.
    public var allowsForeignOrigins = false
    /// Whether `x-strata-inject: <code>` makes a call fail with that code. For tests of clients only.
    public var allowsInjection = false
    /// Errors that are answered at random, for tests of clients.
    public var injections: [Injection] = []
    /// Asked before each call is dispatched; false is answered `payment_required`. Must be quick.
    public var budget: (@Sendable (_ keyID: String?, _ method: APIMethod) async -> Bool)?
    /// Where calls are counted; shown at `/metrics`.
    public var metrics = ServerMetrics()
    /// Whether `/metrics`, `/healthz` and `/readyz` are answered.
    public var servesObservation = true
    public var logger = Logger(label: "strata.server")

    public init() {}
}

/// How many requests may come: `perSecond` on average, `burst` at once.
public struct RequestRate: Sendable, Hashable, Codable {
    public var perSecond: Double
    public var burst: Double

    /// - Precondition: both are above 0.
    public init(perSecond: Double, burst: Double? = nil) {
        precondition(perSecond > 0 && (burst ?? 1) > 0, "a rate is above 0")
        self.perSecond = perSecond
        self.burst = burst ?? max(1, perSecond)
    }
}

/// What may be kept; nil is no bound.
public struct StorageQuota: Sendable, Hashable, Codable {
    /// Bytes of states, entries of datasets and files of models as clients gave them, before equal and similar chunks are saved.
    public var bytesMax: Int?
    public var statesMax: Int?
    public var modelsMax: Int?

    public init(bytesMax: Int? = nil, statesMax: Int? = nil, modelsMax: Int? = nil) {
        self.bytesMax = bytesMax
        self.statesMax = statesMax
        self.modelsMax = modelsMax
    }
}

/// Bounds of WebSocket connections.
public struct WebSocketLimits: Sendable {
    /// Most bytes of one message from a client; the connection is closed with 1009 above it.
    public var messageBytesMax = 64 << 20
    /// Calls of one connection that run at once; the server reads no further while as many do.
    public var runningCallsMax = 32
    /// Bytes of messages whose calls run; no further message is read above it.
    public var pendingBytesMax = 128 << 20
    /// A client that was silent so long is sent a ping, which every WebSocket library answers by itself (RFC 6455, section 5.5.2).
    public var pingSeconds: Double = 60
    /// A client that was pinged and stayed silent so long loses its connection.
    public var pongTimeoutSeconds: Double = 60
    /// From the first byte of a message to its last, while the server is ready to take more.
    public var messageTimeoutSeconds: Double = 300

    public init() {}
}
