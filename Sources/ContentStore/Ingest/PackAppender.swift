import Synchronization

/// Puts encoded batches into packs in the order of their tickets, whichever task finishes first.
///
/// The task that brings the next batch in order appends it and all that wait behind it; the others leave theirs and go.
/// Every batch leaves the flight here, once it is written or given up.
final class PackAppender: Sendable {
    private struct Order {
        var next = 0
        var ready: [Int: Result<EncodedBatch, any Error>] = [:]
        var isAppending = false
    }

    private struct Packs: ~Copyable {
        var open: PackWriter?
        var openPath = ""
        /// Durable packs; the last may not have its final name yet.
        var sealed: [SealedPack] = []
        var stagingPaths: [String] = []
        var pieces: [Int: [ValuePiece]] = [:]
        var failure: (any Error)?
    }

    /// What a batch's records take beside the payloads.
    static let headsBytesMax = ChunkBatch.chunksMax * (PackFormat.recordHeadSizeBytes + Digest.sizeBytes)

    private let staging: StagingSession
    private let folder: PackFolder
    private let packBytesTarget: Int64
    private let flight: BatchFlight
    private let order = Mutex(Order())
    /// Held while writing, by the one task that is appending; nobody waits for it meanwhile.
    private let packs = Mutex(Packs())
    let recordBuffers: BufferPool

    init(staging: StagingSession, packsFolder: String, packBytesTarget: Int64, buffers: BufferPool, flight: BatchFlight) {
        self.staging = staging
        folder = PackFolder(disk: staging.disk, path: packsFolder)
        self.packBytesTarget = packBytesTarget
        self.flight = flight
        recordBuffers = buffers
    }

    /// Takes what came of the batch with this ticket. Blocks while it writes; called once a ticket.
    func pass(_ batch: Result<EncodedBatch, any Error>, ticket: Int) {
        let mine = order.withLock { order -> Bool in
            order.ready[ticket] = batch
            guard !order.isAppending else { return false }
            order.isAppending = true
            return true
        }
        guard mine else { return }
        while let next = order.withLock({ Self.takeNext(&$0) }) { flight.leave(failure: write(next)) }
    }

    private static func takeNext(_ order: inout Order) -> Result<EncodedBatch, any Error>? {
        guard let batch = order.ready.removeValue(forKey: order.next) else {
            order.isAppending = false
            return nil
        }
        order.next += 1
        return batch
    }

    /// Nothing is written after a failure: the packs would miss what a batch before had.
    private func write(_ result: Result<EncodedBatch, any Error>) -> (any Error)? {
        packs.withLock { packs in
            do {
                let batch = try result.get()
                defer { if let records = batch.records { recordBuffers.giveBack(records) } }
                if let failure = packs.failure { return failure }
                packs.pieces[batch.valueNumber, default: []].append(contentsOf: batch.pieces)
                if let records = batch.records {
                    let bytes = UnsafeRawBufferPointer(rebasing: records.bytes[..<batch.recordBytes])
                    try append(bytes, chunks: batch.chunks, to: &packs)
                }
                return nil
            } catch {
                if packs.failure == nil { packs.failure = error }
                return error
            }
        }
    }

    private func append(
        _ records: UnsafeRawBufferPointer, chunks: [PackedChunk], to packs: inout Packs
    ) throws(ContentError) {
        // Sealed only when there is more to write, so that the last pack is open for the commit records.
        if let size = packs.open?.sizeBytes, size >= packBytesTarget { try seal(&packs, commitRecords: []) }
        if packs.open == nil {
            packs.openPath = staging.nextPackPath()
            packs.stagingPaths.append(packs.openPath)
            packs.open = try PackWriter(
                disk: staging.disk, path: packs.openPath, nonce: (0..<16).map { _ in .random(in: 0...255) })
        }
        try packs.open!.append(records, chunks: chunks)
    }

    private func seal(_ packs: inout Packs, commitRecords: [CommitRecord]) throws(ContentError) {
        guard let writer = packs.open.take() else { return }
        let pack = try writer.seal(commitRecords: commitRecords)
        // Noted first: a publishing that fails may have given the name.
        packs.sealed.append(pack)
        try folder.publish(packs.openPath, as: pack.name)
    }

    var hasPacks: Bool { packs.withLock { $0.open != nil || !$0.sealed.isEmpty } }

    func pieces() -> [Int: [ValuePiece]] { packs.withLock { $0.pieces } }

    /// Seals the open pack and answers all of the session's packs.
    /// - Throws: the first failure, now and whenever it is called again.
    func seal(commitRecords: [CommitRecord]) throws -> [SealedPack] {
        try packs.withLock { packs in
            if let failure = packs.failure { throw failure }
            do {
                try seal(&packs, commitRecords: commitRecords)
            } catch {
                packs.failure = error
                throw error
            }
            return packs.sealed
        }
    }

    /// Removes packs that were never committed, and staging files. What cannot be removed now can be by another call, or
    /// is swept with the session.
    func discard() {
        packs.withLock { packs in
            packs.open = nil
            if packs.failure == nil { packs.failure = ContentError(.poisoned, "the ingest was given up; begin another session") }
            packs.sealed.removeAll { pack in
                (try? staging.disk.remove(folder.path(of: pack.name))) != nil
            }
            // A staging name is what a sweep finds an uncommitted pack by: it stays as long as the pack does.
            if packs.sealed.isEmpty { removeStagingFiles(&packs) }
        }
    }

    /// The catalog names the packs now: their staging names are no longer needed, and nothing may remove them.
    func forgetStaging() {
        packs.withLock { packs in
            packs.sealed = []
            removeStagingFiles(&packs)
        }
    }

    private func removeStagingFiles(_ packs: inout Packs) {
        packs.stagingPaths.removeAll { path in (try? staging.disk.remove(path)) != nil }
    }
}
