/// Gathers a known number of bytes from slices as they arrive.
///
/// It keeps only bytes that have arrived, so announcing a huge length allocates nothing.
struct ByteCollector {
    private(set) var bytes: [UInt8] = []
    let wanted: Int

    init(_ wanted: Int) { self.wanted = wanted }

    /// Takes what it still wants from `input`; true once complete.
    mutating func fill(from input: inout ArraySlice<UInt8>) -> Bool {
        let taken = min(wanted - bytes.count, input.count)
        bytes.append(contentsOf: input.prefix(taken))
        input = input.dropFirst(taken)
        return bytes.count == wanted
    }

    /// The big-endian number in `range` of the gathered bytes.
    func number(_ range: Range<Int>) -> UInt64 {
        bytes[range].reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// Gathers one varint from slices as they arrive.
struct VarintCollector {
    private var value: UInt64 = 0
    private var missing: Int?

    /// The value once complete, nil while more bytes are needed.
    mutating func fill(from input: inout ArraySlice<UInt8>) -> UInt64? {
        while let byte = input.popFirst() {
            if let left = missing {
                value = value << 8 | UInt64(byte)
                missing = left - 1
            } else {
                let extra = Varint.extraByteCount(after: byte)
                if extra == 0 { return UInt64(byte) }
                missing = extra
            }
            if missing == 0 { return value }
        }
        return nil
    }
}
