/// How a chunk's stored payload becomes its raw bytes. Stored with every chunk, in four bytes.
///
/// | byte | meaning | values |
/// |---|---|---|
/// | 0 | codec | 0 raw, 1 LZ4, 2 planes, 3 difference |
/// | 1 | bytes of an element | 1, 2, 4, 8; 0 for raw and LZ4 |
/// | 2 | phase: bytes before the first whole element | less than byte 1; 0 for raw and LZ4 |
/// | 3 | flags | bit 0: exponents are replaced by their ranks (planes); bit 1: elements are ordered by their base (difference); bits 2 to 4: whole bytes |
///
/// The other flags are 0. Elements of one byte cannot be ordered. Whole bytes are fewer than an element has, and 0 for raw and LZ4.
///
/// - raw: the payload is the chunk.
/// - LZ4: the payload is one block of the LZ4 block format (https://github.com/lz4/lz4, doc/lz4_Block_format.md).
/// - planes, difference: see `PlanePayload`.
public struct ChunkEncoding: Hashable, Sendable {
    public enum Codec: UInt8, Hashable, Sendable {
        case raw = 0
        case lz4 = 1
        /// Bit planes of the elements.
        case planes = 2
        /// Bit planes of the elements' differences from those of a base chunk of the same size.
        case difference = 3
    }

    public let codec: Codec
    /// 1, 2, 4 or 8; 0 where the codec knows no elements.
    public let elementBytes: Int
    /// Bytes at the chunk's head that belong to an element of the chunk before: 0..<elementBytes.
    public let phase: Int
    /// Exponents are replaced by their ranks of frequency.
    public let ranksExponents: Bool
    /// Elements stand in the order of their base words' exponents.
    public let isOrdered: Bool
    /// How many of each element's least significant bytes are kept whole, and make no planes: 0..<elementBytes.
    public let wholeBytes: Int

    public static let raw = ChunkEncoding(codec: .raw, elementBytes: 0, phase: 0)
    public static let lz4 = ChunkEncoding(codec: .lz4, elementBytes: 0, phase: 0)

    /// - Precondition: `elementBytes` is 1, 2, 4 or 8; `phase` and `wholeBytes` are less.
    public static func planes(elementBytes: Int, phase: Int, ranksExponents: Bool, wholeBytes: Int = 0) -> ChunkEncoding {
        precondition([1, 2, 4, 8].contains(elementBytes) && (0..<elementBytes).contains(phase))
        precondition((0..<elementBytes).contains(wholeBytes), "an element's top byte is never whole")
        return ChunkEncoding(
            codec: .planes, elementBytes: elementBytes, phase: phase, ranksExponents: ranksExponents, wholeBytes: wholeBytes)
    }

    /// - Precondition: `elementBytes` is 1, 2, 4 or 8 (not 1 when ordered); `phase` and `wholeBytes` are less.
    public static func difference(elementBytes: Int, phase: Int, isOrdered: Bool = false, wholeBytes: Int = 0) -> ChunkEncoding {
        precondition([1, 2, 4, 8].contains(elementBytes) && (0..<elementBytes).contains(phase))
        precondition(!isOrdered || elementBytes > 1, "single bytes have no exponents to order by")
        precondition((0..<elementBytes).contains(wholeBytes), "an element's top byte is never whole")
        return ChunkEncoding(
            codec: .difference, elementBytes: elementBytes, phase: phase, isOrdered: isOrdered, wholeBytes: wholeBytes)
    }

    private init(
        codec: Codec, elementBytes: Int, phase: Int, ranksExponents: Bool = false, isOrdered: Bool = false, wholeBytes: Int = 0
    ) {
        self.codec = codec
        self.elementBytes = elementBytes
        self.phase = phase
        self.ranksExponents = ranksExponents
        self.isOrdered = isOrdered
        self.wholeBytes = wholeBytes
    }

    /// The same with so many bytes whole.
    /// - Precondition: as for `planes` and `difference`; 0 for others.
    func keeping(wholeBytes: Int) -> ChunkEncoding {
        precondition(wholeBytes == 0 || (0..<elementBytes).contains(wholeBytes), "an element's top byte is never whole")
        return ChunkEncoding(
            codec: codec, elementBytes: elementBytes, phase: phase, ranksExponents: ranksExponents, isOrdered: isOrdered,
            wholeBytes: wholeBytes)
    }

    /// The four bytes, the first in the lowest bits: the number is written little-endian.
    public var packed: UInt32 {
        UInt32(codec.rawValue) | UInt32(elementBytes) << 8 | UInt32(phase) << 16 | (ranksExponents ? 1 << 24 : 0)
            | (isOrdered ? 1 << 25 : 0) | UInt32(wholeBytes) << 26
    }

    /// - Throws: `.unsupportedVersion` for a codec or flag of a newer version, `.corrupted` for fields that contradict.
    public init(packed: UInt32) throws(ContentError) {
        let (codecID, elementBytes) = (UInt8(truncatingIfNeeded: packed), Int(packed >> 8 & 0xff))
        let (phase, flags) = (Int(packed >> 16 & 0xff), packed >> 24)
        guard let codec = Codec(rawValue: codecID) else {
            throw ContentError(
                .unsupportedVersion, "a chunk has codec \(codecID), this program knows 0 to 3; use a newer program")
        }
        guard flags <= 31 else {
            throw ContentError(
                .unsupportedVersion, "a chunk's encoding has flags \(flags), this program knows 0 to 31; use a newer program")
        }
        let (ranks, ordered, whole) = (flags & 1 != 0, flags & 2 != 0, Int(flags >> 2))
        let hasElements = [1, 2, 4, 8].contains(elementBytes) && phase < elementBytes && whole < elementBytes
        let fits =
            switch codec {
            case .raw, .lz4: elementBytes == 0 && phase == 0 && flags == 0
            case .planes: hasElements && !ordered
            case .difference: hasElements && !ranks && (!ordered || elementBytes > 1)
            }
        guard fits else {
            throw ContentError(
                .corrupted,
                "a chunk's encoding contradicts itself: codec \(codecID), elements of \(elementBytes) bytes, phase \(phase), flags \(flags)")
        }
        self.init(
            codec: codec, elementBytes: elementBytes, phase: phase, ranksExponents: ranks, isOrdered: ordered, wholeBytes: whole)
    }
}
