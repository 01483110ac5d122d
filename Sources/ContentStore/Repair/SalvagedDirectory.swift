/// What can be believed of a directory that does not match the pack's name, or whose footer is gone.
struct SalvagedDirectory {
    private(set) var chunks: [PackedChunk] = []
    private(set) var commitRecords: [CommitRecord] = []

    /// - Parameter recordsEnd: where the last readable record ends: there the directory begins if the footer does not say.
    init(_ file: PackBytes, recordsEnd: Int64) {
        let footerAt = file.sizeBytes - Int64(PackFormat.footerSizeBytes)
        let footerBytes = file.bytes(PackFormat.footerSizeBytes, at: footerAt)
        let footer = footerBytes.flatMap { bytes in
            bytes.withUnsafeBytes { try? PackFooter($0, fileBytes: file.sizeBytes, path: "") }
        }
        let start = footer?.directoryOffset ?? recordsEnd
        let hasFooter = footerBytes?.starts(with: PackFormat.footerMagic) ?? false
        let end = footer != nil || hasFooter ? footerAt : file.sizeBytes
        guard end > start, end - start <= PackFormat.directoryBytesMax, let bytes = file.bytes(Int(end - start), at: start) else { return }
        bytes.withUnsafeBytes { read($0, start: start, footer: footer) }
    }

    private mutating func read(_ bytes: UnsafeRawBufferPointer, start: Int64, footer: PackFooter?) {
        var entries: [(chunk: PackedChunk, base: UInt32)] = []
        var count = 0
        var lastOffset: Int64 = 0
        while (count + 1) * PackFormat.entrySizeBytes <= bytes.count, count < Int(footer?.chunkCount ?? .max) {
            let entry = Self.entry(bytes, count, before: start)
            if let entry, entry.chunk.offset > lastOffset {
                entries.append(entry)
                lastOffset = entry.chunk.offset
            } else if footer == nil {
                break
            }
            count += 1
        }
        let highest = entries.map(\.base).filter { $0 != PackFormat.noBase }.max()
        let baseCount = Int(footer?.baseCount ?? highest.map { $0 &+ 1 } ?? 0)
        let basesAt = count * PackFormat.entrySizeBytes
        guard baseCount <= (bytes.count - basesAt) / Digest.sizeBytes else { return }
        var reader = LittleEndianReader(UnsafeRawBufferPointer(rebasing: bytes[basesAt...]), "a damaged directory")
        var bases: [Digest] = []
        while bases.count < baseCount, let base = try? reader.digest() { bases.append(base) }
        chunks = entries.compactMap { chunk, base in
            if base == PackFormat.noBase { return chunk.encoding.codec == .difference ? nil : chunk }
            return Int(base) < bases.count ? chunk.with(base: bases[Int(base)]) : nil
        }
        while reader.remaining > 0, let record = try? CommitRecord(&reader) {
            if record.values.allSatisfy(\.matchesItsDigest) { commitRecords.append(record) }
        }
    }

    private static func entry(
        _ bytes: UnsafeRawBufferPointer, _ number: Int, before end: Int64
    ) -> (chunk: PackedChunk, base: UInt32)? {
        let at = number * PackFormat.entrySizeBytes
        var reader = LittleEndianReader(UnsafeRawBufferPointer(rebasing: bytes[at..<at + PackFormat.entrySizeBytes]), "an entry")
        guard let digest = try? reader.digest(), let offset = try? reader.next(Int64.self),
            let storedBytes = try? reader.next(UInt32.self), let rawBytes = try? reader.next(UInt32.self),
            let packed = try? reader.next(UInt32.self), let encoding = try? ChunkEncoding(packed: packed),
            let checksum = try? reader.next(UInt32.self), let base = try? reader.next(UInt32.self),
            offset >= Int64(PackFormat.headerSizeBytes), offset <= end - Int64(storedBytes), storedBytes > 0,
            storedBytes <= rawBytes, rawBytes <= UInt32(PackFormat.chunkRawBytesMax)
        else { return nil }
        let chunk = PackedChunk(
            digest: digest, offset: offset, storedBytes: Int(storedBytes), rawBytes: Int(rawBytes), encoding: encoding,
            checksum: checksum, base: nil)
        return (chunk, base)
    }
}

extension IngestedValue {
    /// Whether bytes or pieces are those that the digest was made of.
    public var matchesItsDigest: Bool {
        switch content {
        case .inline(let bytes): IngestedValue(inline: bytes).digest == digest
        case .pieces(let pieces):
            Self.digest(ofPieces: pieces.map { ($0.digest, $0.rawBytes) }, sizeBytes: sizeBytes) == digest
        }
    }
}
