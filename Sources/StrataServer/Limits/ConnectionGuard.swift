import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Closes an HTTP connection whose client keeps the server waiting: between requests, while it sends a body that the
/// server is ready to take, or while it does not take what was sent to it. The server's own waiting never counts.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private enum Wait { case request, body, reader }

    private let options: ServerOptions
    private var requestsInProgress = 0
    private var isReadingBody = false
    /// The server asked for bytes and none came yet.
    private var isReadPending = false
    /// How long the server has waited for the present body, and how much of it came.
    private var bodyWait: (seconds: Double, bytes: Int, since: NIODeadline?) = (0, 0, nil)
    /// What the server waits for the client to do, and until when.
    private var wait: (what: Wait, until: NIODeadline)?
    private var timer: (task: Scheduled<Void>, at: NIODeadline)?

    init(options: ServerOptions) { self.options = options }

    func handlerAdded(context: ChannelHandlerContext) { update(context) }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.task.cancel()
        timer = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.task.cancel()
        timer = nil
        wait = nil
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        switch part {
        case .head(let head):
            bodyWait = (0, 0, nil)
            requestsInProgress += 1
            isReadingBody = true
            if head.headerFields[.expect]?.lowercased() == "100-continue" {
                context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
            }
        case .body(let buffer):
            guard countBody(buffer.readableBytes) else { return end(context, "body") }
        case .end: isReadingBody = false
        }
        isReadPending = false
        wait = nil
        update(context)
        context.fireChannelRead(data)
    }

    /// - Returns: false for a body that comes too slowly.
    private func countBody(_ bytes: Int) -> Bool {
        if let since = bodyWait.since { bodyWait.seconds += Double((NIODeadline.now() - since).nanoseconds) / 1e9 }
        bodyWait.since = nil
        bodyWait.bytes += bytes
        return bodyWait.seconds <= options.bodyTimeoutSeconds + Double(bodyWait.bytes) / options.bodyBytesPerSecondMin
    }

    private func end(_ context: ChannelHandlerContext, _ reason: String) {
        options.metrics.connectionTimedOut(reason)
        context.close(promise: nil)
    }

    func read(context: ChannelHandlerContext) {
        isReadPending = true
        if isReadingBody, bodyWait.since == nil { bodyWait.since = .now() }
        update(context)
        context.read()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) {
            requestsInProgress -= 1
            wait = nil
        }
        context.write(data, promise: promise)
        update(context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        update(context)
        context.fireChannelWritabilityChanged()
    }

    private func update(_ context: ChannelHandlerContext) {
        let what: Wait? =
            if !context.channel.isWritable {
                .reader
            } else if isReadingBody {
                isReadPending ? .body : nil
            } else {
                requestsInProgress == 0 ? .request : nil
            }
        guard wait?.what != what else { return }
        wait = what.map { ($0, .now() + timeout($0)) }
        guard let wait, wait.until < timer?.at ?? .distantFuture else { return }
        timer?.task.cancel()
        schedule(context, wait.until)
    }

    private func timeout(_ wait: Wait) -> TimeAmount {
        let seconds =
            switch wait {
            case .request: options.idleTimeoutSeconds
            case .body: options.bodyTimeoutSeconds
            case .reader: options.writeTimeoutSeconds
            }
        return .milliseconds(Int64(seconds * 1000))
    }

    /// One timer a connection: it looks when the first wait would end, and goes on if that has moved.
    private func schedule(_ context: ChannelHandlerContext, _ deadline: NIODeadline) {
        let task = context.eventLoop.assumeIsolatedUnsafeUnchecked().scheduleTask(deadline: deadline) {
            self.timer = nil
            guard let wait = self.wait else { return }
            if wait.until > .now() { return self.schedule(context, wait.until) }
            self.end(context, "\(wait.what)")
        }
        timer = (task, deadline)
    }
}

@available(*, unavailable)
extension ConnectionGuard: Sendable {}
