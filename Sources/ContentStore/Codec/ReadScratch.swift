/// Decodes chunks, with memory that is used again: nothing is allocated for a chunk no larger than those before it.
///
/// Unchecked: whoever takes a scratch out of the reader's pool is its only user until giving it back; nothing in it is
/// shared with another scratch.
package final class ReadScratch: @unchecked Sendable {
    private let payloads = ScratchMemory()
    private let bases = ScratchMemory()
    private let planes = PlaneDecoder()

    package init() {}

    /// Memory for a payload, valid until the next call.
    func payload(count: Int) -> UnsafeMutableRawBufferPointer { payloads.take(count) }

    /// Memory for a base chunk, valid until the next call.
    func base(count: Int) -> UnsafeMutableRawBufferPointer { bases.take(count) }

    /// Decodes `payload` into `target`, whose size is the chunk's raw size.
    ///
    /// - Parameter base: for a difference, the decoded base chunk, which must have the same size; ignored otherwise.
    /// - Throws: `.corrupted`, whatever the bytes are. `target` may then hold anything.
    /// - Complexity: about 2 to 5 GB/s a core for planes and differences of weights.
    package func decode(
        _ payload: UnsafeRawBufferPointer, _ encoding: ChunkEncoding, base: UnsafeRawBufferPointer?,
        into target: UnsafeMutableRawBufferPointer
    ) throws(ContentError) {
        switch encoding.codec {
        case .raw:
            guard payload.count == target.count else {
                throw ContentError(.corrupted, "\(payload.count) raw bytes are stored for a chunk of \(target.count)")
            }
            target.copyMemory(from: payload)
        case .lz4:
            guard LZ4Compressor.decompress(payload, into: target) else {
                throw ContentError(.corrupted, "the LZ4 block does not decode to \(target.count) bytes")
            }
        case .planes:
            try planes.decode(payload, by: encoding, base: nil, into: target)
        case .difference:
            guard let base, base.count == target.count else {
                throw ContentError(
                    .corrupted, "a difference of \(target.count) bytes has a base of \(base.map { "\($0.count) bytes" } ?? "none")")
            }
            try planes.decode(payload, by: encoding, base: base, into: target)
        }
    }
}
