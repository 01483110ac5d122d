import DecthingsAPI
import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Testing

/// A connection that sends what it is told to, byte for byte. Used by one task.
final class ClientSocket {
    struct Response {
        let status: Int
        let headers: [String: String]
        let body: [UInt8]

        func answer() throws -> TestServer.Answer {
            #expect(status == 200, "\(String(decoding: body, as: UTF8.self))")
            #expect(headers["content-type"] == "application/octet-stream")
            let frame = try ResponseFrame(decoding: body[...])
            return TestServer.Answer(envelope: try Envelope(decoding: frame.json), blobs: frame.blobs.map(Array.init))
        }
    }

    struct Closed: Error {}

    let channel: any Channel
    private let isSlow: Bool
    private let stream: AsyncStream<[UInt8]>
    private var iterator: AsyncStream<[UInt8]>.AsyncIterator
    private(set) var buffered: [UInt8] = []

    private init(_ channel: any Channel, _ stream: AsyncStream<[UInt8]>, isSlow: Bool) {
        self.channel = channel
        self.isSlow = isSlow
        self.stream = stream
        iterator = stream.makeAsyncIterator()
    }

    /// - Parameter receiveBytes: a small number makes a client whose system takes little ahead.
    static func connect(port: Int, tls: NIOSSLContext? = nil, receiveBytes: Int? = nil) async throws -> ClientSocket {
        let (stream, continuation) = AsyncStream.makeStream(of: [UInt8].self)
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: tls, serverHostname: "localhost")) }
                try channel.pipeline.syncOperations.addHandler(Receiver(continuation))
            }
        }
        if let receiveBytes {
            bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: .init(receiveBytes)).channelOption(.autoRead, value: false)
        }
        return ClientSocket(try await bootstrap.connect(host: "127.0.0.1", port: port).get(), stream, isSlow: receiveBytes != nil)
    }

    func send(_ bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    }

    func close() { channel.close(promise: nil) }

    /// Waits for further bytes; false when the server has closed the connection.
    func more() async -> Bool {
        if isSlow { channel.read() }
        guard let bytes = await iterator.next() else { return false }
        buffered += bytes
        return true
    }

    func take(_ count: Int) async throws -> [UInt8] {
        while buffered.count < count {
            guard await more() else { throw Closed() }
        }
        defer { buffered.removeFirst(count) }
        return Array(buffered.prefix(count))
    }

    func head() async throws -> (status: Int, headers: [String: String]) {
        while true {
            if let end = buffered.firstRange(of: Array("\r\n\r\n".utf8)) {
                let lines = String(decoding: buffered[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
                buffered.removeFirst(end.upperBound)
                let headers = lines.dropFirst().compactMap { line -> (String, String)? in
                    guard let colon = line.firstIndex(of: ":") else { return nil }
                    return (line[..<colon].lowercased(), line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces))
                }
                let status = try #require(Int(lines[0].split(separator: " ")[1]))
                return (status, Dictionary(headers, uniquingKeysWith: { "\($0),\($1)" }))
            }
            guard await more() else { throw Closed() }
        }
    }

    func response() async throws -> Response {
        var (status, headers) = try await head()
        while status == 100 { (status, headers) = try await head() }
        return Response(status: status, headers: headers, body: try await take(Int(headers["content-length"] ?? "0") ?? 0))
    }

    /// Waits until the server closes the connection.
    func waitForClose() async { while await more() {} }
}

private final class Receiver: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let continuation: AsyncStream<[UInt8]>.Continuation

    init(_ continuation: AsyncStream<[UInt8]>.Continuation) { self.continuation = continuation }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        continuation.yield(Array(unwrapInboundIn(data).readableBytesView))
    }

    func channelInactive(context: ChannelHandlerContext) { continuation.finish() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        continuation.finish()
        context.close(promise: nil)
    }
}
