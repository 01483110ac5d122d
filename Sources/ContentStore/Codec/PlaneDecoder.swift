import CKernels

/// Reads the payload that `PlanePayload` describes, with memory that is used again. Trusts no byte of it.
/// One thread at a time.
final class PlaneDecoder {
    private let unpacked = ScratchMemory()
    private let ordered = ScratchMemory()
    private let cursors = OrderCursors()
    private let table = RankTable()
    private let pointers = UnsafeMutablePointer<UnsafePointer<UInt8>?>.allocate(capacity: 64)

    init() { pointers.initialize(repeating: nil, count: 64) }

    deinit { pointers.deallocate() }

    /// Fills `target` with the chunk.
    ///
    /// - Parameter base: for a difference, the base chunk; of the same size as `target`.
    /// - Throws: `.corrupted` for any payload that no encoder writes for a chunk of this size, as far as it can be told.
    func decode(
        _ payload: UnsafeRawBufferPointer, by encoding: ChunkEncoding, base: UnsafeRawBufferPointer?,
        into target: UnsafeMutableRawBufferPointer
    ) throws(ContentError) {
        let geometry = PlanePayload.Geometry(chunkBytes: target.count, encoding)
        guard geometry.elementCount > 0 else {
            throw ContentError(
                .corrupted, "a chunk of \(target.count) bytes has no whole element of \(encoding.elementBytes) after phase \(encoding.phase)")
        }
        var reader = LittleEndianReader(payload, "a chunk's payload")
        let codes = try reader.take(geometry.codesBytes)
        if encoding.ranksExponents {
            let entries = Int(try reader.next(UInt8.self)) + 1
            try table.load(try reader.take(entries * geometry.rankEntryBytes), geometry: geometry)
        }
        target.copyMemory(from: try reader.take(geometry.headBytes))
        target.from(geometry.tailOffset).copyMemory(from: try reader.take(geometry.tailBytes))
        let whole = try reader.take(geometry.wholeBytes * geometry.elementCount)
        try place(codes, geometry, &reader)

        let highestRank = join(encoding, geometry, whole, base.map { $0.baseAddress! + geometry.headBytes }, into: target)
        guard !encoding.ranksExponents || Int(highestRank) < table.count else {
            throw ContentError(.corrupted, "an element has rank \(highestRank) of a table of \(table.count) entries")
        }
    }

    private func join(
        _ encoding: ChunkEncoding, _ geometry: PlanePayload.Geometry, _ whole: UnsafeRawBufferPointer, _ base: UnsafeRawPointer?,
        into target: UnsafeMutableRawBufferPointer
    ) -> UInt32 {
        let words = target.baseAddress! + geometry.headBytes
        let (count, width) = (geometry.elementCount, Int32(geometry.elementBytes))
        let (bytes, wholeBytes) = (whole.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(geometry.wholeBytes))
        guard encoding.isOrdered else {
            return ck_planes_join(
                words, pointers, bytes, wholeBytes, count, width, PlanePayload.transform(encoding), base, table.values)
        }
        let room = ordered.take(count * geometry.elementBytes).baseAddress!
        _ = ck_planes_join(room, pointers, bytes, wholeBytes, count, width, Int32(CK_WORDS_PLAIN), nil, table.values)
        ck_order_restore(words, room, base, count, width, cursors.numbers)
        return 0
    }

    /// Sets the pointer of every plane: into the payload, into what LZ4 unpacked, or to the constant planes.
    private func place(
        _ codes: UnsafeRawBufferPointer, _ geometry: PlanePayload.Geometry, _ reader: inout LittleEndianReader
    ) throws(ContentError) {
        let planeBytes = geometry.planeBytes
        var compressedCount = 0
        for plane in 0..<geometry.planeCount {
            switch PlanePayload.PlaneCode(rawValue: codes[plane / 4] >> (2 * UInt8(plane % 4)) & 3)! {
            case .zeros: pointers[plane] = nil
            case .ones: pointers[plane] = ck_ones_plane()
            case .stored:
                pointers[plane] = try reader.take(planeBytes).baseAddress!.assumingMemoryBound(to: UInt8.self)
            case .compressed: compressedCount += 1
            }
        }
        let block = try reader.take(reader.remaining)
        guard compressedCount > 0 else {
            guard block.isEmpty else {
                throw ContentError(.corrupted, "a chunk's payload goes on for \(block.count) bytes after its planes")
            }
            return
        }
        let planes = unpacked.take(compressedCount * planeBytes)
        guard LZ4Compressor.decompress(block, into: planes) else {
            throw ContentError(.corrupted, "the LZ4 block of \(compressedCount) planes does not decode to \(planes.count) bytes")
        }
        var next = planes.baseAddress!.assumingMemoryBound(to: UInt8.self)
        let compressed = PlanePayload.PlaneCode.compressed.rawValue
        for plane in 0..<geometry.planeCount where codes[plane / 4] >> (2 * UInt8(plane % 4)) & 3 == compressed {
            pointers[plane] = UnsafePointer(next)
            next += planeBytes
        }
    }
}
