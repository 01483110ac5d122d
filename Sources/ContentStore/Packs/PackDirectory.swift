import Crypto

/// A pack's own index: its chunks and its commit records.
///
/// ```
/// entry × chunkCount (64 bytes each) | base digest × baseCount (32 each) | commit record × commitRecordCount
/// ```
struct PackDirectory {
    var chunks: [PackedChunk]
    var commitRecords: [CommitRecord]

    init(chunks: [PackedChunk], commitRecords: [CommitRecord]) {
        self.chunks = chunks
        self.commitRecords = commitRecords
    }

    /// The directory's bytes and the count of base digests among them.
    func encoded() -> (bytes: [UInt8], baseCount: Int) {
        var bases: [Digest: UInt32] = [:]
        var baseOrder: [Digest] = []
        var writer = LittleEndianWriter(capacity: chunks.count * PackFormat.entrySizeBytes)
        for chunk in chunks {
            writer.append(contentsOf: chunk.digest.bytes)
            writer.append(chunk.offset)
            writer.append(UInt32(chunk.storedBytes))
            writer.append(UInt32(chunk.rawBytes))
            writer.append(chunk.encoding.packed)
            writer.append(chunk.checksum)
            guard let base = chunk.base else {
                writer.append(PackFormat.noBase)
                writer.append(UInt32(0))
                continue
            }
            if bases[base] == nil {
                bases[base] = UInt32(baseOrder.count)
                baseOrder.append(base)
            }
            writer.append(bases[base]!)
            writer.append(UInt32(0))
        }
        for base in baseOrder { writer.append(contentsOf: base.bytes) }
        for record in commitRecords { record.encode(into: &writer) }
        return (writer.bytes, baseOrder.count)
    }

    /// The name that a pack with this header and directory has.
    static func name(header: [UInt8], directory: UnsafeRawBufferPointer) -> PackName {
        var hash = SHA256()
        hash.update(data: header)
        hash.update(bufferPointer: directory)
        return PackName(Digest(hash.finalize()))
    }

    /// Reads what `encoded()` wrote; nothing in `bytes` is trusted.
    init(_ bytes: UnsafeRawBufferPointer, footer: PackFooter, path: String) throws(ContentError) {
        var reader = LittleEndianReader(bytes, "the directory of pack \(path)")
        let fixed = Int64(footer.chunkCount) * Int64(PackFormat.entrySizeBytes)
            + Int64(footer.baseCount) * Int64(Digest.sizeBytes)
        guard fixed <= Int64(bytes.count) else {
            throw ContentError(.corrupted, "the pack's directory is too short for \(footer.chunkCount) chunks", path: path)
        }
        var raw: [(chunk: PackedChunk, base: UInt32)] = []
        raw.reserveCapacity(Int(footer.chunkCount))
        for _ in 0..<footer.chunkCount { raw.append(try Self.entry(&reader, footer: footer, path: path)) }
        var bases: [Digest] = []
        for _ in 0..<footer.baseCount { bases.append(try reader.digest()) }
        chunks = []
        chunks.reserveCapacity(raw.count)
        for (chunk, base) in raw {
            guard base == PackFormat.noBase || base < footer.baseCount else {
                throw ContentError(.corrupted, "a chunk's base number \(base) passes the \(footer.baseCount) bases", path: path)
            }
            guard (chunk.encoding.codec == .difference) == (base != PackFormat.noBase) else {
                throw ContentError(
                    .corrupted, "chunk \(chunk.digest) is a difference without a base, or has a base and is none", path: path)
            }
            chunks.append(base == PackFormat.noBase ? chunk : chunk.with(base: bases[Int(base)]))
        }
        commitRecords = []
        for _ in 0..<footer.commitRecordCount { commitRecords.append(try CommitRecord(&reader)) }
        guard reader.remaining == 0 else {
            throw ContentError(.corrupted, "the pack's directory goes on for \(reader.remaining) bytes after its records", path: path)
        }
    }

    private static func entry(
        _ reader: inout LittleEndianReader, footer: PackFooter, path: String
    ) throws(ContentError) -> (PackedChunk, UInt32) {
        let digest = try reader.digest()
        let offset = try reader.next(Int64.self)
        let storedBytes = try reader.next(UInt32.self)
        let rawBytes = try reader.next(UInt32.self)
        let encoding = try ChunkEncoding(packed: try reader.next(UInt32.self))
        let checksum = try reader.next(UInt32.self)
        let base = try reader.next(UInt32.self)
        _ = try reader.next(UInt32.self)
        guard offset >= Int64(PackFormat.headerSizeBytes), offset <= footer.directoryOffset - Int64(storedBytes),
            rawBytes > 0, rawBytes <= UInt32(PackFormat.chunkRawBytesMax), storedBytes > 0, storedBytes <= rawBytes
        else {
            throw ContentError(.corrupted, "the pack's directory places chunk \(digest) outside the file", path: path)
        }
        let chunk = PackedChunk(
            digest: digest, offset: offset, storedBytes: Int(storedBytes), rawBytes: Int(rawBytes), encoding: encoding,
            checksum: checksum, base: nil)
        return (chunk, base)
    }
}

extension PackedChunk {
    func with(base: Digest?) -> PackedChunk {
        PackedChunk(
            digest: digest, offset: offset, storedBytes: storedBytes, rawBytes: rawBytes, encoding: encoding,
            checksum: checksum, base: base)
    }

    func moved(to offset: Int64) -> PackedChunk {
        PackedChunk(
            digest: digest, offset: offset, storedBytes: storedBytes, rawBytes: rawBytes, encoding: encoding,
            checksum: checksum, base: base)
    }
}
