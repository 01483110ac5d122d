import DecthingsAPI
import NIOCore
import Synchronization

/// A model process's messages, decoded from its bytes as they are asked for.
final class RuntimeEvents: Sendable {
    private struct State {
        var decoder = RuntimeFrameDecoder(limits: RuntimeEvents.limits)
        var input: ArraySlice<UInt8> = []
    }

    /// Values and their number are bounded by the receiver of a state, which knows how to say so; what is not received
    /// is skipped without being kept.
    private static let limits = FrameLimits(
        jsonSizeBytesMax: 16 << 20, blobCountMax: 1 << 20, blobSizeBytesMax: 1 << 40, totalBlobSizeBytesMax: 1 << 50)

    private let inbound: InboundBytes
    private let state = Mutex(State())

    init(_ inbound: InboundBytes) { self.inbound = inbound }

    /// The next event, nil when the stream has ended, be it inside a frame. One caller at a time.
    ///
    /// - Throws: `WireError` for a broken frame, `CancellationError`.
    func next() async throws -> RuntimeFrameDecoder.Event? {
        while true {
            if let event = try state.withLock({ try $0.decoder.next(from: &$0.input) }) { return event }
            guard let buffer = try await inbound.read() else { return nil }
            state.withLock { $0.input = ArraySlice(buffer.readableBytesView) }
        }
    }
}
