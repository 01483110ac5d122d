import NIOCore
import Strata
import Synchronization

/// Sends frames to a process, one after another and each whole.
///
/// A frame that could not be finished would swallow the beginning of the next one, so there is no next one then.
final class OutboundFrames: Sendable {
    private struct State {
        var isTaken = false
        /// In order of arrival.
        var waiters: [(id: Int, continuation: CheckedContinuation<Void, any Error>)] = []
        var waiterCount = 0
        var breakage: String?
    }

    private let connection: RuntimeConnection
    private let state = Mutex(State())

    init(_ connection: RuntimeConnection) { self.connection = connection }

    /// Why nothing more can be said to the process; nil while all is well.
    var breakage: String? { state.withLock { $0.breakage } }

    /// Sends nothing more. The first reason stays.
    func shut(because reason: String) {
        state.withLock { $0.breakage = $0.breakage ?? reason }
    }

    /// Sends a frame that is in memory; returns when the kernel has taken it. When it is cancelled before, the frame goes
    /// out all the same, and whole.
    ///
    /// - Throws: `RuntimeConnection.Ended`; `ExecutionFailure.unknown` when nothing more can be sent; `CancellationError`.
    func send(_ frame: [UInt8]) async throws {
        try await inTurn { try await connection.write(ByteBuffer(bytes: frame)) }
    }

    /// Sends a frame that is made piece by piece. When `body` throws in the middle of it, nothing more can be sent.
    ///
    /// - Throws: the same, and what `body` throws.
    func send(_ body: (inout Frame) async throws -> Void) async throws {
        try await inTurn {
            var frame = Frame(connection)
            do {
                try await body(&frame)
                try await frame.flush()
            } catch let ended as RuntimeConnection.Ended {
                throw ended
            } catch {
                if frame.isBegun { shut(because: "a frame to the model process was cut off in the middle") }
                throw error
            }
        }
    }

    private func inTurn(_ body: () async throws -> Void) async throws {
        try await begin()
        defer { end() }
        if let breakage { throw ExecutionFailure.unknown(reason: breakage) }
        try await body()
    }

    private func begin() async throws {
        let id = state.withLock { state in
            state.waiterCount += 1
            return state.waiterCount
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let result = state.withLock { state -> Result<Void, any Error>? in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if state.isTaken {
                        state.waiters.append((id, continuation))
                        return nil
                    }
                    state.isTaken = true
                    return .success(())
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            state.withLock { state in
                state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0).continuation }
            }?.resume(throwing: CancellationError())
        }
    }

    private func end() {
        state.withLock { state -> CheckedContinuation<Void, any Error>? in
            if state.waiters.isEmpty {
                state.isTaken = false
                return nil
            }
            return state.waiters.removeFirst().continuation
        }?.resume()
    }

    /// Joins small pieces into large writes, and waits for each write.
    struct Frame {
        /// A write goes out once it has this many bytes.
        private static let writeSizeBytes = 256 << 10

        private let connection: RuntimeConnection
        private var pending = ByteBuffer()
        /// Something of it is on its way.
        fileprivate private(set) var isBegun = false

        fileprivate init(_ connection: RuntimeConnection) { self.connection = connection }

        mutating func append(_ bytes: some Collection<UInt8>) async throws {
            pending.writeBytes(bytes)
            if pending.readableBytes >= Self.writeSizeBytes { try await flush() }
        }

        fileprivate mutating func flush() async throws {
            guard pending.readableBytes > 0 else { return }
            let bytes = pending
            pending = ByteBuffer()
            isBegun = true
            try await connection.write(bytes)
        }
    }
}
