/// The beginning and the end of what a process wrote to one of its outputs, in bounded memory.
public struct CapturedOutput: Sendable {
    /// Most bytes kept of the beginning, and again of the end.
    public let partSizeBytesMax: Int
    /// Bytes written in all.
    public private(set) var sizeBytes = 0
    private var head: [UInt8] = []
    /// Up to twice the bound, so that trimming costs little for each byte.
    private var tail: [UInt8] = []

    init(partSizeBytesMax: Int) { self.partSizeBytesMax = partSizeBytesMax }

    mutating func append(_ bytes: some Collection<UInt8>) {
        sizeBytes += bytes.count
        let first = bytes.prefix(partSizeBytesMax - head.count)
        head.append(contentsOf: first)
        tail.append(contentsOf: bytes.dropFirst(first.count).suffix(partSizeBytesMax))
        if tail.count > 2 * partSizeBytesMax { tail.removeFirst(tail.count - partSizeBytesMax) }
    }

    /// All that was written where it fits in the two parts, else the parts with a line between them that says how much
    /// is left out. Bytes that are no UTF-8 become replacement characters.
    public var text: String {
        let end = tail.suffix(partSizeBytesMax)
        let missing = sizeBytes - head.count - end.count
        if missing == 0 { return String(decoding: head + end, as: UTF8.self) }
        return String(decoding: head, as: UTF8.self) + "\n[\(missing) bytes left out]\n"
            + String(decoding: end, as: UTF8.self)
    }
}

/// What the process of one session wrote, its children's output included.
public struct SessionOutput: Sendable {
    /// Complete, within the bounds, once the session has ended.
    public let standardOutput: CapturedOutput
    /// Where the Python runtime writes long traces, and programs why they crash.
    public let standardError: CapturedOutput
}
