import Synchronization

/// Page-aligned memory of one size, used again and again: fresh pages cost more than the work done in them.
final class BufferPool: Sendable {
    let bufferBytes: Int
    private let keptMax: Int
    private let free: Mutex<[Buffer]> = Mutex([])

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

    func take() -> Buffer {
        free.withLock { $0.popLast() } ?? Buffer(count: bufferBytes)
    }

    func giveBack(_ buffer: Buffer) {
        free.withLock { free in
            if free.count < keptMax { free.append(buffer) }
        }
    }
}
