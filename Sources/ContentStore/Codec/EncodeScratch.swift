/// Encodes chunks, with memory that is used again: nothing is allocated for a chunk no larger than those before it.
///
/// Unchecked: whoever takes a scratch out of the session's pool is its only user until giving it back; nothing in it is
/// shared with another scratch.
package final class EncodeScratch: @unchecked Sendable {
    private let lz4: LZ4Compressor
    private let planes: PlaneEncoder
    private let chooser: EncodingChooser
    private let bases = ScratchMemory()
    private var verdicts = EncodingVerdicts()
    /// What ordering saves less by is not worth its time: measured on weights that were all trained, two thirds of the chunks save
    /// nine tenths of what all of them save.
    private static let orderingPercentMin = 5
    private let rival = ScratchMemory()

    package init() {
        lz4 = LZ4Compressor()
        planes = PlaneEncoder()
        chooser = EncodingChooser(planes: planes, lz4: lz4)
    }

    /// Memory for a base chunk, valid until the next call.
    func base(count: Int) -> UnsafeMutableRawBufferPointer { bases.take(count) }

    /// Writes the payload of `chunk` to the front of `target` in the encoding that suits it.
    ///
    /// - Parameters:
    ///   - base: the decoded bytes of a chunk of the same size, to take a difference from if that pays.
    ///   - target: at least as large as `chunk`; bytes behind the payload may be overwritten.
    /// - Returns: the encoding and the payload's size: at most 98 % of the chunk's, or exactly it for raw.
    /// - Precondition: `chunk` has at most 16 MiB; `base` has its size.
    /// - Complexity: about 1.5 to 4 GB/s a core for weights, LZ4's own speed for text, 20 GB/s for random bytes.
    package func encode(
        _ chunk: UnsafeRawBufferPointer, base: UnsafeRawBufferPointer?, into target: UnsafeMutableRawBufferPointer
    ) -> (encoding: ChunkEncoding, storedBytes: Int) {
        precondition(chunk.count <= PackFormat.chunkRawBytesMax, "a chunk has at most 16 MiB")
        precondition(target.count >= chunk.count, "the target must have room for the raw chunk")
        precondition(base == nil || base!.count == chunk.count, "the base must have the chunk's size")
        guard chunk.count >= 64 else { return keepRaw(chunk, in: target) }
        let (sampled, looks) = chooser.choose(chunk, base: base)
        switch sampled.codec {
        case .raw: return keepRaw(chunk, in: target)
        case .lz4:
            if let storedBytes = encode(chunk, against: base, by: sampled, into: target) { return (sampled, storedBytes) }
        case .planes, .difference:
            if let encoded = encodeElements(chunk, base: base, by: sampled, looks: looks, into: target) { return encoded }
        }
        // The sample was not like the rest.
        chooser.forget()
        verdicts.forget()
        return keepRaw(chunk, in: target)
    }

    /// Writes planes or a difference in the form that suits; in both orders, the first time that a difference looks so.
    private func encodeElements(
        _ chunk: UnsafeRawBufferPointer, base: UnsafeRawBufferPointer?, by sampled: ChunkEncoding, looks: SampleProfile,
        into target: UnsafeMutableRawBufferPointer
    ) -> (encoding: ChunkEncoding, storedBytes: Int)? {
        if let known = verdicts.refined(sampled, looks: looks) {
            guard let storedBytes = encode(chunk, against: base, by: known, into: target) else { return nil }
            note(sampled, looks, chunk, isOrdered: known.isOrdered)
            return (known, storedBytes)
        }
        guard sampled.codec == .difference, sampled.elementBytes > 1 else {
            guard let storedBytes = encode(chunk, against: base, by: sampled, into: target) else { return nil }
            note(sampled, looks, chunk, isOrdered: false)
            return (sampled, storedBytes)
        }
        let ordered = ChunkEncoding.difference(elementBytes: sampled.elementBytes, phase: sampled.phase, isOrdered: true)
        let room = rival.take(chunk.count)
        let plainBytes = encode(chunk, against: base, by: sampled, into: room)
        let incompressiblePlain = planes.incompressibleBytes
        let orderedBytes = encode(chunk, against: base, by: ordered, into: target)
        if let orderedBytes, plainBytes.map({ orderedBytes < $0 / 100 * (100 - Self.orderingPercentMin) }) ?? true {
            note(sampled, looks, chunk, isOrdered: true)
            return (ordered, orderedBytes)
        }
        guard let plainBytes else { return nil }
        note(sampled, looks, chunk, isOrdered: false, incompressibleBytes: incompressiblePlain)
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: room[..<plainBytes]))
        return (sampled, plainBytes)
    }

    /// Remembers what suited a chunk that was just encoded.
    private func note(
        _ sampled: ChunkEncoding, _ looks: SampleProfile, _ chunk: UnsafeRawBufferPointer, isOrdered: Bool, incompressibleBytes: Int? = nil
    ) {
        verdicts.note(
            sampled, looks: looks, isOrdered: isOrdered, incompressibleBytes: incompressibleBytes ?? planes.incompressibleBytes,
            chunkBytes: chunk.count)
    }

    /// The same with a base in an array.
    package func encode(
        _ chunk: UnsafeRawBufferPointer, baseBytes: [UInt8]?, into target: UnsafeMutableRawBufferPointer
    ) -> (encoding: ChunkEncoding, storedBytes: Int) {
        guard let baseBytes else { return encode(chunk, base: nil, into: target) }
        return baseBytes.withUnsafeBytes { encode(chunk, base: $0, into: target) }
    }

    /// Writes the payload in one given encoding; nil when that does not save at least a fiftieth.
    package func encode(
        _ chunk: UnsafeRawBufferPointer, against base: UnsafeRawBufferPointer?, by encoding: ChunkEncoding,
        into target: UnsafeMutableRawBufferPointer
    ) -> Int? {
        let room = UnsafeMutableRawBufferPointer(rebasing: target[0..<chunk.count / 50 * 49])
        switch encoding.codec {
        case .raw: return nil
        case .lz4: return lz4.compress(chunk, into: room)
        case .planes: return planes.encode(chunk, base: nil, by: encoding, into: room)
        case .difference: return planes.encode(chunk, base: base, by: encoding, into: room)
        }
    }

    private func keepRaw(
        _ chunk: UnsafeRawBufferPointer, in target: UnsafeMutableRawBufferPointer
    ) -> (encoding: ChunkEncoding, storedBytes: Int) {
        target.copyMemory(from: chunk)
        return (.raw, chunk.count)
    }
}
