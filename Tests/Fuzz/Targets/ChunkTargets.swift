package import ContentStore

package enum ChunkTargets {
    /// Decodes twice, into memory that held different bytes: a decoder that leaves a byte unwritten, or reads what it has not
    /// written, answers differently.
    static func decode(_ input: UnsafeRawBufferPointer) {
        var reader = InputReader(input)
        let packed = reader.next(UInt32.self)
        let size = Int(reader.next(UInt16.self)) + 1
        guard let encoding = try? ChunkEncoding(packed: packed) else { return }
        let base = base(of: encoding, count: packed & 0x8000_0000 == 0 ? size : size / 2 + 1)
        let first = decoded(reader.rest, encoding, base, size, filledWith: 0xaa)
        let second = decoded(reader.rest, encoding, base, size, filledWith: 0x55)
        precondition(first == second, "a chunk decoded to different bytes the second time")
    }

    private static func decoded(
        _ payload: UnsafeRawBufferPointer, _ encoding: ChunkEncoding, _ base: [UInt8]?, _ size: Int, filledWith byte: UInt8
    ) -> [UInt8]? {
        let target = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        defer { target.deallocate() }
        for place in target.indices { target[place] = byte }
        let scratch = ReadScratch()
        do {
            guard let base else {
                try scratch.decode(payload, encoding, base: nil, into: target)
                return Array(target)
            }
            try base.withUnsafeBytes { try scratch.decode(payload, encoding, base: $0, into: target) }
            return Array(target)
        } catch {
            return nil
        }
    }

    /// What a difference is taken from: follows from its size alone.
    package static func base(of encoding: ChunkEncoding, count: Int) -> [UInt8]? {
        encoding.codec == .difference ? seededBytes(count, seed: 7) : nil
    }

    /// Whatever is encoded comes back, with any base.
    static func roundtrip(_ input: UnsafeRawBufferPointer) {
        var reader = InputReader(input)
        let mode = reader.next(UInt8.self)
        guard !reader.isEmpty else { return }
        let raw = Array(reader.rest)
        var base: [UInt8]?
        if mode & 1 == 1 {
            var changed = raw
            for (place, noise) in zip(stride(from: 0, to: changed.count, by: 1 + Int(mode >> 1)), seededBytes(changed.count, seed: UInt64(mode))) {
                changed[place] &+= noise & 3
            }
            base = changed
        }
        let target = UnsafeMutableRawBufferPointer.allocate(byteCount: raw.count, alignment: 16)
        defer { target.deallocate() }
        let (encoding, count) = raw.withUnsafeBytes { raw in
            guard let base else { return EncodeScratch().encode(raw, base: nil, into: target) }
            return base.withUnsafeBytes { EncodeScratch().encode(raw, base: $0, into: target) }
        }
        let payload = [UInt8](target[..<count])
        let back = payload.withUnsafeBytes { decoded($0, encoding, encoding.codec == .difference ? base : nil, raw.count, filledWith: 0xaa) }
        precondition(back == raw, "\(raw.count) bytes did not come back from \(encoding)")
    }

    /// An accepted list says the same when it is written and read again.
    static func list(_ input: UnsafeRawBufferPointer) {
        var reader = InputReader(input)
        let (offset, count) = (reader.next(Int64.self), Int(reader.next(UInt16.self)))
        guard let segment = try? ChunkListSegment(firstOffset: offset, firstChunk: count, chunkCount: count, encoded: reader.rest) else { return }
        let again = try? ChunkListSegment(firstOffset: offset, firstChunk: count, chunkCount: count, encoded: segment.encoded())
        precondition(again == segment, "a chunk list changed when it was written again")
        let total = segment.entries.reduce(segment.firstOffset) { $0 + Int64($1.rawBytes) }
        precondition(total >= segment.firstOffset)
    }
}
