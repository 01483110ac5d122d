import Synchronization

/// How a session cuts and stores.
public struct IngestOptions: Sendable {
    public var chunkSizes: ChunkSizes
    /// Values up to this size lie in the catalog.
    public var inlineBytesMax: Int
    /// A pack of this size is sealed, and what follows goes into another.
    public var packBytesTarget: Int64

    /// - Precondition: the bounds are not negative.
    public init(chunkSizes: ChunkSizes = .init(), inlineBytesMax: Int = 32 << 10, packBytesTarget: Int64 = 1 << 30) {
        precondition(inlineBytesMax >= 0 && packBytesTarget >= 0, "sizes are not negative")
        self.chunkSizes = chunkSizes
        self.inlineBytesMax = inlineBytesMax
        self.packBytesTarget = packBytesTarget
    }
}

/// Takes values in, one after another, and turns them into packs and chunk lists. Nothing is visible before the caller
/// commits the result in the catalog.
///
/// Memory is bounded whatever the values' sizes: at most `batchesInFlightMax` batches of 2 MiB are on their way, each with
/// as much again for what they become, and `write` waits while they are. One task at a time may call the session. After
/// any failure or cancellation it is poisoned, so that no value can miss a part: only `abandon()` helps.
public final class IngestSession: Sendable {
    /// Enough for the appender to find work while every worker hashes or encodes.
    static var batchesInFlightMax: Int { WorkerExecutor.width + 2 }

    let staging: StagingSession
    let reader: ChunkReader
    let horizon: Int64
    let options: IngestOptions
    let memory: IngestMemory
    let appender: PackAppender
    let claims = Mutex<Set<Digest>>([])
    let flight: BatchFlight

    /// - Parameters:
    ///   - horizon: the catalog's sequence, read before `staging.begin(sequence:)` was told of it.
    ///   - packsFolder: where sealed packs go.
    ///   - memory: for chunks of the sizes of `options`; of the session's own if it is nil.
    public init(
        staging: StagingSession, packsFolder: String, reader: ChunkReader, horizon: Int64, options: IngestOptions = .init(),
        memory: IngestMemory? = nil
    ) {
        self.memory = memory ?? IngestMemory(chunkSizes: options.chunkSizes)
        precondition(self.memory.bufferBytes >= options.chunkSizes.maxBytes + ChunkBatch.alignmentBytes, "the memory is for smaller chunks")
        self.staging = staging
        self.reader = reader
        self.horizon = horizon
        self.options = options
        flight = BatchFlight(limit: Self.batchesInFlightMax)
        appender = PackAppender(
            staging: staging, packsFolder: packsFolder, packBytesTarget: options.packBytesTarget, buffers: self.memory.records, flight: flight)
    }

    /// Begins the next value.
    ///
    /// - Parameters:
    ///   - number: counts the session's values: 0, 1, 2, …
    ///   - base: a value of the same length whose cuts are inherited.
    ///   - cuts: the lengths of the value's chunks, where it is to be cut as it is in another store; what follows the last is cut
    ///     by content.
    public func beginValue(number: Int, base: BaseChoice, cuts: [Int]? = nil) -> ValueWriter {
        ValueWriter(session: self, number: number, base: base, cuts: cuts)
    }

    /// Begins a value whose base is known, or that is cut by content.
    public func beginValue(number: Int, base: BaseValue?) -> ValueWriter {
        beginValue(number: number, base: base.map(BaseChoice.value) ?? .none)
    }

    /// Waits until everything written is in packs, seals the last one, and tells what came of each value.
    ///
    /// - Parameters:
    ///   - values: what each `ValueWriter.finish()` answered, by value number.
    ///   - records: makes the commit records that go into the last pack; called only when there is a pack.
    /// - Throws: the first failure of any batch.
    /// - Complexity: one fdatasync and two fsyncs of folders a pack; none when no chunk was new.
    public func finish(
        values: [ValueWriter.Finished], records: ([IngestedValue]) -> [CommitRecord]
    ) async throws -> (packs: [SealedPack], values: [IngestedValue]) {
        try await flight.land()
        let pieces = appender.pieces()
        let ingested = values.enumerated().map { number, finished in
            switch finished {
            case .inline(let bytes): IngestedValue(inline: bytes)
            case .chunked: IngestedValue(pieces: pieces[number] ?? [])
            }
        }
        let commitRecords = appender.hasPacks ? records(ingested) : []
        let packs = try await WorkerExecutor.run { [appender] in try appender.seal(commitRecords: commitRecords) }
        return (packs, ingested)
    }

    /// Waits for what is in flight and removes what was written. Packs that were sealed but never committed go too.
    ///
    /// Never throws: what the disk would not remove goes with another call, or when the session is swept.
    /// - Precondition: the catalog does not name the packs. After `committed()` nothing is removed.
    public func abandon() async {
        await flight.abort()
        let appender = appender
        await WorkerExecutor.run { appender.discard() }
    }

    /// Removes the staging names of packs that the catalog has committed. Call it as soon as that is so: an `abandon()`
    /// before would remove the packs.
    public func committed() async {
        let appender = appender
        await WorkerExecutor.run { appender.forgetStaging() }
    }

    /// Sends a full batch on its way; waits while too many are in flight.
    func submit(_ batch: ChunkBatch) async throws {
        let ticket: Int
        do {
            ticket = try await flight.board()
        } catch {
            memory.batches.giveBack(batch.buffer)
            // The batch is lost: nothing that comes after may look whole.
            flight.fail(error)
            throw error
        }
        Task(executorPreference: WorkerExecutor.shared) {
            let encoded: Result<EncodedBatch, any Error>
            do {
                if let failure = self.flight.failure { throw failure }
                encoded = .success(try await self.encode(batch))
            } catch {
                encoded = .failure(error)
            }
            self.memory.batches.giveBack(batch.buffer)
            self.appender.pass(encoded, ticket: ticket)
        }
    }
}
