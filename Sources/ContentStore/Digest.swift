public import Crypto

/// The SHA-256 (FIPS 180-4) of some bytes: a chunk's name, and a value's.
///
/// Held as four words, so that hashing and comparing cost a few instructions. Order is that of the bytes.
public struct Digest: Hashable, Sendable, Comparable {
    public static let sizeBytes = 32

    /// The 32 bytes as four big-endian words.
    let words: (UInt64, UInt64, UInt64, UInt64)

    /// Digests `bytes`. Cost: one pass, no allocation.
    public init(of bytes: UnsafeRawBufferPointer) {
        self.init(SHA256.hash(data: bytes))
    }

    public init(of bytes: [UInt8]) {
        self = bytes.withUnsafeBytes { Digest(of: $0) }
    }

    public init(_ digest: SHA256.Digest) {
        self = digest.withUnsafeBytes { Digest(unchecked: $0) }
    }

    /// Takes exactly 32 bytes; nil for any other length.
    public init?(bytes: some Sequence<UInt8>) {
        let array = Array(bytes)
        guard array.count == Self.sizeBytes else { return nil }
        self = array.withUnsafeBytes { Digest(unchecked: $0) }
    }

    /// - Precondition: `raw` holds at least 32 bytes.
    init(unchecked raw: UnsafeRawBufferPointer) {
        precondition(raw.count >= Self.sizeBytes)
        words = (
            UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
            UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
            UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
            UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
        )
    }

    /// Joins the two parts that the catalog keeps apart; nil unless `tail` has 24 bytes.
    public init?(head: Int64, tail: some Sequence<UInt8>) {
        var bytes = withUnsafeBytes(of: head.bigEndian) { Array($0) }
        bytes.append(contentsOf: tail)
        self.init(bytes: bytes)
    }

    /// The first eight bytes, big-endian, as the signed number that the catalog indexes.
    public var head: Int64 { Int64(bitPattern: words.0) }

    /// The other 24 bytes.
    public var tail: [UInt8] { Array(bytes[8...]) }

    /// All 32 bytes.
    public var bytes: [UInt8] {
        var result = [UInt8]()
        result.reserveCapacity(Self.sizeBytes)
        for word in [words.0, words.1, words.2, words.3] {
            withUnsafeBytes(of: word.bigEndian) { result.append(contentsOf: $0) }
        }
        return result
    }

    /// 64 lower-case hexadecimal digits.
    public var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// Reads 64 lower-case hexadecimal digits; nil for anything else.
    public init?(hex: some StringProtocol) {
        let digits = Array(hex.utf8)
        guard digits.count == 2 * Self.sizeBytes else { return nil }
        var bytes = [UInt8]()
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = Self.nibble(digits[index]), let low = Self.nibble(digits[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        self.init(bytes: bytes)
    }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }

    public static func == (left: Digest, right: Digest) -> Bool { left.words == right.words }

    public static func < (left: Digest, right: Digest) -> Bool { left.words < right.words }

    /// The head is already uniform: one word feeds the hasher.
    public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

extension Digest: CustomStringConvertible {
    public var description: String { hex }
}
