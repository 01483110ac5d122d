import Synchronization

/// Puts encoded batches into packs in the order of their tickets, whichever task finishes first.
///
/// The task that brings the next batch in order appends it and all that wait behind it; the others leave theirs and go.
final class PackAppender: Sendable {
    private struct Order {
        var next = 0
        var ready: [Int: EncodedBatch?] = [:]
        var isAppending = false
    }

    private struct Packs: ~Copyable {
        var open: PackWriter?
        var openPath: String?
        var sealed: [SealedPack] = []
        var stagingPaths: [String] = []
        var pieces: [Int: [ValuePiece]] = [:]
        var failure: ContentError?
    }

    private let staging: StagingSession
    private let packsFolder: String
    private let packBytesTarget: Int64
    private let order = Mutex(Order())
    /// Held while writing, by the one task that is appending; nobody waits for it meanwhile.
    private let packs = Mutex(Packs())
    let recordBuffers = BufferPool(
        bufferBytes: IngestSession.batchBytes + (64 << 10), keptMax: IngestSession.batchesInFlightMax + 2)

    init(staging: StagingSession, packsFolder: String, packBytesTarget: Int64) {
        self.staging = staging
        self.packsFolder = packsFolder
        self.packBytesTarget = packBytesTarget
    }

    func append(_ batch: EncodedBatch, ticket: Int) throws(ContentError) {
        try drain(batch, ticket: ticket)
    }

    /// Lets later tickets pass a batch that failed.
    func skip(ticket: Int) {
        // What fails while others' batches are appended is kept in `failure`, and `seal` throws it.
        try? drain(nil, ticket: ticket)
    }

    private func drain(_ batch: EncodedBatch?, ticket: Int) throws(ContentError) {
        let mine = order.withLock { order -> Bool in
            guard order.ready[ticket] == nil, ticket >= order.next else { return false }
            order.ready[ticket] = .some(batch)
            guard !order.isAppending else { return false }
            order.isAppending = true
            return true
        }
        guard mine else { return }
        while let next = order.withLock({ Self.takeNext(&$0) }) {
            if let next { write(next) }
        }
        if let failure = packs.withLock({ $0.failure }) { throw failure }
    }

    private static func takeNext(_ order: inout Order) -> EncodedBatch?? {
        guard let batch = order.ready.removeValue(forKey: order.next) else {
            order.isAppending = false
            return nil
        }
        order.next += 1
        return .some(batch)
    }

    private func write(_ batch: EncodedBatch) {
        packs.withLock { packs in
            packs.pieces[batch.valueNumber, default: []].append(contentsOf: batch.pieces)
            guard let records = batch.records else { return }
            defer { recordBuffers.giveBack(records) }
            guard packs.failure == nil else { return }
            do throws(ContentError) {
                if packs.open == nil { try open(&packs) }
                try packs.open!.append(UnsafeRawBufferPointer(rebasing: records.bytes[..<batch.recordBytes]), chunks: batch.chunks)
                if packs.open!.sizeBytes >= packBytesTarget { try seal(&packs, commitRecords: []) }
            } catch {
                packs.failure = error
            }
        }
    }

    private func open(_ packs: inout Packs) throws(ContentError) {
        let path = staging.nextPackPath()
        packs.stagingPaths.append(path)
        packs.open = try PackWriter(disk: staging.disk, path: path, nonce: (0..<16).map { _ in .random(in: 0...255) })
    }

    private func seal(_ packs: inout Packs, commitRecords: [CommitRecord]) throws(ContentError) {
        guard let writer = packs.open.take() else { return }
        packs.sealed.append(try writer.seal(packsFolder: packsFolder, commitRecords: commitRecords))
    }

    var hasPacks: Bool { packs.withLock { $0.open != nil || !$0.sealed.isEmpty } }

    func pieces() -> [Int: [ValuePiece]] { packs.withLock { $0.pieces } }

    /// Seals the open pack and answers all of the session's packs.
    func seal(commitRecords: [CommitRecord]) throws(ContentError) -> [SealedPack] {
        let result = packs.withLock { packs in
            Result { () throws(ContentError) -> [SealedPack] in
                if let failure = packs.failure { throw failure }
                do throws(ContentError) {
                    try seal(&packs, commitRecords: commitRecords)
                } catch {
                    packs.failure = error
                    throw error
                }
                return packs.sealed
            }
        }
        return try result.get()
    }

    /// Removes staging files and packs that were never committed. What cannot be removed now is swept with the session.
    func discard() {
        packs.withLock { packs in
            packs.open = nil
            let folder = PackFolder(disk: staging.disk, path: packsFolder)
            for pack in packs.sealed { try? staging.disk.remove(folder.path(of: pack.name)) }
            for path in packs.stagingPaths { try? staging.disk.remove(path) }
            packs.sealed = []
            packs.stagingPaths = []
        }
    }

    /// The catalog names the packs now: their staging names are no longer needed.
    func forgetStaging() {
        packs.withLock { packs in
            for path in packs.stagingPaths { try? staging.disk.remove(path) }
            packs.stagingPaths = []
        }
    }
}
