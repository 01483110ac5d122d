import NIOCore
import NIOWebSocket

/// When a WebSocket's client last sent something, and since when a message of it is unfinished. Used on the channel's event loop.
final class WebSocketSilence {
    fileprivate var lastArrival = NIODeadline.now()
    fileprivate var messageBegan: NIODeadline?
    /// A pause of the server's own reading, which is not the client's silence, ended then.
    fileprivate var readingSince: NIODeadline? = .now()
    fileprivate var isPinged = false
    private var pausedSince: NIODeadline?

    /// The server has something to do before it reads on.
    fileprivate func pause() {
        readingSince = nil
        pausedSince = .now()
    }

    /// The server reads on: its pause counts against no message.
    fileprivate func resume() {
        guard readingSince == nil else { return }
        let now = NIODeadline.now()
        if let began = messageBegan, let pausedSince { messageBegan = began + (now - max(pausedSince, began)) }
        readingSince = now
        pausedSince = nil
    }

    fileprivate func bytesCame() {
        lastArrival = .now()
        isPinged = false
        if messageBegan == nil { messageBegan = lastArrival }
    }

    /// Since when the server waits for the client.
    fileprivate var waitingSince: NIODeadline? { readingSince.map { max($0, lastArrival) } }
}

/// Sees bytes before they are a frame: NIO keeps back what is not whole.
final class ArrivalWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let silence: WebSocketSilence

    init(_ silence: WebSocketSilence) { self.silence = silence }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        silence.bytesCame()
        context.fireChannelRead(data)
    }
}

/// Tells when the server stops, and closes a connection whose client is gone, sends a message without end, or does not take
/// what was sent. The server's own waiting never counts.
final class WebSocketGuard: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = WebSocketFrame
    typealias OutboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private var promise: EventLoopPromise<Void>?
    private let silence: WebSocketSilence
    private let options: ServerOptions
    private var isFragmented = false
    private var writeTimer: Scheduled<Void>?
    private var watch: Scheduled<Void>?

    init(promise: EventLoopPromise<Void>, silence: WebSocketSilence, options: ServerOptions) {
        self.promise = promise
        self.silence = silence
        self.options = options
    }

    func handlerAdded(context: ChannelHandlerContext) { lookLater(context) }

    private func lookLater(_ context: ChannelHandlerContext) {
        let seconds = min(options.webSocket.pingSeconds, options.webSocket.messageTimeoutSeconds) / 4
        let pause = TimeAmount.milliseconds(Int64(max(seconds, 0.01) * 1000))
        watch = context.eventLoop.assumeIsolatedUnsafeUnchecked().scheduleTask(in: pause) {
            self.lookLater(context)
            self.look(context)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent {
            promise?.succeed()
            promise = nil
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        if [.binary, .text, .continuation].contains(frame.opcode) { isFragmented = !frame.fin }
        if !isFragmented { silence.messageBegan = nil }
        silence.pause()
        // Answered here, also while the connection takes no further call: clients end one whose pings are not answered.
        if frame.opcode == .ping {
            context.writeAndFlush(wrapOutboundOut(WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData)), promise: nil)
        } else {
            context.fireChannelRead(data)
        }
    }

    func read(context: ChannelHandlerContext) {
        silence.resume()
        context.read()
    }

    private func look(_ context: ChannelHandlerContext) {
        guard let since = silence.waitingSince else { return }
        let limits = options.webSocket
        if let began = silence.messageBegan, Self.seconds(since: began) > limits.messageTimeoutSeconds { return end(context, "message") }
        let silent = Self.seconds(since: since)
        if silent > limits.pingSeconds + limits.pongTimeoutSeconds { return end(context, "silence") }
        if silent > limits.pingSeconds, !silence.isPinged {
            silence.isPinged = true
            context.writeAndFlush(wrapOutboundOut(WebSocketFrame(fin: true, opcode: .ping, data: ByteBuffer())), promise: nil)
        }
    }

    private static func seconds(since deadline: NIODeadline) -> Double {
        Double((NIODeadline.now() - deadline).nanoseconds) / 1e9
    }

    private func end(_ context: ChannelHandlerContext, _ reason: String) {
        options.metrics.connectionTimedOut(reason)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        stop()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { stop() }

    private func stop() {
        promise?.fail(ChannelError.ioOnClosedChannel)
        promise = nil
        writeTimer?.cancel()
        writeTimer = nil
        watch?.cancel()
        watch = nil
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        writeTimer?.cancel()
        writeTimer = nil
        if !context.channel.isWritable {
            let timeout = TimeAmount.milliseconds(Int64(options.writeTimeoutSeconds * 1000))
            writeTimer = context.eventLoop.assumeIsolatedUnsafeUnchecked().scheduleTask(in: timeout) { self.end(context, "reader") }
        }
        context.fireChannelWritabilityChanged()
    }
}

@available(*, unavailable)
extension WebSocketGuard: Sendable {}

@available(*, unavailable)
extension ArrivalWatch: Sendable {}
