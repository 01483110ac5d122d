import Synchronization

/// Page-aligned memory of one size, used again and again: fresh pages cost more than the work done in them.
final class BufferPool: Sendable {
    let bufferBytes: Int
    private let keptMax: Int
    private let state = Mutex(State())

    private struct State {
        var free: [Buffer] = []
        var taken = 0
        var peak = 0
    }

    /// One piece of memory, freed with its last reference.
    ///
    /// Unchecked: the pointer never changes, and the pool hands a buffer to one owner at a time, which alone touches the
    /// bytes until it gives the buffer back.
    final class Buffer: @unchecked Sendable {
        let bytes: UnsafeMutableRawBufferPointer

        fileprivate init(count: Int) {
            bytes = .allocate(byteCount: count, alignment: 4096)
        }

        deinit { bytes.deallocate() }
    }

    init(bufferBytes: Int, keptMax: Int) {
        self.bufferBytes = bufferBytes
        self.keptMax = keptMax
    }

    /// The most buffers that were taken at once.
    var peak: Int { state.withLock { $0.peak } }

    func take() -> Buffer {
        let free = state.withLock { state in
            state.taken += 1
            state.peak = max(state.peak, state.taken)
            return state.free.popLast()
        }
        return free ?? Buffer(count: bufferBytes)
    }

    func giveBack(_ buffer: Buffer) {
        state.withLock { state in
            state.taken -= 1
            if state.free.count < keptMax { state.free.append(buffer) }
        }
    }
}
