import Synchronization

/// Writes one value's bytes into a session. One task at a time may use it; `finish()` is called exactly once.
public final class ValueWriter: Sendable {
    public enum Finished: Sendable {
        case inline([UInt8])
        case chunked
    }

    private struct State {
        var batch: ChunkBatch?
        var cutter: ChunkCutter
        var chunkCount = 0
        var sizeBytes: Int64 = 0
        var wasSubmitted = false
    }

    private let session: IngestSession
    private let number: Int
    private let base: BaseValue?
    /// Locked only to satisfy the checker of sendability: there is never a second user.
    private let state: Mutex<State>

    init(session: IngestSession, number: Int, base: BaseValue?) {
        self.session = session
        self.number = number
        self.base = base
        let sizes = session.options.chunkSizes
        let cutter: ChunkCutter =
            if let base { .inherited(base.entries.map(\.rawBytes), next: 0, then: sizes) } else { .content(sizes) }
        state = Mutex(State(cutter: cutter))
    }

    public var sizeBytes: Int64 { state.withLock { $0.sizeBytes } }

    /// Appends bytes; waits while the session's memory is in use.
    /// - Throws: `CancellationError`; the failure of an earlier batch.
    public func write(_ bytes: ArraySlice<UInt8>) async throws {
        var rest = bytes
        while !rest.isEmpty {
            let taken = fill { free in
                let count = min(free.count, rest.count)
                rest.prefix(count).withUnsafeBytes { free.copyMemory(from: $0) }
                return count
            }
            rest = rest.dropFirst(taken)
            try await submitFullBatch(atEnd: false)
        }
    }

    public func write(_ bytes: [UInt8]) async throws { try await write(bytes[...]) }

    /// Appends what `read` puts into the memory that it is given, until it answers 0: the way in without a copy.
    ///
    /// - Parameter read: fills the front of the buffer and answers how many bytes; runs on a worker and may block.
    public func write(
        reading read: @escaping @Sendable (UnsafeMutableRawBufferPointer) throws(ContentError) -> Int
    ) async throws {
        while true {
            let count = try await WorkerExecutor.run { [self] () throws(ContentError) in
                var failure: ContentError?
                let count = fill { free in
                    do throws(ContentError) {
                        return try read(free)
                    } catch {
                        failure = error
                        return 0
                    }
                }
                if let failure { throw failure }
                return count
            }
            if count == 0 { return }
            try await submitFullBatch(atEnd: false)
        }
    }

    /// Ends the value. Its chunks may still be on their way: the session's `finish` knows their outcome.
    public func finish() async throws -> Finished {
        let inline = state.withLock { state -> [UInt8]? in
            guard !state.wasSubmitted, state.sizeBytes <= session.options.inlineBytesMax else { return nil }
            defer { Self.drop(&state, session) }
            guard let batch = state.batch else { return [] }
            return Array(batch.buffer.bytes[..<batch.filledBytes])
        }
        if let inline { return .inline(inline) }
        try await submitFullBatch(atEnd: true)
        return .chunked
    }

    private static func drop(_ state: inout State, _ session: IngestSession) {
        if let batch = state.batch { session.buffers.giveBack(batch.buffer) }
        state.batch = nil
    }

    private func fill(_ body: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
        state.withLock { state in
            let batch = state.batch ?? makeBatch(&state)
            let free = UnsafeMutableRawBufferPointer(rebasing: batch.buffer.bytes[batch.filledBytes...])
            let count = body(free)
            batch.filledBytes += count
            state.sizeBytes += Int64(count)
            return count
        }
    }

    private func makeBatch(_ state: inout State) -> ChunkBatch {
        let batch = ChunkBatch(
            valueNumber: number, firstChunk: state.chunkCount, buffer: session.buffers.take(), base: base)
        state.batch = batch
        return batch
    }

    /// Cuts what can be cut and sends the batch on when it is full (or the value ends); the uncut rest moves to a new one.
    private func submitFullBatch(atEnd: Bool) async throws {
        while let full = state.withLock({ takeFullBatch(&$0, atEnd: atEnd) }) {
            try await session.submit(full)
        }
    }

    private func takeFullBatch(_ state: inout State, atEnd: Bool) -> ChunkBatch? {
        guard let batch = state.batch, batch.freeBytes == 0 || atEnd else { return nil }
        while let length = state.cutter.cut(batch.uncut, atEnd: atEnd) { batch.cut(length) }
        state.batch = nil
        guard !batch.chunks.isEmpty else {
            session.buffers.giveBack(batch.buffer)
            return nil
        }
        state.chunkCount += batch.chunks.count
        state.wasSubmitted = true
        let rest = batch.uncut
        if !rest.isEmpty {
            let next = makeBatch(&state)
            next.buffer.bytes.copyMemory(from: rest)
            next.filledBytes = rest.count
        }
        return batch
    }
}
