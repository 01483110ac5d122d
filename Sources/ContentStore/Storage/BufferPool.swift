import CKernels
import Synchronization

/// Page-aligned memory of one size, used again and again: fresh pages cost more than the work done in them.
final class BufferPool: Sendable {
    let bufferBytes: Int
    let keptMax: Int
    private let state = Mutex(State())

    private struct State {
        var free: [Buffer] = []
        var taken = 0
        var peak = 0
        var made = 0
    }

    /// One piece of memory, freed with its last reference.
    ///
    /// Unchecked: the pointer never changes, and the pool hands a buffer to one owner at a time, which alone touches the
    /// bytes until it gives the buffer back.
    final class Buffer: @unchecked Sendable {
        let bytes: UnsafeMutableRawBufferPointer

        /// - Parameter hugePages: for buffers that will be filled: a huge page is cleared as a whole when first touched.
        fileprivate init(count: Int, hugePages: Bool) {
            bytes = .allocate(byteCount: count, alignment: hugePages ? 2 << 20 : 4096)
            if hugePages { ck_prefer_huge_pages(bytes.baseAddress, count) }
        }

        deinit { bytes.deallocate() }

        /// Makes the system give the buffer its pages.
        fileprivate func touch() {
            for offset in stride(from: 0, to: bytes.count, by: 4096) { bytes.storeBytes(of: 0, toByteOffset: offset, as: UInt8.self) }
        }
    }

    init(bufferBytes: Int, keptMax: Int) {
        self.bufferBytes = bufferBytes
        self.keptMax = keptMax
    }

    /// The most buffers that were taken at once.
    var peak: Int { state.withLock { $0.peak } }
    /// Buffers in use.
    var taken: Int { state.withLock { $0.taken } }
    /// Buffers that were ever made.
    var made: Int { state.withLock { $0.made } }

    func take() -> Buffer {
        let (free, isFirst) = state.withLock { state -> (Buffer?, Bool) in
            state.taken += 1
            state.peak = max(state.peak, state.taken)
            if let free = state.free.popLast() { return (free, false) }
            state.made += 1
            return (nil, state.made == 1)
        }
        // The first may be for a few bytes only; who needs a second has many.
        return free ?? Buffer(count: bufferBytes, hugePages: !isFirst)
    }

    /// Makes buffers ready until `count` are, or are in use.
    func prepare(_ count: Int) {
        while state.withLock({ $0.free.count + $0.taken < min(count, keptMax) }) {
            let buffer = Buffer(count: bufferBytes, hugePages: true)
            buffer.touch()
            state.withLock { state in
                state.made += 1
                if state.free.count < keptMax { state.free.append(buffer) }
            }
        }
    }

    func giveBack(_ buffer: Buffer) {
        state.withLock { state in
            state.taken -= 1
            if state.free.count < keptMax { state.free.append(buffer) }
        }
    }
}
