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
            held = .allocate(byteCount: count, alignment: 64)
        }
        return UnsafeMutableRawBufferPointer(rebasing: held[0..<count])
    }
}

extension UnsafeMutableRawBufferPointer {
    /// The buffer without its first `count` bytes.
    func from(_ count: Int) -> UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(rebasing: self[count...]) }
}
