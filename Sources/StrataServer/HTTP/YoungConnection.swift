import NIOCore
import NIOHTTP1

/// Stands at the end of a connection that has not asked for anything yet: answers what is no HTTP, and closes it when the
/// server stops.
final class YoungConnection: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart
    static let name = "strata.young"

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is HTTPParserError else { return context.close(promise: nil) }
        let head = HTTPResponseHead(version: .http1_1, status: .badRequest, headers: ["Connection": "close", "Content-Length": "0"])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { _ in context.close(promise: nil) }
    }
}

/// Lets only requests for a WebSocket that may be had become one. Others are answered as what else they are, and end the
/// connection, since the HTTP parser stops at a request for an upgrade.
final class UpgradeFilter: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    private let server: APIServer
    private var hasSeenHead = false

    init(server: APIServer) { self.server = server }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // What comes behind the first head is none of its business, and may be no HTTP.
        guard !hasSeenHead else { return context.fireChannelRead(data) }
        hasSeenHead = true
        guard case .head(var head) = unwrapInboundIn(data), head.headers.contains(name: "upgrade"), !mayUpgrade(head) else {
            return context.fireChannelRead(data)
        }
        head.headers.remove(name: "upgrade")
        head.headers.replaceOrAdd(name: "connection", value: "close")
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    private func mayUpgrade(_ head: HTTPRequestHead) -> Bool {
        let headers = head.headers
        return head.uri.prefix { $0 != "?" } == server.options.basePath + "/ws"
            && headers[canonicalForm: "upgrade"].contains { $0.lowercased() == "websocket" }
            && headers.first(name: "sec-websocket-version") == "13" && headers["sec-websocket-key"].count == 1
            && server.mayCall(origin: headers.first(name: "origin"), host: headers.first(name: "host"))
    }
}

@available(*, unavailable)
extension UpgradeFilter: Sendable {}
