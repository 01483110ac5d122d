import CLZ4

/// LZ4's block format, with a state that is used again. One thread at a time.
final class LZ4Compressor {
    private let state = UnsafeMutableRawPointer.allocate(byteCount: Int(LZ4_sizeofState()), alignment: 16)

    deinit { state.deallocate() }

    /// Compresses `source` into `target`; nil when it does not fit.
    func compress(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int? {
        guard !source.isEmpty, !target.isEmpty else { return nil }
        let written = LZ4_compress_fast_extState(
            state, source.baseAddress!.assumingMemoryBound(to: CChar.self),
            target.baseAddress!.assumingMemoryBound(to: CChar.self), Int32(source.count), Int32(target.count), 1)
        return written > 0 ? Int(written) : nil
    }

    /// Fills `target` with what `source` decodes to; false unless that is exactly its size. Safe for any bytes.
    static func decompress(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Bool {
        guard !source.isEmpty, !target.isEmpty, let sourceBytes = Int32(exactly: source.count),
            let targetBytes = Int32(exactly: target.count)
        else { return false }
        let written = LZ4_decompress_safe(
            source.baseAddress!.assumingMemoryBound(to: CChar.self),
            target.baseAddress!.assumingMemoryBound(to: CChar.self), sourceBytes, targetBytes)
        return written == targetBytes
    }
}
