/// Makes bytes that depend on nothing but their arguments.
public enum SeededBytes {
    /// Bytes without any pattern: nothing makes them smaller.
    public static func random(_ count: Int, seed: UInt64) -> [UInt8] {
        var generator = SeededGenerator(seed: seed)
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled + 8 <= count {
                UnsafeMutableRawBufferPointer(buffer).storeBytes(
                    of: generator.next().littleEndian, toByteOffset: filled, as: UInt64.self)
                filled += 8
            }
            while filled < count {
                buffer.initializeElement(at: filled, to: UInt8(truncatingIfNeeded: generator.next()))
                filled += 1
            }
        }
    }

    /// Text that looks like a log: LZ4 makes it much smaller.
    public static func text(_ count: Int, seed: UInt64) -> [UInt8] {
        let words = ["loss", "epoch", "step", "accuracy", "validation", "rate", "=", "0.", "1e-5", "the", "of", "layer", "\n"]
        var generator = SeededGenerator(seed: seed)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 16)
        while bytes.count < count {
            bytes.append(contentsOf: words[Int(generator.next() % UInt64(words.count))].utf8)
            bytes.append(UInt8(ascii: " "))
        }
        return Array(bytes.prefix(count))
    }

    /// Little-endian fp32 numbers that are distributed like a network's weights.
    public static func weights(_ count: Int, seed: UInt64) -> [UInt8] {
        var generator = SeededGenerator(seed: seed)
        return floats(count) { _ in generator.normal() * 0.04 }
    }

    /// The same weights after a step of training: every one has moved a little.
    public static func trained(_ weights: [UInt8], seed: UInt64) -> [UInt8] {
        precondition(weights.count % 4 == 0, "weights are whole fp32 numbers")
        var generator = SeededGenerator(seed: seed)
        return weights.withUnsafeBytes { old in
            floats(weights.count / 4) { index in
                let bits = UInt32(littleEndian: old.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self))
                return Float(bitPattern: bits) - generator.normal() * 2.5e-7
            }
        }
    }

    /// The same bytes with `places` of them changed, all within the last `share` of the value: a last layer that was trained.
    public static func changedAtTheEnd(_ bytes: [UInt8], places: Int, share: Double = 0.1, seed: UInt64) -> [UInt8] {
        guard !bytes.isEmpty else { return bytes }
        var generator = SeededGenerator(seed: seed)
        var changed = bytes
        let first = min(bytes.count - 1, Int(Double(bytes.count) * (1 - share)))
        for _ in 0..<places { changed[Int.random(in: first..<bytes.count, using: &generator)] ^= 0x5a }
        return changed
    }

    private static func floats(_ count: Int, _ value: (Int) -> Float) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count * 4) { buffer, filled in
            let raw = UnsafeMutableRawBufferPointer(buffer)
            for index in 0..<count {
                raw.storeBytes(of: value(index).bitPattern.littleEndian, toByteOffset: index * 4, as: UInt32.self)
            }
            filled = count * 4
        }
    }
}
