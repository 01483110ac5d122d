/// Memory that grows to the largest size asked for and is used again. Its contents last until the next `take`.
final class ScratchMemory {
    private var held: UnsafeMutableRawBufferPointer

    init(bytes: Int = 0) {
        held = .allocate(byteCount: max(bytes, 64), alignment: 64)
    }

    deinit { held.deallocate() }

    func take(_ count: Int) -> UnsafeMutableRawBufferPointer {
        if held.count < count {
            held.deallocate()
            // Sizes of chunks vary: growing to each new largest one would touch fresh pages again and again.
            held = .allocate(byteCount: 1 << (Int.bitWidth - (count - 1).leadingZeroBitCount), alignment: 64)
        }
        return UnsafeMutableRawBufferPointer(rebasing: held[0..<count])
    }
}

extension UnsafeMutableRawBufferPointer {
    /// The buffer without its first `count` bytes.
    func from(_ count: Int) -> UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(rebasing: self[count...]) }
}
