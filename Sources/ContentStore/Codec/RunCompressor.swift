import CKernels

/// Writes LZ4 blocks of bit planes. One thread at a time.
///
/// On planes of weights and their differences half of LZ4's own time for at most 2 % more bytes, because it looks for runs
/// only; what else repeats in a plane is seldom worth the search.
final class RunCompressor {
    private let numbers = ScratchMemory()

    /// Compresses `source`, at most 2 GiB, into `target`; nil when it does not fit.
    func compress(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int? {
        guard !source.isEmpty, !target.isEmpty else { return nil }
        let numbers = numbers.take(ck_runs_numbers(source.count) * MemoryLayout<UInt64>.stride).bindMemory(to: UInt64.self)
        let written = ck_runs_compress(target.baseAddress!, target.count, source.baseAddress!, source.count, numbers.baseAddress!)
        return written > 0 ? written : nil
    }
}
