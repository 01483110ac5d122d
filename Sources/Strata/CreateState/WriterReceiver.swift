import Synchronization

/// Holds what model code provides to the rules of states, and passes it on to a writer.
///
/// The rules (spec: runtime-ipc.md section 8): at most 100 keys, at most 1 GiB a key, no key twice.
final class WriterReceiver: StateReceiver {
    static let keysMax = 100
    static let keyBytesMax: Int64 = 1 << 30

    private struct State {
        var keys: Set<String> = []
        var current: (key: String, announced: Int64?, received: Int64)?
    }

    private let writer: StateWriter
    private let state = Mutex(State())

    init(_ writer: StateWriter) { self.writer = writer }

    func beginKey(_ key: String, sizeBytes: Int64?) async throws {
        try state.withLock { state in
            guard state.current == nil else {
                throw ProvidedStateError("key `\(key)` was begun before `\(state.current!.key)` had ended")
            }
            guard state.keys.count < Self.keysMax else {
                throw ProvidedStateError("the code provided more than \(Self.keysMax) keys; `\(key)` is one too many")
            }
            guard state.keys.insert(key).inserted else {
                throw ProvidedStateError("the code provided key `\(key)` twice; each key can be provided once")
            }
            if let sizeBytes { try Self.check(key, sizeBytes) }
            state.current = (key, sizeBytes, 0)
        }
        do {
            try await writer.beginKey(key, sizeBytes: sizeBytes)
        } catch let error as StrataError where error.code == .invalidParameter {
            // The store's own rules for keys are rules for what the code provides.
            throw ProvidedStateError(error.message)
        }
    }

    func write(_ bytes: ArraySlice<UInt8>) async throws {
        try state.withLock { state in
            guard let current = state.current else { throw ProvidedStateError("bytes were provided outside of any key") }
            state.current!.received += Int64(bytes.count)
            try Self.check(current.key, state.current!.received)
        }
        try await writer.write(bytes)
    }

    func endKey() async throws {
        try state.withLock { state in
            guard let current = state.current else { throw ProvidedStateError("a key was ended that had not begun") }
            guard current.announced == nil || current.announced == current.received else {
                throw ProvidedStateError(
                    "key `\(current.key)` was announced with \(current.announced!) bytes and came with \(current.received)")
            }
            state.current = nil
        }
        try await writer.endKey()
    }

    /// The call has ended: no key may be left half-provided.
    func finish() throws {
        try state.withLock { state in
            if let current = state.current {
                throw ProvidedStateError("the code ended in the middle of key `\(current.key)`")
            }
        }
    }

    private static func check(_ key: String, _ sizeBytes: Int64) throws {
        guard sizeBytes <= keyBytesMax else {
            throw ProvidedStateError("key `\(key)` has more than \(keyBytesMax) bytes (1 GiB); split it into several keys")
        }
    }
}
