import DecthingsAPI
import Logging
import NIOCore
import NIOWebSocket

/// A WebSocket: takes calls and answers each when it is ready. Calls that run when the client leaves go on, and their
/// answers are dropped.
final class WebSocketConnection: Sendable {
    private let server: APIServer
    private let channel: WebSocketChannel
    private let pending: PendingCalls

    init(server: APIServer, channel: WebSocketChannel) {
        self.server = server
        self.channel = channel
        let limits = server.options.webSocket
        pending = PendingCalls(countMax: limits.runningCallsMax, bytesMax: limits.pendingBytesMax)
    }

    /// Returns when the connection is closed.
    func run() async {
        do {
            try await channel.channel.executeThenClose { inbound, outbound in
                let writer = MessageWriter(outbound)
                channel.goingAway.whenSuccess { [pending] in
                    Task {
                        await pending.none()
                        try? await writer.close(.goingAway)
                    }
                }
                do {
                    try await read(inbound, writer)
                } catch let violation as MessageAssembly.Violation {
                    try? await writer.close(violation.code)
                }
                writer.abort()
            }
        } catch {
            server.options.logger.debug("WebSocket ended: \(error)")
        }
    }

    private func read(_ inbound: NIOAsyncChannelInboundStream<WebSocketFrame>, _ writer: MessageWriter) async throws {
        var assembly = MessageAssembly(bytesMax: server.options.webSocket.messageBytesMax)
        for try await frame in inbound {
            switch frame.opcode {
            case .binary, .text, .continuation:
                if let message = try assembly.take(frame) { try await take(message, writer) }
            case .connectionClose:
                // The close is answered with its own code, as RFC 6455 wants; answers still on their way are dropped.
                let code = frame.unmaskedData.getSlice(at: frame.unmaskedData.readerIndex, length: 2) ?? ByteBuffer()
                try? await writer.control(WebSocketFrame(fin: true, opcode: .connectionClose, data: code))
                return
            case .pong: break
            default: throw MessageAssembly.Violation(code: .protocolError)
            }
        }
    }

    private func take(_ message: ByteBuffer, _ writer: MessageWriter) async throws {
        let bytes = Array(message.readableBytesView)
        guard bytes.count >= 4 else { throw MessageAssembly.Violation(code: .protocolError) }
        let requestID = bytes[..<4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let answer = WebSocketAnswer(requestID: requestID, writer: writer)
        let incoming: IncomingCall
        do throws(WireError) {
            let frame = try WebSocketRequestFrame(decoding: bytes[...], limits: server.options.frameLimits)
            let call = try JSONValue.parse(frame.body.json).decode(WebSocketCall.self)
            incoming = IncomingCall(
                api: call.api, method: call.method, params: call.params ?? .null, blobs: BufferedBlobs(blobs: frame.body.blobs),
                key: call.apiKey.flatMap(APIServer.trimmed), client: ClientKind(userAgent: channel.userAgent),
                requestID: server.makeRequestID())
        } catch {
            return try await answer.begin(.error(APIError(error)), blobSizesBytes: [])
        }
        await pending.begin(bytes: bytes.count)
        let isStarted = server.start(incoming, answerTo: answer) { [pending] in
            await answer.finish()
            pending.end(bytes: bytes.count)
        }
        if !isStarted {
            pending.end(bytes: bytes.count)
            try await answer.begin(.error(APIError(.tooManyRequests)), blobSizesBytes: [])
        }
    }
}
