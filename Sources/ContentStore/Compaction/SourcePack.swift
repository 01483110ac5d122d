/// A pack whose chunks are copied: its own index, which its name vouches for, and its stored bytes.
public struct SourcePack: Sendable {
    private let file: any DiskFile
    private let path: String
    /// By digest.
    private let chunks: [Digest: PackedChunk]
    public let commitRecords: [CommitRecord]

    /// Opens a pack and reads its index. Blocks.
    ///
    /// Cost: as `PackReader`; one open file as long as this lives.
    /// - Throws: `.notFound`, `.corrupted`, `.unsupportedVersion`, `.io`.
    public init(_ name: PackName, packsFolder: String, disk: any StoreDisk) throws(ContentError) {
        path = packsFolder + "/" + name.relativePath
        file = try disk.open(path, .read)
        let pack = try PackReader(path: path, disk: disk)
        guard pack.name == name else {
            throw ContentError(.corrupted, "the file of pack \(name) holds another pack: \(pack.name)", path: path)
        }
        chunks = Dictionary(pack.chunks.map { ($0.digest, $0) }) { first, _ in first }
        commitRecords = pack.commitRecords
    }

    /// What the pack says of a chunk; nil when the index over packs says something else of it.
    public func chunk(at location: ChunkLocation) -> PackedChunk? {
        guard let chunk = chunks[location.digest], chunk.offset == location.offset, chunk.storedBytes == location.storedBytes,
            chunk.rawBytes == location.rawBytes, chunk.encoding == location.encoding, chunk.checksum == location.checksum,
            (chunk.base == nil) == (location.base == nil)
        else { return nil }
        return chunk
    }

    /// A chunk's stored bytes, held against their checksum. Blocks.
    /// - Throws: `.corrupted`, `.io`.
    public func payload(of chunk: PackedChunk) throws(ContentError) -> [UInt8] {
        let payload = try makeArray(count: chunk.storedBytes) { target throws(ContentError) in
            try file.readExactly(into: target, at: chunk.offset, path: path)
        }
        guard PackFormat.checksum(payload) == chunk.checksum else {
            throw ContentError(
                .corrupted, "the stored bytes of chunk \(chunk.digest) do not match their checksum", path: path, digest: chunk.digest)
        }
        return payload
    }
}

extension ChunkReader {
    /// A chunk's raw bytes, held against its digest. Blocks: call it on a worker.
    ///
    /// - Throws: as `read`.
    public func bytes(of location: ChunkLocation, base: ChunkLocation?) throws(ContentError) -> [UInt8] {
        try makeArray(count: location.rawBytes) { target throws(ContentError) in
            // The base is that of the chunks beside it too.
            try read(location, base: base, keepsBase: true, into: target)
        }
    }
}
