/// Reads a pack's own index: for verifying and for rebuilding the catalog. Chunks are read through `ChunkReader`.
public struct PackReader: Sendable {
    public let name: PackName
    public let sizeBytes: Int64
    public let chunks: [PackedChunk]
    public let commitRecords: [CommitRecord]

    /// Reads and checks header, footer and directory of the pack at `path`.
    ///
    /// Cost: four reads, the directory's size in memory (at most 1 GiB, mostly 64 bytes a chunk).
    /// - Throws: `.corrupted`, `.unsupportedVersion`, `.notFound`, `.io`.
    public init(path: String, disk: any StoreDisk = LocalDisk()) throws(ContentError) {
        let file = try disk.open(path, .read)
        sizeBytes = try file.status().sizeBytes
        let least = Int64(PackFormat.headerSizeBytes + PackFormat.footerSizeBytes)
        guard sizeBytes >= least else {
            throw ContentError(.corrupted, "the pack has \(sizeBytes) bytes; the least is \(least)", path: path)
        }
        let header = try Self.read(file, PackFormat.headerSizeBytes, at: 0, path)
        let footerBytes = try Self.read(file, PackFormat.footerSizeBytes, at: sizeBytes - Int64(PackFormat.footerSizeBytes), path)
        let fileBytes = sizeBytes
        _ = try header.withBytes { bytes throws(ContentError) in try PackHeader(bytes, path: path) }
        let footer = try footerBytes.withBytes { bytes throws(ContentError) in
            try PackFooter(bytes, fileBytes: fileBytes, path: path)
        }
        let bytes = try Self.read(file, Int(footer.directoryBytes), at: footer.directoryOffset, path)
        guard bytes.withUnsafeBytes({ PackDirectory.name(header: header, directory: $0) }) == footer.name else {
            throw ContentError(.corrupted, "the pack's directory does not match its digest", path: path)
        }
        let directory = try bytes.withBytes { bytes throws(ContentError) in
            try PackDirectory(bytes, footer: footer, path: path)
        }
        name = footer.name
        chunks = directory.chunks
        commitRecords = directory.commitRecords
    }

    private static func read(
        _ file: any DiskFile, _ count: Int, at offset: Int64, _ path: String
    ) throws(ContentError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        try bytes.withMutableBytes { buffer throws(ContentError) in try file.readExactly(into: buffer, at: offset, path: path) }
        return bytes
    }
}
