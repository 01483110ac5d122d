/// Writes one pack: records are appended to a staging file, then the directory seals it under its name.
///
/// The pipeline's appender is its only caller at any moment. Dropping it unsealed leaves the staging file behind.
struct PackWriter: ~Copyable {
    /// Bytes appended between two early syncs.
    private static let syncStepBytes: Int64 = 4 << 20

    private let file: any DiskFile
    private let path: String
    private let header: [UInt8]
    private(set) var sizeBytes: Int64
    private let earlySync: EarlySync
    private var syncedBytes: Int64 = 0
    private var storedBytes: Int64 = 0
    private(set) var chunks: [PackedChunk] = []

    /// Creates the staging file and writes the header.
    init(disk: any StoreDisk, path: String, nonce: [UInt8]) throws(ContentError) {
        let header = PackHeader(nonce: nonce).encoded()
        let file = try disk.open(path, .create)
        try Self.write(header, to: file, at: 0)
        self.path = path
        self.header = header
        self.file = file
        earlySync = EarlySync(file)
        sizeBytes = Int64(header.count)
    }

    private static func write(_ bytes: [UInt8], to file: any DiskFile, at offset: Int64) throws(ContentError) {
        try bytes.withBytes { buffer throws(ContentError) in try file.write(buffer, at: offset) }
    }

    /// Appends records that were laid out one behind the other; the chunks' offsets count from the first byte of `records`.
    mutating func append(_ records: UnsafeRawBufferPointer, chunks newChunks: [PackedChunk]) throws(ContentError) {
        try file.write(records, at: sizeBytes)
        for chunk in newChunks {
            chunks.append(chunk.moved(to: chunk.offset + sizeBytes))
            storedBytes += Int64(chunk.storedBytes)
        }
        sizeBytes += Int64(records.count)
        if sizeBytes - syncedBytes >= Self.syncStepBytes, try earlySync.start() { syncedBytes = sizeBytes }
    }

    /// Writes directory and footer and makes the file durable. It has its final name only once it is published.
    ///
    /// Cost: one fdatasync, of what came after the last early one.
    /// - Throws: `.limitExceeded` when the directory would be larger than a reader takes; `.noSpace`, `.io`.
    consuming func seal(commitRecords: [CommitRecord]) throws(ContentError) -> SealedPack {
        let directory = PackDirectory(chunks: chunks, commitRecords: commitRecords)
        let (bytes, baseCount) = directory.encoded()
        guard Int64(bytes.count) <= PackFormat.directoryBytesMax else {
            throw ContentError(
                .limitExceeded,
                "the directory of pack \(path) has \(bytes.count) bytes, above \(PackFormat.directoryBytesMax); commit less at once",
                path: path)
        }
        let name = bytes.withUnsafeBytes { PackDirectory.name(header: header, directory: $0) }
        let footer = PackFooter(
            directoryOffset: sizeBytes, directoryBytes: Int64(bytes.count), chunkCount: UInt32(chunks.count),
            baseCount: UInt32(baseCount), commitRecordCount: UInt32(commitRecords.count), storedBytes: storedBytes,
            name: name)
        let end = bytes + footer.encoded()
        try Self.write(end, to: file, at: sizeBytes)
        try earlySync.finish()
        return SealedPack(name: name, sizeBytes: sizeBytes + Int64(end.count), chunks: chunks)
    }
}
