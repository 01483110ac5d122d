import NIOCore
import NIOHTTP1
import NIOWebSocket

/// A connection that has become a WebSocket.
struct WebSocketChannel: Sendable {
    let channel: NIOAsyncChannel<WebSocketFrame, WebSocketFrame>
    let userAgent: String?
    /// Fires when the server stops.
    let goingAway: EventLoopFuture<Void>

    /// - Precondition: on the channel's event loop.
    init(wrapping channel: any Channel, head: HTTPRequestHead, options: ServerOptions) throws {
        let promise = channel.eventLoop.makePromise(of: Void.self)
        goingAway = promise.futureResult
        userAgent = head.headers.first(name: "user-agent")
        let pipeline = channel.pipeline.syncOperations
        let silence = WebSocketSilence()
        try pipeline.addHandler(ArrivalWatch(silence), position: .first)
        try pipeline.addHandler(WebSocketGuard(promise: promise, silence: silence, options: options))
        // Each message that waits here may be as large as one may be.
        self.channel = try NIOAsyncChannel(
            wrappingChannelSynchronously: channel, configuration: .init(backPressureStrategy: .init(lowWatermark: 1, highWatermark: 4)))
    }
}
