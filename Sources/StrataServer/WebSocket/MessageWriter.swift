import NIOCore
import NIOWebSocket
import Synchronization

/// Writes messages to a WebSocket, each whole before the next begins; control frames go in between.
///
/// A call that is slow to provide its bytes holds up the others only while its own message is open.
final class MessageWriter: Sendable {
    private struct State {
        var isTaken = false
        var isAborted = false
        var waiting: [CheckedContinuation<Bool, Never>] = []
    }

    private let outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>
    private let state = Mutex(State())

    init(_ outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>) { self.outbound = outbound }

    /// Waits for its turn; each taker calls `release` once.
    ///
    /// - Throws: `CallAborted` when the connection is gone.
    func take() async throws(CallAborted) {
        let isTaken = await withCheckedContinuation { continuation in
            let known: Bool? = state.withLock { state in
                if state.isAborted { return false }
                if !state.isTaken {
                    state.isTaken = true
                    return true
                }
                state.waiting.append(continuation)
                return nil
            }
            if let known { continuation.resume(returning: known) }
        }
        if !isTaken { throw CallAborted() }
    }

    func release() {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            if state.waiting.isEmpty {
                state.isTaken = false
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume(returning: true)
    }

    /// The connection is gone: whoever waits, or comes, gives up.
    func abort() {
        let waiting = state.withLock { state in
            state.isAborted = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume(returning: false) }
    }

    /// A piece of the message whose turn it is.
    func write(_ buffer: ByteBuffer, isFirst: Bool, isLast: Bool) async throws(CallAborted) {
        do {
            try await outbound.write(WebSocketFrame(fin: isLast, opcode: isFirst ? .binary : .continuation, data: buffer))
        } catch {
            throw CallAborted()
        }
    }

    func control(_ frame: WebSocketFrame) async throws { try await outbound.write(frame) }

    func close(_ code: WebSocketErrorCode) async throws {
        var data = ByteBuffer()
        data.write(webSocketErrorCode: code)
        try await control(WebSocketFrame(fin: true, opcode: .connectionClose, data: data))
        outbound.finish()
    }
}
