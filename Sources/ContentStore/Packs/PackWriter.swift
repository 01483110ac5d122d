import CKernels

/// Writes one pack: records are appended to a staging file, then the directory seals it under its name.
///
/// Not thread-safe by itself: the pipeline's appender is its only caller at any moment.
struct PackWriter: ~Copyable {
    /// Bytes appended between two early write-backs.
    private static let writebackStepBytes: Int64 = 8 << 20

    private let disk: any StoreDisk
    private let file: any DiskFile
    private let path: String
    private let header: [UInt8]
    private(set) var sizeBytes: Int64
    private var writtenBackBytes: Int64 = 0
    private var storedBytes: Int64 = 0
    private(set) var chunks: [PackedChunk] = []

    /// Creates the staging file and writes the header.
    init(disk: any StoreDisk, path: String, nonce: [UInt8]) throws(ContentError) {
        self.disk = disk
        self.path = path
        header = PackHeader(nonce: nonce).encoded()
        file = try disk.open(path, .create)
        sizeBytes = Int64(header.count)
        try Self.write(header, to: file, at: 0)
    }

    private static func write(_ bytes: [UInt8], to file: any DiskFile, at offset: Int64) throws(ContentError) {
        do {
            try bytes.withUnsafeBytes { try file.write($0, at: offset) }
        } catch let error as ContentError {
            throw error
        } catch {
            throw ContentError(.io, "\(error)")
        }
    }

    /// Appends records that were laid out one behind the other; the chunks' offsets count from the first byte of `records`.
    mutating func append(_ records: UnsafeRawBufferPointer, chunks newChunks: [PackedChunk]) throws(ContentError) {
        try file.write(records, at: sizeBytes)
        for chunk in newChunks {
            chunks.append(chunk.moved(to: chunk.offset + sizeBytes))
            storedBytes += Int64(chunk.storedBytes)
        }
        sizeBytes += Int64(records.count)
        if sizeBytes - writtenBackBytes >= Self.writebackStepBytes {
            file.startWriteback(offset: writtenBackBytes, length: sizeBytes - writtenBackBytes)
            writtenBackBytes = sizeBytes
        }
    }

    /// Writes directory and footer, makes the file durable and gives it its final name beside the staging one.
    ///
    /// The staging name stays until the session ends: it shows whose pack this is while the catalog does not mention it.
    /// Cost: one fdatasync of the file, one fsync of each folder on the way.
    consuming func seal(packsFolder: String, commitRecords: [CommitRecord]) throws(ContentError) -> SealedPack {
        let directory = PackDirectory(chunks: chunks, commitRecords: commitRecords)
        let (bytes, baseCount) = directory.encoded()
        let name = bytes.withUnsafeBytes { PackDirectory.name(header: header, directory: $0) }
        let footer = PackFooter(
            directoryOffset: sizeBytes, directoryBytes: Int64(bytes.count), chunkCount: UInt32(chunks.count),
            baseCount: UInt32(baseCount), commitRecordCount: UInt32(commitRecords.count), storedBytes: storedBytes,
            name: name)
        try Self.write(bytes + footer.encoded(), to: file, at: sizeBytes)
        let total = sizeBytes + Int64(bytes.count + PackFormat.footerSizeBytes)
        try file.sync()
        try PackFolder(disk: disk, path: packsFolder).publish(path, as: name)
        return SealedPack(name: name, sizeBytes: total, chunks: chunks)
    }
}
