@testable import ContentStore

/// Writes packs without the ingest in between, and forges damaged ones.
struct PackBuilder {
    var chunks: [PackedChunk] = []
    var records: [UInt8] = []
    let commitRecords: [CommitRecord]
    let nonce: [UInt8]

    /// Some chunks of all codecs (their payloads are noise: only `ChunkReader` looks into them) and two commit records.
    init(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        nonce = generator.bytes(16)
        let base = Digest(of: generator.bytes(9))
        let encodings: [ChunkEncoding] = [
            .raw, .lz4, .planes(elementBytes: 4, phase: 1, ranksExponents: true), .difference(elementBytes: 2, phase: 0),
            .difference(elementBytes: 8, phase: 3),
        ]
        var pieces: [ValuePiece] = []
        for (index, encoding) in encodings.enumerated() {
            let payload = generator.bytes(50 + 10 * index)
            let isDifference = encoding.codec == .difference
            let digest = Digest(of: payload)
            let packed = PackedChunk(
                digest: digest, offset: Int64(records.count + (isDifference ? 88 : 56)), storedBytes: payload.count,
                rawBytes: encoding == .raw ? payload.count : 300 + index, encoding: encoding,
                checksum: PackFormat.checksum(payload), base: isDifference ? base : nil)
            records += packed.recordHead() + payload
            chunks.append(packed)
            pieces.append(ValuePiece(digest: digest, rawBytes: packed.rawBytes, known: nil))
        }
        commitRecords = [
            CommitRecord(
                metadata: Array("{\"name\":\"v1\"}".utf8), values: [IngestedValue(inline: [1, 2, 3]), IngestedValue(pieces: pieces)]),
            CommitRecord(metadata: [], values: [IngestedValue(inline: [])]),
        ]
    }

    /// Writes and seals the pack at `path`.
    func write(to path: String, disk: any StoreDisk = LocalDisk()) throws -> SealedPack {
        var writer = try PackWriter(disk: disk, path: path, nonce: nonce)
        try records.withUnsafeBytes { try writer.append($0, chunks: chunks) }
        return try writer.seal(commitRecords: commitRecords)
    }

    /// A pack around any directory, whose checksums and digest are right.
    static func forged(directory: [UInt8], body: Int = 400, change: (inout PackFooter) -> Void = { _ in }) -> [UInt8] {
        let header = PackHeader(nonce: [UInt8](repeating: 1, count: 16)).encoded()
        var footer = PackFooter(
            directoryOffset: Int64(header.count + body), directoryBytes: Int64(directory.count), chunkCount: 0, baseCount: 0,
            commitRecordCount: 0, storedBytes: 0,
            name: directory.withUnsafeBytes { PackDirectory.name(header: header, directory: $0) })
        change(&footer)
        return header + [UInt8](repeating: 0, count: body) + directory + footer.encoded()
    }
}
