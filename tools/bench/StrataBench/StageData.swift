import ArgumentParser
import CKernels
import CLZ4
import ContentStore
import Foundation

/// Two versions in memory, in chunks of 256 KiB, and the single stages on them.
///
/// Unchecked: the benchmark makes one and measures one stage after another from the same task; nobody else holds it.
final class StageData: @unchecked Sendable {
    static let chunkBytes = 256 << 10

    let sizeBytes: Int
    private let new: [UInt8]
    private let old: [[UInt8]]
    private let scratch = EncodeScratch()
    private let reader = ReadScratch()
    /// At a page's beginning: where a copy's target lies a few bytes further into its page than the source, `rep movsb` is six times
    /// slower on this kind of processor, and memory that `malloc` maps lies so to an array's bytes.
    private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * StageData.chunkBytes, alignment: 4096)
    private let state = UnsafeMutableRawPointer.allocate(byteCount: Int(LZ4_sizeofState()), alignment: 16)
    /// The payloads of all chunks, without and with a base.
    private var plain: [(ChunkEncoding, [UInt8])] = []
    private var differences: [(ChunkEncoding, [UInt8])] = []
    private(set) var sink = 0

    init(file: String, next: String) throws {
        let old = [UInt8](try Data(contentsOf: URL(filePath: file)))
        let new = [UInt8](try Data(contentsOf: URL(filePath: next)))
        guard old.count == new.count, new.count >= 4 * Self.chunkBytes else {
            throw ValidationError("the two files must have one length, of at least 1 MiB")
        }
        // Whole chunks only, so that every stage sees the same bytes.
        sizeBytes = new.count / Self.chunkBytes * Self.chunkBytes
        self.new = Array(new.prefix(sizeBytes))
        self.old = stride(from: 0, to: sizeBytes, by: Self.chunkBytes).map { Array(old[$0..<$0 + Self.chunkBytes]) }
        plain = payloads(withBase: false)
        differences = payloads(withBase: true)
    }

    deinit {
        room.deallocate()
        state.deallocate()
    }

    private func eachChunk(_ body: (Int, UnsafeRawBufferPointer) throws -> Void) rethrows {
        try new.withUnsafeBytes { bytes in
            for (number, start) in stride(from: 0, to: sizeBytes, by: Self.chunkBytes).enumerated() {
                try body(number, UnsafeRawBufferPointer(rebasing: bytes[start..<start + Self.chunkBytes]))
            }
        }
    }

    private func payloads(withBase: Bool) -> [(ChunkEncoding, [UInt8])] {
        var result: [(ChunkEncoding, [UInt8])] = []
        eachChunk { number, chunk in
            let (encoding, count) = scratch.encode(chunk, baseBytes: withBase ? old[number] : nil, into: room)
            result.append((encoding, Array(room[..<count])))
        }
        return result
    }

    func cut() {
        new.withUnsafeBytes { bytes in
            var offset = 0
            while offset < bytes.count {
                let rest = min(bytes.count - offset, 512 << 10)
                offset += ck_gear_cut(bytes.baseAddress! + offset, rest, 128 << 10, 256 << 10)
            }
            sink ^= offset
        }
    }

    /// Sixteen chunks at a time, as a batch holds them.
    func hash() {
        var chunks: [UnsafeRawBufferPointer] = []
        new.withUnsafeBytes { bytes in
            for start in stride(from: 0, to: sizeBytes, by: Self.chunkBytes) {
                chunks.append(UnsafeRawBufferPointer(rebasing: bytes[start..<start + Self.chunkBytes]))
                guard chunks.count == 16 else { continue }
                for digest in Digest.each(of: chunks) { sink ^= Int(truncatingIfNeeded: digest.head) }
                chunks = []
            }
            for digest in Digest.each(of: chunks) { sink ^= Int(truncatingIfNeeded: digest.head) }
        }
    }

    func hashByLibrary() { eachChunk { _, chunk in sink ^= Int(truncatingIfNeeded: Digest(of: chunk).head) } }

    func checksum() { eachChunk { _, chunk in sink ^= Int(ck_crc32c(0, chunk.baseAddress, chunk.count)) } }

    func copy() { eachChunk { _, chunk in room.copyMemory(from: chunk) } }

    func lz4() {
        eachChunk { _, chunk in
            let written = LZ4_compress_fast_extState(
                state, chunk.baseAddress!.assumingMemoryBound(to: CChar.self),
                room.baseAddress!.assumingMemoryBound(to: CChar.self), Int32(chunk.count), Int32(room.count), 1)
            sink ^= Int(written)
        }
    }

    func planesAlone() { split(Int32(CK_WORDS_PLAIN), withBase: false) }

    func differencesAlone() { split(Int32(CK_WORDS_DIFFERENCE), withBase: true) }

    private func split(_ transform: Int32, withBase: Bool) {
        eachChunk { number, chunk in
            old[number].withUnsafeBytes { base in
                ck_planes_split(
                    room.baseAddress!.assumingMemoryBound(to: UInt8.self), chunk.count / 32, nil, 0, chunk.baseAddress, chunk.count / 4, 4,
                    transform, withBase ? base.baseAddress : nil, nil)
            }
        }
    }

    func encode(withBase: Bool) {
        eachChunk { number, chunk in
            sink ^= scratch.encode(chunk, baseBytes: withBase ? old[number] : nil, into: room).storedBytes
        }
    }

    func decode(withBase: Bool) throws {
        let target = UnsafeMutableRawBufferPointer(rebasing: room[..<Self.chunkBytes])
        for (number, (encoding, payload)) in (withBase ? differences : plain).enumerated() {
            try payload.withUnsafeBytes { payload in
                try old[number].withUnsafeBytes { base in
                    try reader.decode(payload, encoding, base: encoding.codec == .difference ? base : nil, into: target)
                }
            }
        }
    }
}
