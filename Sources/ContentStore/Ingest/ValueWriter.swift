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
        var base: LocatedList?
        /// Among these the base is chosen once the first batch is there.
        var candidates: [BaseValue] = []
    }

    private let session: IngestSession
    private let number: Int
    /// The caller said where the chunks end; a base does not change that.
    private let isCutAsTold: Bool
    /// Locked only to satisfy the checker of sendability: there is never a second user.
    private let state: Mutex<State>

    init(session: IngestSession, number: Int, base choice: BaseChoice, cuts: [Int]? = nil) {
        self.session = session
        self.number = number
        let base: BaseValue? = if case .value(let value) = choice { value } else { nil }
        isCutAsTold = cuts != nil
        var first = State(cutter: Self.cutter(cuts ?? base?.cuts, session))
        first.base = base.map { LocatedList($0.entries, session.reader) }
        if case .closest(let candidates) = choice { first.candidates = candidates }
        state = Mutex(first)
    }

    private static func cutter(_ cuts: [Int]?, _ session: IngestSession) -> ChunkCutter {
        ChunkCutter(
            base: cuts, sizes: session.options.chunkSizes, bufferBytes: session.memory.bufferBytes - ChunkBatch.alignmentBytes)
    }

    public var sizeBytes: Int64 { state.withLock { $0.sizeBytes } }

    /// Appends bytes; waits while the session's memory is in use.
    /// - Throws: `CancellationError`; the failure of an earlier batch. The session is then poisoned.
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
    ///     The buffer is never empty. What it throws poisons the session.
    public func write(
        reading read: @escaping @Sendable (UnsafeMutableRawBufferPointer) throws(ContentError) -> Int
    ) async throws {
        do {
            try await withTaskExecutorPreference(WorkerExecutor.shared) {
                while try readOnce(read) { try await submitFullBatch(atEnd: false) }
            }
        } catch {
            // What was read so far is no whole value: nothing may take it for one.
            session.flight.fail(error)
            throw error
        }
    }

    /// Blocks. False at the end.
    private func readOnce(_ read: (UnsafeMutableRawBufferPointer) throws(ContentError) -> Int) throws -> Bool {
        try Task.checkCancellation()
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
        return count > 0
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
        if let batch = state.batch { session.memory.batches.giveBack(batch.buffer) }
        state.batch = nil
    }

    /// Lets `body` put bytes behind those that are waiting. There is always room: full batches were sent on.
    private func fill(_ body: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
        state.withLock { state in
            let batch = state.batch ?? makeBatch(&state, at: state.sizeBytes)
            let free = UnsafeMutableRawBufferPointer(rebasing: batch.buffer.bytes[batch.filledBytes...])
            let count = body(free)
            precondition(0...free.count ~= count, "a reader answers how many bytes it put into the buffer")
            batch.filledBytes += count
            state.sizeBytes += Int64(count)
            return count
        }
    }

    private func makeBatch(_ state: inout State, at offset: Int64) -> ChunkBatch {
        let batch = ChunkBatch(
            valueNumber: number, firstChunk: state.chunkCount, offset: offset, buffer: session.memory.batches.take(), base: state.base)
        state.batch = batch
        return batch
    }

    /// Cuts what can be cut and sends the batch on when it is full (or the value ends); the uncut rest moves to a new one.
    private func submitFullBatch(atEnd: Bool) async throws {
        try await chooseBase(atEnd: atEnd)
        while let full = state.withLock({ takeFullBatch(&$0, atEnd: atEnd) }) {
            try await session.submit(full)
        }
    }

    /// Decides between candidates when the first batch is there, before its first cut.
    private func chooseBase(atEnd: Bool) async throws {
        let waiting = state.withLock { state -> (ChunkBatch, [BaseValue])? in
            guard !state.candidates.isEmpty, let batch = state.batch, batch.freeBytes == 0 || atEnd else { return nil }
            defer { state.candidates = [] }
            return (batch, state.candidates)
        }
        guard let (batch, candidates) = waiting else { return }
        let session = session
        let base = try await Task(executorPreference: WorkerExecutor.shared) {
            try await session.closest(of: candidates, to: batch.uncut)
        }.value
        guard let base else { return }
        let located = LocatedList(base.entries, session.reader)
        state.withLock { state in
            state.base = located
            if !isCutAsTold { state.cutter = Self.cutter(base.cuts, session) }
            batch.base = located
        }
    }

    private func takeFullBatch(_ state: inout State, atEnd: Bool) -> ChunkBatch? {
        guard let batch = state.batch, batch.freeBytes == 0 || atEnd else { return nil }
        while !batch.isFullOfChunks, let length = state.cutter.cut(batch.uncut, atEnd: atEnd) { batch.cut(length) }
        state.batch = nil
        guard !batch.chunks.isEmpty else {
            // Only a batch without bytes, at the value's end: a full one holds a chunk at least, by any cutter.
            precondition(batch.uncut.isEmpty)
            session.memory.batches.giveBack(batch.buffer)
            return nil
        }
        state.chunkCount += batch.chunks.count
        state.wasSubmitted = true
        let rest = batch.uncut
        if !rest.isEmpty {
            let next = makeBatch(&state, at: state.sizeBytes - Int64(rest.count))
            UnsafeMutableRawBufferPointer(rebasing: next.buffer.bytes[next.filledBytes...]).copyMemory(from: rest)
            next.filledBytes += rest.count
        }
        return batch
    }
}
