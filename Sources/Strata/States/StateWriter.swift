import Catalog
import ContentStore
import Foundation
import Synchronization

/// Takes a new state's keys in, one after another. Nothing is visible before the commit that ends the closure which got it.
///
/// One task at a time may use it. Memory stays bounded whatever a value's size (about 30 MiB on two cores).
public final class StateWriter: Sendable {
    /// The longest key, in bytes of UTF-8.
    public static let keyBytesMax = 1024

    private struct Progress {
        var keys: [String] = []
        var finished: [ValueWriter.Finished] = []
        var current: ValueWriter?
        var isClosed = false
    }

    private let session: IngestSession
    private let bases: BaseSelector
    private let progress = Mutex(Progress())

    init(session: IngestSession, bases: BaseSelector) {
        self.session = session
        self.bases = bases
    }

    /// Writes a whole value.
    /// - Throws: `invalid_parameter` for a key that was written before or is too long; `no_space`, `io`.
    public func write(_ key: String, _ bytes: [UInt8]) async throws {
        try await beginKey(key, sizeBytes: Int64(bytes.count))
        try await write(bytes[...])
        try await endKey()
    }

    /// Writes the content of a file.
    ///
    /// The file is read once, without a copy of it in memory; it must not shrink meanwhile.
    ///
    /// - Parameter advanced: told how many bytes were read, after each read, on any thread.
    /// - Throws: also `file_not_found`.
    public func write(
        _ key: String, fileAt path: String, advanced: (@Sendable (Int) -> Void)? = nil
    ) async throws {
        let file = try await LocalInput.open(path)
        let sizeBytes = try await WorkerExecutor.run { () throws(ContentError) in try file.status().sizeBytes }
        try await beginKey(key, sizeBytes: sizeBytes)
        let offset = SequentialPosition()
        try await current().write { buffer throws(ContentError) in
            let count = try file.read(into: buffer, at: offset.value)
            offset.advance(by: count)
            advanced?(count)
            return count
        }
        try await endKey()
    }

    /// Writes what a sequence of byte pieces yields.
    ///
    /// - Parameter sizeBytes: the total, where it is known: only then can the value inherit its base's cuts.
    public func write<Pieces: AsyncSequence>(
        _ key: String, sizeBytes: Int64? = nil, pieces: Pieces
    ) async throws where Pieces.Element: Collection<UInt8> {
        try await beginKey(key, sizeBytes: sizeBytes)
        for try await piece in pieces { try await write(Array(piece)[...]) }
        try await endKey()
    }

    /// Writes what a sequence of bytes yields.
    public func write<Bytes: AsyncSequence>(
        _ key: String, sizeBytes: Int64? = nil, bytes: Bytes
    ) async throws where Bytes.Element == UInt8 {
        try await beginKey(key, sizeBytes: sizeBytes)
        var piece: [UInt8] = []
        piece.reserveCapacity(1 << 16)
        for try await byte in bytes {
            piece.append(byte)
            if piece.count == 1 << 16 {
                try await write(piece[...])
                piece.removeAll(keepingCapacity: true)
            }
        }
        try await write(piece[...])
        try await endKey()
    }

    /// Begins a value whose bytes come piece by piece; `write(_:)` and `endKey()` follow.
    public func beginKey(_ key: String, sizeBytes: Int64?) async throws {
        let number = try progress.withLock { progress in
            guard !progress.isClosed else { throw StrataError(.conflict, "the state is committed already; nothing can be added to it") }
            guard progress.current == nil else {
                throw StrataError.invalidParameter("key", "key `\(key)` was begun before `\(progress.keys.last!)` had ended")
            }
            try Self.check(key, among: progress.keys)
            progress.keys.append(key)
            return progress.keys.count - 1
        }
        let base = if let sizeBytes { try await bases.base(for: key, sizeBytes: sizeBytes) } else { BaseChoice.none }
        let value = session.beginValue(number: number, base: base)
        progress.withLock { $0.current = value }
    }

    /// Appends bytes to the key that was begun; waits while the store is behind.
    public func write(_ bytes: ArraySlice<UInt8>) async throws { try await current().write(bytes) }

    public func endKey() async throws {
        let finished = try await current().finish()
        progress.withLock { progress in
            progress.finished.append(finished)
            progress.current = nil
        }
    }

    private func current() throws -> ValueWriter {
        try progress.withLock { progress in
            guard let current = progress.current else {
                throw StrataError.invalidParameter("key", "no key was begun; call beginKey first")
            }
            return current
        }
    }

    private static func check(_ key: String, among keys: [String]) throws {
        guard key.utf8.count <= keyBytesMax, !key.utf8.contains(0) else {
            throw StrataError.invalidParameter(
                "key", "key `\(key.prefix(40))…` has \(key.utf8.count) bytes or a zero byte; at most \(keyBytesMax) bytes without zeros are allowed")
        }
        guard !keys.contains(key) else {
            throw StrataError.invalidParameter("key", "key `\(key)` was given twice; each key of a state is given once")
        }
    }

    /// Closes the writer and answers what was written.
    func close() throws -> (keys: [String], finished: [ValueWriter.Finished]) {
        try progress.withLock { progress in
            guard progress.current == nil else {
                throw StrataError.invalidParameter("key", "key `\(progress.keys.last!)` was begun and never ended")
            }
            progress.isClosed = true
            return (progress.keys, progress.finished)
        }
    }
}
