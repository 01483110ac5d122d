import Strata
import Synchronization

/// Keeps what a model provides and enforces the rules of states and of the protocol's order.
final class RecordingReceiver: StateReceiver {
    private struct State {
        var values: [String: [UInt8]] = [:]
        var sizes: [String: Int] = [:]
        var announced: [String: Int64] = [:]
        var open: String?
        var isBroken = false
        var largestPiece = 0
    }

    private let keepsValues: Bool
    private let delay: Duration?
    private let inspect: (@Sendable (_ offset: Int, ArraySlice<UInt8>) -> Void)?
    private let state = Mutex(State())

    /// - Parameters:
    ///   - keepsValues: false for values that are too large to keep.
    ///   - delay: how long each piece takes, for a slow store.
    ///   - inspect: sees each piece.
    init(
        keepsValues: Bool = true, delay: Duration? = nil,
        inspect: (@Sendable (_ offset: Int, ArraySlice<UInt8>) -> Void)? = nil
    ) {
        self.keepsValues = keepsValues
        self.delay = delay
        self.inspect = inspect
    }

    /// Every key that was received whole.
    var values: [String: [UInt8]] { state.withLock { $0.values } }
    var sizes: [String: Int] { state.withLock { $0.sizes } }
    var largestPiece: Int { state.withLock { $0.largestPiece } }
    /// True when a key was begun inside another, or a size was not the announced one.
    var isBroken: Bool { state.withLock { $0.isBroken } }

    func text(_ key: String) -> String? { values[key].map { String(decoding: $0, as: UTF8.self) } }

    func beginKey(_ key: String, sizeBytes: Int64?) async throws {
        try state.withLock { state in
            if state.announced[key] != nil { throw ProvidedStateError("the key `\(key)` was provided twice") }
            if state.announced.count == 100 { throw ProvidedStateError("more than 100 keys were provided") }
            if let sizeBytes, sizeBytes > 1 << 30 { throw ProvidedStateError("the key `\(key)` is larger than 1 GiB") }
            if state.open != nil { state.isBroken = true }
            state.open = key
            state.announced[key] = sizeBytes ?? -1
            state.values[key] = []
            state.sizes[key] = 0
        }
    }

    func write(_ bytes: ArraySlice<UInt8>) async throws {
        let offset = state.withLock { state in
            guard let key = state.open else {
                state.isBroken = true
                return 0
            }
            state.largestPiece = max(state.largestPiece, bytes.count)
            if keepsValues { state.values[key]?.append(contentsOf: bytes) }
            defer { state.sizes[key]! += bytes.count }
            return state.sizes[key]!
        }
        inspect?(offset, bytes)
        if let delay { try await Task.sleep(for: delay) }
    }

    func endKey() async throws {
        state.withLock { state in
            guard let key = state.open else { return state.isBroken = true }
            if let announced = state.announced[key], announced >= 0, announced != Int64(state.sizes[key]!) {
                state.isBroken = true
            }
            state.open = nil
        }
    }
}
