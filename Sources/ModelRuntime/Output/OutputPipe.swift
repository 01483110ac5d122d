import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// A pipe for one output of a process: always drained, so that the process never waits for it, and kept within bounds.
final class OutputPipe: Sendable {
    private let capture: Capture
    private let channel: any Channel
    private let writingEnd: Mutex<Int32?>

    /// Makes a pipe. Close it whatever happens afterwards.
    static func open(partSizeBytesMax: Int) async throws -> OutputPipe {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw IOError(errnoCode: errno, reason: "pipe") }
        // A program that another thread starts just now may inherit the ends; that delays the end of the output only.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let capture = Capture(partSizeBytesMax: partSizeBytesMax)
        do {
            let channel = try await NIOPipeBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 64 << 10))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(CaptureHandler(capture))
                    }
                }
                .takingOwnershipOfDescriptor(input: ends[0])
                .get()
            return OutputPipe(capture, channel, writingEnd: ends[1])
        } catch {
            Glibc.close(ends[0])
            Glibc.close(ends[1])
            throw error
        }
    }

    private init(_ capture: Capture, _ channel: any Channel, writingEnd: Int32) {
        self.capture = capture
        self.channel = channel
        self.writingEnd = Mutex(writingEnd)
    }

    /// What was written until now.
    var output: CapturedOutput { capture.output.withLock { $0 } }

    /// Calls `body` with the end that the process gets, then closes the host's own copy of it.
    func withWritingEnd<R>(_ body: (Int32) throws -> R) throws -> R {
        defer { closeWritingEnd() }
        guard let descriptor = writingEnd.withLock({ $0 }) else { throw ChannelError.alreadyClosed }
        return try body(descriptor)
    }

    /// Forgets what was written until now.
    func forget() { capture.output.withLock { $0 = CapturedOutput(partSizeBytesMax: $0.partSizeBytesMax) } }

    /// Waits until what was written before is read: the event loop looks at the pipe between two of its rounds.
    func settle() async {
        for _ in 0..<2 { try? await channel.eventLoop.submit {}.get() }
    }

    /// Waits until every writer has closed the pipe and all was read, at most as long as `limit`.
    func drain(within limit: Duration) async {
        let closed = OneShot<Void>()
        channel.closeFuture.whenComplete { _ in closed.fulfil(.success(())) }
        _ = try? await closed.value(within: limit)
    }

    /// Closes both ends; a writer that is left gets SIGPIPE.
    func close() async {
        closeWritingEnd()
        // A channel that has reached its end is closed already.
        try? await channel.close()
    }

    private func closeWritingEnd() {
        writingEnd.withLock { descriptor in
            if let open = descriptor { Glibc.close(open) }
            descriptor = nil
        }
    }
}

private final class Capture: Sendable {
    let output: Mutex<CapturedOutput>
    init(partSizeBytesMax: Int) { output = Mutex(CapturedOutput(partSizeBytesMax: partSizeBytesMax)) }
}

private final class CaptureHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let capture: Capture

    init(_ capture: Capture) { self.capture = capture }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        capture.output.withLock { $0.append(bytes.readableBytesView) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
