import CKernels

/// Writes the payload that `PlanePayload` describes, with memory that is used again. One thread at a time.
final class PlaneEncoder {
    private let planes = ScratchMemory()
    private let ordered = ScratchMemory()
    private let cursors = OrderCursors()
    private let table = RankTable()
    private let runs = RunCompressor()
    /// How many of the elements' least significant bytes the last payload has whole, or in planes that all had to be stored.
    private(set) var incompressibleBytes = 0

    /// Encodes `chunk` by `encoding` (planes or difference) into `target`.
    ///
    /// - Parameter base: the base chunk, of the same size, for a difference.
    /// - Returns: the payload's size; nil when it does not fit into `target`, when there is no whole element, or when
    ///   there are too many exponents to rank.
    func encode(
        _ chunk: UnsafeRawBufferPointer, base: UnsafeRawBufferPointer?, by encoding: ChunkEncoding,
        into target: UnsafeMutableRawBufferPointer
    ) -> Int? {
        let geometry = PlanePayload.Geometry(chunkBytes: chunk.count, encoding)
        guard geometry.elementCount > 0 else { return nil }
        let words = chunk.baseAddress! + geometry.headBytes
        var writer = PayloadWriter(target)
        guard writer.skip(geometry.codesBytes) else { return nil }
        if encoding.ranksExponents {
            guard table.fill(words, geometry: geometry), write(table, geometry, to: &writer) else { return nil }
        }
        guard writer.append(chunk[0..<geometry.headBytes]), writer.append(chunk[geometry.tailOffset...]) else { return nil }

        let whole = writer.rest
        guard writer.skip(geometry.wholeBytes * geometry.elementCount) else { return nil }
        let split = planes.take(geometry.planeCount * Self.stride(geometry))
        self.split(words, base.map { $0.baseAddress! + geometry.headBytes }, encoding, geometry, into: split, whole: whole)
        return store(split, geometry, codes: target, with: &writer)
    }

    /// Bytes from one plane to the next in working memory: whole cache lines, since planes are written a line at a time.
    private static func stride(_ geometry: PlanePayload.Geometry) -> Int { (geometry.planeBytes + 63) & ~63 }

    private func split(
        _ words: UnsafeRawPointer, _ base: UnsafeRawPointer?, _ encoding: ChunkEncoding, _ geometry: PlanePayload.Geometry,
        into planes: UnsafeMutableRawBufferPointer, whole: UnsafeMutableRawBufferPointer
    ) {
        var words = words
        if encoding.isOrdered {
            let room = ordered.take(geometry.elementCount * geometry.elementBytes).baseAddress!
            ck_order_differences(
                room, words, base, geometry.elementCount, Int32(geometry.elementBytes), cursors.numbers)
            words = UnsafeRawPointer(room)
        }
        ck_planes_split(
            planes.baseAddress!.assumingMemoryBound(to: UInt8.self), Self.stride(geometry),
            whole.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(geometry.wholeBytes), words, geometry.elementCount,
            Int32(geometry.elementBytes), PlanePayload.transform(encoding), encoding.isOrdered ? nil : base, table.ranks)
    }

    private func write(_ table: RankTable, _ geometry: PlanePayload.Geometry, to writer: inout PayloadWriter) -> Bool {
        guard writer.append(UInt8(table.count - 1)) else { return false }
        for rank in 0..<table.count {
            guard writer.append(UInt8(truncatingIfNeeded: table.values[rank])) else { return false }
            if geometry.rankEntryBytes == 2, !writer.append(UInt8(table.values[rank] >> 8)) { return false }
        }
        return true
    }

    /// Stores planes that would not compress, moves the others together, and compresses these as one block.
    private func store(
        _ split: UnsafeMutableRawBufferPointer, _ geometry: PlanePayload.Geometry, codes: UnsafeMutableRawBufferPointer,
        with writer: inout PayloadWriter
    ) -> Int? {
        let (planeBytes, stride) = (geometry.planeBytes, Self.stride(geometry))
        for index in 0..<geometry.codesBytes { codes[index] = 0 }
        var compressedBytes = 0
        var storedAtEnd = 0
        for plane in 0..<geometry.planeCount {
            let bytes = split[plane * stride..<plane * stride + planeBytes]
            let code = Self.code(of: UnsafeRawBufferPointer(rebasing: bytes), bitCount: geometry.elementCount)
            codes[plane / 4] |= code.rawValue << (2 * UInt8(plane % 4))
            storedAtEnd = code == .stored ? storedAtEnd + 1 : 0
            switch code {
            case .zeros, .ones: break
            case .stored:
                guard writer.append(UnsafeRawBufferPointer(rebasing: bytes)[...]) else { return nil }
            case .compressed:
                if compressedBytes != plane * stride {
                    // Never overlaps in a harmful way: planes only move down, and `copyMemory` allows overlap.
                    split.from(compressedBytes).copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes))
                }
                compressedBytes += planeBytes
            }
        }
        incompressibleBytes = geometry.wholeBytes + storedAtEnd / 8
        guard compressedBytes > 0 else { return writer.count }
        let packed = UnsafeRawBufferPointer(rebasing: split[0..<compressedBytes])
        return runs.compress(packed, into: writer.rest).map { writer.count + $0 }
    }

    /// A plane is worth LZ4's time when at least one in fifty of its groups of four bytes is part of a run: measured on
    /// weights and their differences, the size is then within 0.1 % of the best, at 2 to 3 times the speed.
    private static func code(of plane: UnsafeRawBufferPointer, bitCount: Int) -> PlanePayload.PlaneCode {
        let look = ck_plane_inspect(plane.baseAddress!.assumingMemoryBound(to: UInt8.self), bitCount)
        if look.all_zeros != 0 { return .zeros }
        if look.all_ones != 0 { return .ones }
        return look.repeated_groups > 0 && look.repeated_groups * 50 >= plane.count / 4 ? .compressed : .stored
    }
}

/// Appends to memory of a fixed size; every append answers whether there was room.
private struct PayloadWriter {
    private let target: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(_ target: UnsafeMutableRawBufferPointer) { self.target = target }

    var rest: UnsafeMutableRawBufferPointer { target.from(count) }

    mutating func skip(_ bytes: Int) -> Bool {
        guard bytes <= target.count - count else { return false }
        count += bytes
        return true
    }

    mutating func append(_ byte: UInt8) -> Bool {
        guard count < target.count else { return false }
        target[count] = byte
        count += 1
        return true
    }

    mutating func append(_ bytes: Slice<UnsafeRawBufferPointer>) -> Bool {
        guard bytes.count <= target.count - count else { return false }
        if !bytes.isEmpty { target.from(count).copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes)) }
        count += bytes.count
        return true
    }
}
