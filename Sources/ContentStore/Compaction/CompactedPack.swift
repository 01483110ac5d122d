import Synchronization

/// A pack that compaction writes in a session's staging folder: chunks of other packs, as they are stored there or encoded anew.
///
/// One task at a time may call it; all methods block. As every pack of a session it keeps its staging name until the catalog
/// has committed it.
public final class CompactedPack: Sendable {
    private struct State: ~Copyable {
        var writer: PackWriter?
        var sealed: SealedPack?
        /// The write that failed: what of it reached the file is unknown, so nothing may follow it.
        var failure: ContentError?
    }

    private let disk: any StoreDisk
    private let folder: PackFolder
    private let stagingPath: String
    private let state: Mutex<State>

    /// Creates the staging file.
    public init(staging: StagingSession, packsFolder: String) throws(ContentError) {
        disk = staging.disk
        folder = PackFolder(disk: staging.disk, path: packsFolder)
        stagingPath = staging.nextPackPath()
        do throws(ContentError) {
            let writer = try PackWriter(disk: staging.disk, path: stagingPath, nonce: (0..<16).map { _ in .random(in: 0...255) })
            state = Mutex(State(writer: consume writer, sealed: nil, failure: nil))
        } catch {
            try? staging.disk.remove(stagingPath)
            throw error
        }
    }

    /// Appends a chunk. After a failure only `discard()` helps: each further call throws that failure again.
    /// - Precondition: `payload` matches the chunk's checksum; the pack is not sealed.
    public func append(_ chunk: PackedChunk, payload: [UInt8]) throws(ContentError) {
        let head = chunk.recordHead()
        let placed = chunk.moved(to: Int64(head.count))
        let result = state.withLock { state in
            Result { () throws(ContentError) in
                if let failure = state.failure { throw failure }
                do throws(ContentError) {
                    try (head + payload).withBytes { bytes throws(ContentError) in try state.writer!.append(bytes, chunks: [placed]) }
                } catch {
                    state.failure = error
                    throw error
                }
            }
        }
        try result.get()
    }

    /// Seals the pack and gives it its final name beside the staging one. It is durable when this returns.
    ///
    /// Cost: one fdatasync and two fsyncs of folders. After a failure only `discard()` helps.
    public func seal(commitRecords: [CommitRecord]) throws(ContentError) -> SealedPack {
        let result = state.withLock { state in
            Result { () throws(ContentError) in
                if let failure = state.failure { throw failure }
                guard let writer = state.writer.take() else { preconditionFailure("a pack is sealed once") }
                let pack = try writer.seal(commitRecords: commitRecords)
                // Noted first: a publishing that fails may have given the name.
                state.sealed = pack
                try folder.publish(stagingPath, as: pack.name)
                return pack
            }
        }
        return try result.get()
    }

    /// Removes the pack. What cannot be removed now is swept with the session.
    /// - Precondition: the catalog does not name it.
    public func discard() {
        state.withLock { state in
            state.writer = nil
            // The staging name is what a sweep finds the pack by: it stays as long as the pack does.
            if let pack = state.sealed {
                guard (try? disk.remove(folder.path(of: pack.name))) != nil else { return }
                state.sealed = nil
            }
            try? disk.remove(stagingPath)
        }
    }

    /// Removes the staging name, once the catalog names the pack.
    public func committed() { try? disk.remove(stagingPath) }
}
