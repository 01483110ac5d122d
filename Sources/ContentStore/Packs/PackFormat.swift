import CKernels

/// The fixed parts of a pack file. FORMAT.md has the same tables; a test holds them together.
///
/// ```
/// header | record | record | … | directory | footer
/// ```
/// All numbers are little-endian. Records describe themselves, so that a pack that lost its end can still be read.
enum PackFormat {
    static let version: UInt32 = 1
    static let headerMagic = Array("STRATAPK".utf8)
    static let footerMagic = Array("STRATAIX".utf8)
    static let recordMagic: UInt32 = 0x4b4e_4843

    static let headerSizeBytes = 64
    /// Without the base digest that follows in a difference's record.
    static let recordHeadSizeBytes = 56
    static let entrySizeBytes = 64
    static let footerSizeBytes = 128
    static let noBase = UInt32.max

    /// The largest chunk that a pack may hold, raw: what a reader is ready to allocate for untrusted lengths.
    static let chunkRawBytesMax = 16 << 20
    /// The largest directory that a reader is ready to allocate.
    static let directoryBytesMax: Int64 = 1 << 30

    static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        ck_crc32c(0, bytes.baseAddress, bytes.count)
    }

    static func checksum(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { checksum($0) } }
}

/// The first 64 bytes of a pack.
struct PackHeader {
    /// 16 random bytes: two packs of equal content still have different names.
    let nonce: [UInt8]

    func encoded() -> [UInt8] {
        var writer = LittleEndianWriter(capacity: PackFormat.headerSizeBytes)
        writer.append(contentsOf: PackFormat.headerMagic)
        writer.append(PackFormat.version)
        writer.append(UInt32(PackFormat.headerSizeBytes))
        writer.append(contentsOf: nonce)
        writer.pad(to: PackFormat.headerSizeBytes - 4)
        writer.append(PackFormat.checksum(writer.bytes))
        return writer.bytes
    }

    init(nonce: [UInt8]) {
        precondition(nonce.count == 16)
        self.nonce = nonce
    }

    /// - Throws: `.corrupted`, or `.unsupportedVersion` for a newer pack.
    init(_ bytes: UnsafeRawBufferPointer, path: String) throws(ContentError) {
        var reader = LittleEndianReader(bytes, "a pack's header")
        guard try reader.take(8).elementsEqual(PackFormat.headerMagic) else {
            throw ContentError(.corrupted, "the file does not begin with a pack's magic bytes", path: path)
        }
        try PackHeader.check(version: try reader.next(UInt32.self), path: path)
        guard try reader.next(UInt32.self) == UInt32(PackFormat.headerSizeBytes) else {
            throw ContentError(.corrupted, "the pack's header does not have \(PackFormat.headerSizeBytes) bytes", path: path)
        }
        nonce = Array(try reader.take(16))
        let body = UnsafeRawBufferPointer(rebasing: bytes[0..<PackFormat.headerSizeBytes - 4])
        let stored = bytes.loadUnaligned(fromByteOffset: PackFormat.headerSizeBytes - 4, as: UInt32.self)
        guard UInt32(littleEndian: stored) == PackFormat.checksum(body) else {
            throw ContentError(.corrupted, "the pack's header does not match its checksum", path: path)
        }
    }

    static func check(version: UInt32, path: String) throws(ContentError) {
        guard version > 0 else { throw ContentError(.corrupted, "the pack has format version 0", path: path) }
        guard version == PackFormat.version else {
            throw ContentError(
                .unsupportedVersion,
                "the pack has format version \(version), this program reads version \(PackFormat.version); use a newer program",
                path: path)
        }
    }
}

/// The last 128 bytes of a pack: where the directory is and what it must hash to.
struct PackFooter {
    var directoryOffset: Int64
    var directoryBytes: Int64
    var chunkCount: UInt32
    var baseCount: UInt32
    var commitRecordCount: UInt32
    var storedBytes: Int64
    var name: PackName

    func encoded() -> [UInt8] {
        var writer = LittleEndianWriter(capacity: PackFormat.footerSizeBytes)
        writer.append(contentsOf: PackFormat.footerMagic)
        writer.append(PackFormat.version)
        writer.append(UInt32(PackFormat.footerSizeBytes))
        writer.append(directoryOffset)
        writer.append(directoryBytes)
        writer.append(chunkCount)
        writer.append(baseCount)
        writer.append(commitRecordCount)
        writer.append(UInt32(0))
        writer.append(storedBytes)
        writer.append(contentsOf: name.digest.bytes)
        writer.pad(to: PackFormat.footerSizeBytes - 4)
        writer.append(PackFormat.checksum(writer.bytes))
        return writer.bytes
    }

    init(
        directoryOffset: Int64, directoryBytes: Int64, chunkCount: UInt32, baseCount: UInt32, commitRecordCount: UInt32,
        storedBytes: Int64, name: PackName
    ) {
        self.directoryOffset = directoryOffset
        self.directoryBytes = directoryBytes
        self.chunkCount = chunkCount
        self.baseCount = baseCount
        self.commitRecordCount = commitRecordCount
        self.storedBytes = storedBytes
        self.name = name
    }

    /// - Parameter fileBytes: the size of the whole file, which bounds every field.
    init(_ bytes: UnsafeRawBufferPointer, fileBytes: Int64, path: String) throws(ContentError) {
        func damaged(_ reason: String) -> ContentError { ContentError(.corrupted, "the pack's footer \(reason)", path: path) }
        var reader = LittleEndianReader(bytes, "a pack's footer")
        guard try reader.take(8).elementsEqual(PackFormat.footerMagic) else { throw damaged("lacks its magic bytes") }
        try PackHeader.check(version: try reader.next(UInt32.self), path: path)
        guard try reader.next(UInt32.self) == UInt32(PackFormat.footerSizeBytes) else {
            throw damaged("does not have \(PackFormat.footerSizeBytes) bytes")
        }
        directoryOffset = try reader.next(Int64.self)
        directoryBytes = try reader.next(Int64.self)
        chunkCount = try reader.next(UInt32.self)
        baseCount = try reader.next(UInt32.self)
        commitRecordCount = try reader.next(UInt32.self)
        _ = try reader.next(UInt32.self)
        storedBytes = try reader.next(Int64.self)
        name = PackName(try reader.digest())
        let body = UnsafeRawBufferPointer(rebasing: bytes[0..<PackFormat.footerSizeBytes - 4])
        let stored = bytes.loadUnaligned(fromByteOffset: PackFormat.footerSizeBytes - 4, as: UInt32.self)
        guard UInt32(littleEndian: stored) == PackFormat.checksum(body) else { throw damaged("does not match its checksum") }
        guard directoryOffset >= Int64(PackFormat.headerSizeBytes), directoryBytes >= 0,
            directoryBytes <= PackFormat.directoryBytesMax,
            directoryOffset.addingReportingOverflow(directoryBytes).partialValue
                == fileBytes - Int64(PackFormat.footerSizeBytes)
        else { throw damaged("places the directory outside the file") }
    }
}
