/// Encodes chunks, with memory that is used again: nothing is allocated for a chunk no larger than those before it.
///
/// Unchecked: whoever takes a scratch out of the session's pool is its only user until giving it back; nothing in it is
/// shared with another scratch.
package final class EncodeScratch: @unchecked Sendable {
    private let lz4: LZ4Compressor
    private let planes: PlaneEncoder
    private let chooser: EncodingChooser
    private let bases = ScratchMemory()
    private var orders = OrderVerdicts()
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
        let (encoding, changed) = chooser.choose(chunk, base: base)
        if encoding == .raw { return keepRaw(chunk, in: target) }
        if let base, encoding.codec == .difference, encoding.elementBytes > 1 {
            if let encoded = encodeDifference(chunk, base: base, by: encoding, changed: changed, into: target) { return encoded }
        } else if let storedBytes = encode(chunk, against: base, by: encoding, into: target) {
            return (encoding, storedBytes)
        }
        // The sample was not like the rest.
        chooser.forget()
        orders.forget()
        return keepRaw(chunk, in: target)
    }

    /// Writes a difference in the order that suits it; in both, the first time that one looks so.
    private func encodeDifference(
        _ chunk: UnsafeRawBufferPointer, base: UnsafeRawBufferPointer, by plain: ChunkEncoding, changed: SampleProfile,
        into target: UnsafeMutableRawBufferPointer
    ) -> (encoding: ChunkEncoding, storedBytes: Int)? {
        let ordered = ChunkEncoding.difference(elementBytes: plain.elementBytes, phase: plain.phase, isOrdered: true)
        if let isOrdered = orders.isOrdered(elementBytes: plain.elementBytes, changed: changed) {
            let encoding = isOrdered ? ordered : plain
            return encode(chunk, against: base, by: encoding, into: target).map { (encoding, $0) }
        }
        let room = rival.take(chunk.count)
        let orderedBytes = encode(chunk, against: base, by: ordered, into: target)
        let plainBytes = encode(chunk, against: base, by: plain, into: room)
        let isOrdered = orders.add(
            elementBytes: plain.elementBytes, changed: changed, orderedBytes: orderedBytes ?? chunk.count, plainBytes: plainBytes ?? chunk.count)
        if isOrdered { return orderedBytes.map { (ordered, $0) } }
        return plainBytes.map { bytes in
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: room[..<bytes]))
            return (plain, bytes)
        }
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
