import Synchronization

/// Reads chunks from packs, decodes them and checks every one against its digest.
///
/// Safe to use from any task; holds at most `openPacksMax` file descriptors, `baseCacheBytes` of decoded bases, and of chunks
/// that were decoded and checked as many bytes as it is told to keep.
public final class ChunkReader: Sendable {
    static let openPacksMax = 64
    static let baseCacheBytes = 32 << 20

    let index: any ChunkIndex
    private let folder: PackFolder
    private let openPacks = Mutex(BoundedCache<PackName, any DiskFile>(costMax: ChunkReader.openPacksMax))
    /// By digest: an id that is used again must not find another chunk's bytes.
    private let bases = Mutex(BoundedCache<Digest, [UInt8]>(costMax: ChunkReader.baseCacheBytes))
    /// By number, which no other chunk of the store ever gets: kept chunks are found without asking the index.
    private let checked: Mutex<BoundedCache<ChunkID, [UInt8]>>
    private let keepsChecked: Bool
    private let scratches = Mutex<[ReadScratch]>([])

    /// - Parameter checkedBytesMax: bytes of decoded and checked chunks that are kept for later reads; 0 keeps none.
    public init(packsFolder: String, disk: any StoreDisk, index: any ChunkIndex, checkedBytesMax: Int = 0) {
        folder = PackFolder(disk: disk, path: packsFolder)
        self.index = index
        checked = Mutex(BoundedCache(costMax: checkedBytesMax))
        keepsChecked = checkedBytesMax > 0
    }

    /// The chunks with these numbers, when all of them are kept.
    func kept(_ ids: [ChunkID]) -> [[UInt8]]? {
        guard keepsChecked else { return nil }
        return checked.withLock { checked in
            let found = ids.compactMap { checked.value(for: $0) }
            return found.count == ids.count ? found : nil
        }
    }

    func keep(_ chunks: [(id: ChunkID, bytes: [UInt8])]) {
        guard keepsChecked else { return }
        checked.withLock { checked in
            for chunk in chunks { checked.insert(chunk.bytes, for: chunk.id, cost: chunk.bytes.count) }
        }
    }

    /// Reads one chunk into `target`, whose size must be the chunk's raw size. Blocks: call it on a worker.
    ///
    /// - Parameters:
    ///   - base: the location of the chunk that a difference was taken from.
    ///   - keepsBase: the base may be wanted again soon, as by reads of ranges: it goes into the cache.
    /// - Throws: `.corrupted` when the bytes do not decode or fail the digest, `.notFound` when the pack is gone, `.io`.
    /// - Complexity: one positioned read (two for a difference whose base is not cached), one decode, one hash.
    func read(
        _ location: ChunkLocation, base: ChunkLocation?, keepsBase: Bool = false,
        into target: UnsafeMutableRawBufferPointer
    ) throws(ContentError) {
        try readUnverified(location, base: base, keepsBase: keepsBase, into: target)
        try verify(Digest(of: UnsafeRawBufferPointer(target)), location)
    }

    /// What `read` does, but for the digest: the caller holds it against the chunk's before anybody sees the bytes.
    func readUnverified(
        _ location: ChunkLocation, base: ChunkLocation?, keepsBase: Bool, into target: UnsafeMutableRawBufferPointer
    ) throws(ContentError) {
        precondition(target.count == location.rawBytes, "the target must have the chunk's raw size")
        try check(location)
        let scratch = takeScratch()
        defer { giveBack(scratch) }
        if location.base != nil {
            guard let base, base.rawBytes == location.rawBytes, base.base == nil else {
                throw ContentError(
                    .corrupted, "the base of chunk \(location.digest) is missing or does not fit", digest: location.digest)
            }
            let baseBytes = scratch.base(count: base.rawBytes)
            try readBase(base, keeps: keepsBase, with: scratch, into: baseBytes)
            try decode(location, base: UnsafeRawBufferPointer(baseBytes), checked: false, with: scratch, into: target)
        } else {
            try decode(location, base: nil, checked: false, with: scratch, into: target)
        }
    }

    func verify(_ digest: Digest, _ location: ChunkLocation) throws(ContentError) {
        guard digest == location.digest else { throw damaged(location, "does not match its digest") }
    }

    /// Reads a chunk that differences are taken from into `target`, from the cache or from its pack.
    ///
    /// Its stored bytes are held against their checksum, not its raw bytes against their digest: whatever is made of them
    /// is checked by a digest of its own, and hashing every base would cost as much again as hashing what is stored.
    func readBase(_ location: ChunkLocation, into target: UnsafeMutableRawBufferPointer) throws(ContentError) {
        let scratch = takeScratch()
        defer { giveBack(scratch) }
        try readBase(location, keeps: false, with: scratch, into: target)
    }

    private func readBase(
        _ location: ChunkLocation, keeps: Bool, with scratch: ReadScratch, into target: UnsafeMutableRawBufferPointer
    ) throws(ContentError) {
        try check(location)
        if let cached = bases.withLock({ $0.value(for: location.digest) }) {
            cached.withUnsafeBytes { target.copyMemory(from: $0) }
            return
        }
        try decode(location, base: nil, checked: true, with: scratch, into: target)
        guard keeps else { return }
        bases.withLock { $0.insert(Array(target), for: location.digest, cost: target.count) }
    }

    private func takeScratch() -> ReadScratch { scratches.withLock { $0.popLast() } ?? ReadScratch() }

    private func giveBack(_ scratch: ReadScratch) {
        scratches.withLock { if $0.count < WorkerExecutor.width + 2 { $0.append(scratch) } }
    }

    private func decode(
        _ location: ChunkLocation, base: UnsafeRawBufferPointer?, checked: Bool, with scratch: ReadScratch,
        into target: UnsafeMutableRawBufferPointer
    ) throws(ContentError) {
        let file = try openPack(location.pack)
        let payload = scratch.payload(count: location.storedBytes)
        do throws(ContentError) {
            try file.readExactly(into: payload, at: location.offset, path: folder.path(of: location.pack))
            guard !checked || PackFormat.checksum(UnsafeRawBufferPointer(payload)) == location.checksum else {
                throw ContentError(.corrupted, "its \(payload.count) stored bytes do not match their checksum")
            }
            try scratch.decode(UnsafeRawBufferPointer(payload), location.encoding, base: base, into: target)
        } catch where error.code == .corrupted {
            throw damaged(location, "cannot be decoded (\(error.message))")
        }
    }

    /// What the index says is no more trusted than a pack: nothing is allocated by it before this.
    func check(_ location: ChunkLocation) throws(ContentError) {
        guard (1...PackFormat.chunkRawBytesMax).contains(location.rawBytes),
            (1...location.rawBytes).contains(location.storedBytes), location.offset >= Int64(PackFormat.headerSizeBytes),
            location.offset <= Int64.max - Int64(location.storedBytes)
        else {
            throw damaged(
                location, "has an impossible entry in the catalog: \(location.storedBytes) bytes stored for \(location.rawBytes)")
        }
    }

    private func damaged(_ location: ChunkLocation, _ reason: String) -> ContentError {
        ContentError(
            .corrupted, "chunk \(location.digest) at byte \(location.offset) of its pack \(reason)",
            path: folder.path(of: location.pack), digest: location.digest)
    }

    private func openPack(_ name: PackName) throws(ContentError) -> any DiskFile {
        if let file = openPacks.withLock({ $0.value(for: name) }) { return file }
        let file = try folder.open(name)
        openPacks.withLock { $0.insert(file, for: name, cost: 1) }
        return file
    }

    /// Forgets open packs; for a pack that was moved or removed.
    func closePacks() { openPacks.withLock { $0.removeAll() } }
}

/// An array whose memory is filled once, by `body`.
func makeArray(
    count: Int, _ body: (UnsafeMutableRawBufferPointer) throws(ContentError) -> Void
) throws(ContentError) -> [UInt8] {
    var failure: ContentError?
    let array = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        do throws(ContentError) {
            try body(UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[0..<count]))
            initialized = count
        } catch {
            failure = error
            initialized = 0
        }
    }
    if let failure { throw failure }
    return array
}
