import Logging
import NIOCore
import NIOPosix
import Synchronization

/// The host's end of one model process's socket: listens, admits exactly one connection, writes and reads.
final class RuntimeConnection: Sendable {
    /// The process ended or closed its socket before, or while, it was written to.
    struct Ended: Error {}

    let inbound: InboundBytes
    private let connected = OneShot<any Channel>()
    private let listener = Mutex<(any Channel)?>(nil)
    private let isAdmitted = Mutex(false)
    private let logger: Logger

    /// Bytes of one read of the socket: above the usual size of a Unix socket's buffer, so that one read empties it.
    static let readSizeBytes = 256 << 10

    private init(loop: any EventLoop, logger: Logger) {
        inbound = InboundBytes(loop: loop)
        self.logger = logger
    }

    /// Binds `path` and listens. Close the connection whatever happens afterwards.
    static func listen(at path: String, logger: Logger) async throws -> RuntimeConnection {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let connection = RuntimeConnection(loop: loop, logger: logger)
        let listener = try await ServerBootstrap(group: loop)
            .serverChannelOption(.backlog, value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: readSizeBytes))
            .childChannelInitializer { channel in connection.admit(channel) }
            .bind(unixDomainSocketPath: path)
            .get()
        connection.listener.withLock { $0 = listener }
        return connection
    }

    /// True once the process has connected, also after the connection has ended.
    var hasConnected: Bool { (try? connected.result?.get()) != nil }

    /// Writes all of `bytes`; returns when the kernel has taken them. Cancelling ends the waiting: they go out all the same.
    ///
    /// For `OutboundFrames` alone, which keeps frames apart.
    /// - Throws: `Ended`, or `CancellationError`.
    func write(_ bytes: ByteBuffer) async throws {
        let channel = try await connected.value()
        let written = OneShot<Void>()
        channel.writeAndFlush(bytes).whenComplete { [logger] result in
            written.fulfil(result.mapError { error in
                logger.debug("writing to the model process failed", metadata: ["error": "\(error)"])
                return Ended()
            })
        }
        try await written.value()
    }

    /// Tells that the process is gone, so that the stream ends even when a child of it holds the socket.
    func processHasExited() { inbound.processHasExited { self.ended() } }

    /// Closes every descriptor; reads and writes end.
    func close() async {
        let listener = listener.withLock { listener in
            defer { listener = nil }
            return listener
        }
        // A channel that is closed already fails to close again: nothing is left to do then.
        try? await listener?.close()
        if case .success(let channel)? = connected.result { try? await channel.close() }
        ended()
    }

    fileprivate func ended() {
        inbound.end()
        connected.fulfil(.failure(Ended()))
    }

    fileprivate func isActive(_ channel: any Channel) {
        connected.fulfil(.success(channel))
        inbound.begin(channel)
    }

    private func admit(_ channel: any Channel) -> EventLoopFuture<Void> {
        let isFirst = isAdmitted.withLock { isAdmitted in
            defer { isAdmitted = true }
            return !isAdmitted
        }
        guard isFirst else {
            logger.debug("a second connection to a model's socket was refused")
            return channel.eventLoop.makeFailedFuture(Ended())
        }
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(SocketHandler(self, logger: logger))
        }
    }
}

/// Passes what happens on the socket to the connection.
private final class SocketHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let connection: RuntimeConnection
    private let logger: Logger

    init(_ connection: RuntimeConnection, logger: Logger) {
        self.connection = connection
        self.logger = logger
    }

    func channelActive(context: ChannelHandlerContext) { connection.isActive(context.channel) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        connection.inbound.received(unwrapInboundIn(data))
    }

    func channelInactive(context: ChannelHandlerContext) { connection.ended() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        logger.debug("a model's socket failed", metadata: ["error": "\(error)"])
        context.close(promise: nil)
    }
}
