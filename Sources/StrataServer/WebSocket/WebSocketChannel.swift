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
        try pipeline.addHandler(WebSocketGuard(promise: promise, writeTimeoutSeconds: options.writeTimeoutSeconds))
        self.channel = try NIOAsyncChannel(wrappingChannelSynchronously: channel)
    }
}

/// Tells when the server stops, and closes a connection whose client does not take what was sent.
private final class WebSocketGuard: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = WebSocketFrame
    typealias OutboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private var promise: EventLoopPromise<Void>?
    private let writeTimeout: TimeAmount
    private var timer: Scheduled<Void>?

    init(promise: EventLoopPromise<Void>, writeTimeoutSeconds: Double) {
        self.promise = promise
        writeTimeout = .milliseconds(Int64(writeTimeoutSeconds * 1000))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent {
            promise?.succeed()
            promise = nil
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise?.fail(ChannelError.ioOnClosedChannel)
        promise = nil
        timer?.cancel()
        timer = nil
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        promise?.fail(ChannelError.ioOnClosedChannel)
        promise = nil
        timer?.cancel()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
        if !context.channel.isWritable {
            timer = context.eventLoop.assumeIsolatedUnsafeUnchecked().scheduleTask(in: writeTimeout) {
                context.close(promise: nil)
            }
        }
        context.fireChannelWritabilityChanged()
    }
}
