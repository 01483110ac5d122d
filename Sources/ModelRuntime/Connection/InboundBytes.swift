import NIOCore
import Synchronization

/// The bytes that a model process sends, read from its socket only as fast as they are taken.
///
/// At most one buffer is kept beside the one in hand; while it waits there the socket is not read, and the process
/// feels it. Only at the end of the stream may more arrive at once: what the kernel's socket buffer still holds.
final class InboundBytes: Sendable {
    fileprivate struct State {
        var channel: (any Channel)?
        var buffers: [ByteBuffer] = []
        var waiter: CheckedContinuation<ByteBuffer?, any Error>?
        var isReading = false
        var hasEnded = false
        var arrivals = 0
        var bytesAfterExit = 0
        var isProcessGone = false
    }

    /// Most bytes to take after the process has exited: more than a socket's buffer can hold. Whatever follows comes
    /// from a child that kept the socket.
    static let bytesAfterExitMax = 8 << 20

    private let loop: any EventLoop
    private let state = Mutex(State())

    init(loop: any EventLoop) { self.loop = loop }

    /// The next bytes, nil at the end of the stream. One caller at a time.
    func read() async throws -> ByteBuffer? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let (result, channel) = state.withLock { $0.take(continuation) }
                if let result { continuation.resume(with: result) }
                channel?.read()
            }
        } onCancel: {
            state.withLock { state in
                defer { state.waiter = nil }
                return state.waiter
            }?.resume(throwing: CancellationError())
        }
    }

    func begin(_ channel: any Channel) {
        state.withLock { state in
            state.channel = channel
            state.isReading = true
        }
        channel.read()
    }

    func received(_ buffer: ByteBuffer) {
        typealias Step = (CheckedContinuation<ByteBuffer?, any Error>?, (any Channel)?)
        let (waiter, channel) = state.withLock { state -> Step in
            state.isReading = false
            state.arrivals += 1
            if state.isProcessGone { state.bytesAfterExit += buffer.readableBytes }
            guard let waiter = state.waiter else {
                state.buffers.append(buffer)
                return (nil, nil)
            }
            state.waiter = nil
            return (waiter, state.readAhead())
        }
        waiter?.resume(returning: buffer)
        channel?.read()
    }

    /// The stream has ended; what was received before can still be read.
    func end() {
        state.withLock { state in
            state.hasEnded = true
            state.channel = nil
            defer { state.waiter = nil }
            return state.waiter
        }?.resume(returning: nil)
    }

    /// The process is gone: what it sent can still be read, then `whenDrained` is called, even when a child holds the
    /// socket open or the process never connected.
    func processHasExited(whenDrained: @escaping @Sendable () -> Void) {
        state.withLock { $0.isProcessGone = true }
        checkDrained(seen: nil, whenDrained)
    }

    /// Drained means: at two checks a read was outstanding and nothing came between. The checks run on the socket's own
    /// event loop, which looks at the socket between them, so bytes that had been sent would have come.
    private func checkDrained(seen: Int?, _ whenDrained: @escaping @Sendable () -> Void) {
        loop.scheduleTask(in: .milliseconds(10)) { [weak self] in
            guard let self else { return }
            let (isOver, idleSince) = state.withLock { state -> (Bool, Int?) in
                if state.hasEnded || state.bytesAfterExit > Self.bytesAfterExitMax { return (true, nil) }
                let isIdle = state.buffers.isEmpty && (state.isReading || state.channel == nil)
                return (isIdle && seen == state.arrivals, isIdle ? state.arrivals : nil)
            }
            if isOver { whenDrained() } else { checkDrained(seen: idleSince, whenDrained) }
        }
    }
}

extension InboundBytes.State {
    fileprivate mutating func take(
        _ continuation: CheckedContinuation<ByteBuffer?, any Error>
    ) -> (Result<ByteBuffer?, any Error>?, (any Channel)?) {
        if Task.isCancelled { return (.failure(CancellationError()), nil) }
        if !buffers.isEmpty {
            let first = buffers.removeFirst()
            return (.success(first), buffers.isEmpty ? readAhead() : nil)
        }
        if hasEnded { return (.success(nil), nil) }
        precondition(waiter == nil, "one reader at a time")
        waiter = continuation
        return (nil, nil)
    }

    /// The channel to read from, if a read should be started.
    fileprivate mutating func readAhead() -> (any Channel)? {
        guard !isReading, !hasEnded, let channel else { return nil }
        isReading = true
        return channel
    }
}
