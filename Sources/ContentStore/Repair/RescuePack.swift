/// Writes a pack of chunks that exist already: saved from a damaged pack, or brought from another store.
///
/// Dropping it unsealed leaves the file at the staging path behind.
public struct RescuePack: ~Copyable {
    private var writer: PackWriter
    private let stagingPath: String
    private let folder: PackFolder

    /// Creates the file at `stagingPath`, which must not exist.
    public init(stagingPath: String, packsFolder: String, disk: any StoreDisk) throws(ContentError) {
        self.stagingPath = stagingPath
        folder = PackFolder(disk: disk, path: packsFolder)
        writer = try PackWriter(disk: disk, path: stagingPath, nonce: (0..<16).map { _ in .random(in: 0...255) })
    }

    public var sizeBytes: Int64 { writer.sizeBytes }
    public var chunkCount: Int { writer.chunks.count }

    /// Appends a chunk as it is stored elsewhere.
    /// - Precondition: `payload` has matched the chunk's checksum.
    public mutating func append(_ chunk: PackedChunk, payload: [UInt8]) throws(ContentError) {
        let head = chunk.recordHead()
        let placed = chunk.moved(to: Int64(head.count))
        try (head + payload).withBytes { bytes throws(ContentError) in try writer.append(bytes, chunks: [placed]) }
    }

    /// Appends a chunk in an encoding that needs no other chunk.
    /// - Precondition: 1 byte to 16 MiB.
    public mutating func append(raw: [UInt8]) throws(ContentError) {
        let (chunk, payload) = PackedChunk.encoded(raw)
        try append(chunk, payload: payload)
    }

    /// Seals the pack and gives it its final name beside the staging one. It is durable when this returns.
    ///
    /// Cost: one fdatasync and two fsyncs of folders.
    public consuming func seal(commitRecords: [CommitRecord] = []) throws(ContentError) -> SealedPack {
        let (folder, stagingPath) = (folder, stagingPath)
        let pack = try writer.seal(commitRecords: commitRecords)
        try folder.publish(stagingPath, as: pack.name)
        return pack
    }
}

extension PackedChunk {
    /// A chunk in an encoding that needs no other chunk, before it has a place, and its stored bytes.
    /// - Precondition: 1 byte to 16 MiB.
    public static func encoded(_ raw: [UInt8]) -> (chunk: PackedChunk, payload: [UInt8]) {
        var payload = [UInt8](repeating: 0, count: raw.count)
        let (encoding, storedBytes) = payload.withUnsafeMutableBytes { target in
            raw.withUnsafeBytes { EncodeScratch().encode($0, base: nil, into: target) }
        }
        payload.removeLast(payload.count - storedBytes)
        let chunk = PackedChunk(
            digest: Digest(of: raw), offset: 0, storedBytes: storedBytes, rawBytes: raw.count, encoding: encoding,
            checksum: PackFormat.checksum(payload), base: nil)
        return (chunk, payload)
    }

    /// The chunk's stored bytes in the pack at `path`, held against their checksum.
    /// - Throws: `corrupted`, `not_found`, `io`.
    public func payload(inPackAt path: String, disk: any StoreDisk) throws(ContentError) -> [UInt8] {
        let file = try disk.open(path, .read)
        var bytes = [UInt8](repeating: 0, count: storedBytes)
        let offset = offset
        try bytes.withMutableBytes { buffer throws(ContentError) in try file.readExactly(into: buffer, at: offset, path: path) }
        guard PackFormat.checksum(bytes) == checksum else {
            throw ContentError(.corrupted, "the stored bytes of chunk \(digest) do not match their checksum", path: path, digest: digest)
        }
        return bytes
    }

    /// The chunk's raw bytes, held against its digest.
    ///
    /// - Parameter base: the raw bytes of the chunk that a difference was taken from.
    /// - Throws: `corrupted`.
    public func decoded(_ payload: [UInt8], base: [UInt8]?) throws(ContentError) -> [UInt8] {
        let scratch = ReadScratch()
        let encoding = encoding
        let bytes = try makeArray(count: rawBytes) { target throws(ContentError) in
            try payload.withBytes { stored throws(ContentError) in
                guard let base else {
                    try scratch.decode(stored, encoding, base: nil, into: target)
                    return
                }
                try base.withBytes { raw throws(ContentError) in try scratch.decode(stored, encoding, base: raw, into: target) }
            }
        }
        guard Digest(of: bytes) == digest else {
            throw ContentError(.corrupted, "chunk \(digest) does not match its digest", digest: digest)
        }
        return bytes
    }
}
