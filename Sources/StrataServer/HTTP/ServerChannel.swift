import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOSSL
import NIOWebSocket

/// A connection of the server: HTTP, or WebSocket when its first request asks for that. Hummingbird handles HTTP; what it
/// has no bounds for (slow heads, bodies and readers) is `ConnectionGuard`'s.
struct ServerChannel: ServerChildChannel, HTTPChannelHandler {
    struct Value: ServerChildChannelValue {
        let channel: any Channel
        let protocolFuture: EventLoopFuture<ConnectionProtocol>
    }

    enum ConnectionProtocol: Sendable {
        case http(NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>)
        case webSocket(WebSocketChannel)
    }

    let server: APIServer
    let responder: HTTPChannelHandler.Responder
    let tls: NIOSSLContext?

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            server.options.metrics.connectionOpened()
            channel.closeFuture.whenComplete { _ in server.options.metrics.connectionClosed() }
            let pipeline = channel.pipeline.syncOperations
            if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
            let future = try pipeline.configureUpgradableHTTPServerPipeline(configuration: configuration(logger))
            let upgrading = try pipeline.handler(type: NIOTypedHTTPServerUpgradeHandler<ConnectionProtocol>.self)
            try pipeline.addHandler(UpgradeFilter(server: server), position: .before(upgrading))
            try pipeline.addHandler(YoungConnection(), name: YoungConnection.name)
            let deadline = channel.eventLoop.scheduleTask(in: .milliseconds(Int64(server.options.headTimeoutSeconds * 1000))) {
                server.options.metrics.connectionTimedOut("head")
                channel.close(promise: nil)
            }
            future.whenComplete { _ in
                deadline.cancel()
                channel.pipeline.syncOperations.removeHandler(name: YoungConnection.name, promise: nil)
            }
            return Value(channel: channel, protocolFuture: future)
        }
    }

    private func configuration(_ logger: Logger) -> NIOUpgradableHTTPServerPipelineConfiguration<ConnectionProtocol> {
        let upgrader = NIOTypedWebSocketServerUpgrader<ConnectionProtocol>(
            maxFrameSize: min(server.options.webSocket.messageBytesMax, Int(UInt32.max)),
            shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture(HTTPHeaders()) },
            upgradePipelineHandler: { channel, head in
                channel.eventLoop.makeCompletedFuture {
                    .webSocket(try WebSocketChannel(wrapping: channel, head: head, options: server.options))
                }
            })
        var configuration = NIOUpgradableHTTPServerPipelineConfiguration<ConnectionProtocol>(
            upgradeConfiguration: .init(
                upgraders: [upgrader],
                notUpgradingCompletionHandler: { channel in
                    channel.eventLoop.makeCompletedFuture { .http(try addHTTP(to: channel, logger)) }
                }))
        // NIOAsyncChannel keeps pipelined requests in order; Hummingbird answers protocol errors.
        configuration.enablePipelining = false
        configuration.enableErrorHandling = false
        configuration.enableResponseHeaderValidation = false
        configuration.decoderConfiguration.maxHeaderFieldSize = 16 << 10
        configuration.decoderConfiguration.maxHeaderListSize = 64 << 10
        configuration.decoderConfiguration.maxHeaderFieldCount = 100
        return configuration
    }

    private func addHTTP(
        to channel: any Channel, _ logger: Logger
    ) throws -> NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart> {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: tls != nil))
        try pipeline.addHandler(ConnectionGuard(options: server.options))
        try pipeline.addHandler(HTTPConnectionStateHandler(logger: logger))
        return try NIOAsyncChannel(
            wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
    }

    func handle(value: Value, logger: Logger) async {
        do {
            switch try await value.protocolFuture.get() {
            case .http(let channel): await handleHTTP(asyncChannel: channel, logger: logger)
            case .webSocket(let channel): await WebSocketConnection(server: server, channel: channel).run()
            }
        } catch {
            // The client left, was too slow, or did not speak HTTP, before its first request.
            logger.trace("connection ended before its first request: \(error)")
            value.channel.close(promise: nil)
        }
    }
}
