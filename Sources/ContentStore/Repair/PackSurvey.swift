import Glibc

/// What can still be read of a file that should be a pack, whatever has become of it.
///
/// Where the directory is sound, it tells what the pack holds. Where it is not, the records' heads do: each has a checksum
/// of its own, and behind damage the next head is searched for.
public struct PackSurvey: Sendable {
    public let path: String
    public let sizeBytes: Int64
    /// The name that the pack's own bytes give it; nil when they are damaged.
    public private(set) var name: PackName?
    /// Chunks whose stored bytes are all there and match their checksum.
    public private(set) var soundChunks: [PackedChunk] = []
    /// Chunks that the pack tells of and whose stored bytes are damaged.
    public private(set) var damagedChunks: [PackedChunk] = []
    /// Sound chunks whose record's head is not what the directory says: without it, a lost directory would lose them.
    public private(set) var headlessChunks: [PackedChunk] = []
    /// Of a damaged directory only records whose values match their digests.
    public private(set) var commitRecords: [CommitRecord] = []
    /// What is wrong with header, directory, footer or name; nil when nothing is.
    public private(set) var problem: ContentError?

    /// Nothing is wrong with any byte.
    public var isWhole: Bool { finding == nil }

    /// What is wrong with the file, in a sentence without its name; nil when nothing is.
    public var finding: String? {
        if let problem { return problem.message }
        if !damagedChunks.isEmpty { return "\(damagedChunks.count) of its chunks are damaged" }
        return headlessChunks.isEmpty ? nil : "the heads of \(headlessChunks.count) of its chunks are damaged, their bytes are sound"
    }

    /// Reads all of the file. Blocks: call it on a worker.
    ///
    /// - Throws: `too_many_open_files`, `unsupported_version` (a newer program's pack). Everything else that is wrong is the
    ///   survey's finding.
    /// - Complexity: one pass over the file; memory of its directory and one chunk.
    public init(path: String, disk: any StoreDisk = LocalDisk()) throws(ContentError) {
        self.path = path
        var file: PackBytes?
        do throws(ContentError) {
            let opened = try disk.open(path, .read)
            sizeBytes = try opened.status().sizeBytes
            file = PackBytes(file: opened, sizeBytes: sizeBytes)
        } catch {
            guard error.code != .tooManyOpenFiles else { throw error }
            sizeBytes = 0
            problem = error
        }
        guard let file else { return }
        do throws(ContentError) {
            let pack = try PackReader(path: path, disk: disk)
            name = pack.name
            commitRecords = pack.commitRecords
            for chunk in pack.chunks {
                note(chunk, in: file)
                let head = chunk.recordHead()
                if soundChunks.last == chunk, file.bytes(head.count, at: chunk.offset - Int64(head.count)) != head { headlessChunks.append(chunk) }
            }
        } catch {
            guard error.code != .tooManyOpenFiles, error.code != .unsupportedVersion else { throw error }
            problem = error
            salvage(file)
        }
    }

    private mutating func note(_ chunk: PackedChunk, in file: PackBytes) {
        if file.payload(of: chunk) != nil { soundChunks.append(chunk) } else { damagedChunks.append(chunk) }
    }

    private mutating func salvage(_ file: PackBytes) {
        var found: Set<Int64> = []
        var offset = Int64(PackFormat.headerSizeBytes)
        var recordsEnd = offset
        while let (at, chunk) = file.head(atOrAfter: offset) {
            note(chunk, in: file)
            found.insert(chunk.offset)
            let end = chunk.offset + Int64(chunk.storedBytes)
            // A head that claims more than there is tells nothing of what follows it.
            offset = end <= file.sizeBytes ? end : at + 4
            if end <= file.sizeBytes { recordsEnd = end }
        }
        let directory = SalvagedDirectory(file, recordsEnd: recordsEnd)
        for chunk in directory.chunks where !found.contains(chunk.offset) { note(chunk, in: file) }
        commitRecords = directory.commitRecords
    }
}

/// A pack's bytes, read without trust: what cannot be read is nil.
struct PackBytes {
    let file: any DiskFile
    let sizeBytes: Int64

    func bytes(_ count: Int, at offset: Int64) -> [UInt8]? {
        guard count >= 0, offset >= 0, offset <= sizeBytes - Int64(count) else { return nil }
        var bytes = [UInt8](repeating: 0, count: count)
        let read = bytes.withUnsafeMutableBytes { buffer in try? file.read(into: buffer, at: offset) }
        return read == count ? bytes : nil
    }

    /// A chunk's stored bytes, if they match their checksum.
    func payload(of chunk: PackedChunk) -> [UInt8]? {
        guard let bytes = bytes(chunk.storedBytes, at: chunk.offset), PackFormat.checksum(bytes) == chunk.checksum else { return nil }
        return bytes
    }

    /// The first record head at or behind a place, and where it stands. Most stand at it.
    func head(atOrAfter start: Int64) -> (at: Int64, chunk: PackedChunk)? {
        if let chunk = head(at: start) { return (start, chunk) }
        let window = 1 << 20
        var offset = start + 1
        while offset < sizeBytes {
            let count = Int(min(Int64(window), sizeBytes - offset))
            if let bytes = bytes(count, at: offset) {
                for place in Self.magics(in: bytes) {
                    if let chunk = head(at: offset + Int64(place)) { return (offset + Int64(place), chunk) }
                }
            }
            // Windows overlap by what a magic number may be cut off.
            offset += Int64(max(1, count - 3))
            if count <= 3 { break }
        }
        return nil
    }

    private static func magics(in bytes: [UInt8]) -> [Int] {
        let magic = withUnsafeBytes(of: PackFormat.recordMagic.littleEndian) { Array($0) }
        var places: [Int] = []
        bytes.withUnsafeBytes { buffer in
            var from = 0
            while from + magic.count <= buffer.count,
                let hit = memchr(buffer.baseAddress! + from, Int32(magic[0]), buffer.count - from - 3)
            {
                let place = UnsafeRawPointer(hit) - buffer.baseAddress!
                if buffer[place..<place + 4].elementsEqual(magic) { places.append(place) }
                from = place + 1
            }
        }
        return places
    }

    /// The record head at this place, if one with a right checksum stands there.
    func head(at offset: Int64) -> PackedChunk? {
        guard let head = bytes(PackFormat.recordHeadSizeBytes, at: offset) else { return nil }
        return head.withUnsafeBytes { raw -> PackedChunk? in
            var reader = LittleEndianReader(raw, "a record's head")
            guard let magic = try? reader.next(UInt32.self), magic == PackFormat.recordMagic,
                let packed = try? reader.next(UInt32.self), let encoding = try? ChunkEncoding(packed: packed),
                let storedBytes = try? reader.next(UInt32.self), let rawBytes = try? reader.next(UInt32.self),
                storedBytes > 0, storedBytes <= rawBytes, rawBytes <= UInt32(PackFormat.chunkRawBytesMax),
                let digest = try? reader.digest(), let checksum = try? reader.next(UInt32.self),
                let headChecksum = try? reader.next(UInt32.self)
            else { return nil }
            var base: [UInt8] = []
            if encoding.codec == .difference {
                guard let bytes = bytes(Digest.sizeBytes, at: offset + Int64(PackFormat.recordHeadSizeBytes)) else { return nil }
                base = bytes
            }
            guard PackFormat.checksum(Array(raw[..<(PackFormat.recordHeadSizeBytes - 4)]) + base) == headChecksum else { return nil }
            return PackedChunk(
                digest: digest, offset: offset + Int64(PackFormat.recordHeadSizeBytes + base.count), storedBytes: Int(storedBytes),
                rawBytes: Int(rawBytes), encoding: encoding, checksum: checksum, base: base.isEmpty ? nil : Digest(bytes: base))
        }
    }
}
