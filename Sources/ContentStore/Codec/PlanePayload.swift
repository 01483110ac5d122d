import CKernels

/// The payload of the codecs planes and difference.
///
/// With w bytes an element, the chunk is `phase` bytes of head (all of it when it is shorter), n whole elements, and a
/// tail of fewer than w bytes. Elements are little-endian words. Each is transformed:
///
/// - difference: zigzag(word − base word) modulo 2^8w, zigzag(d) being `(d << 1) ^ (d >> (8w − 1))` with an arithmetic
///   shift. The base word is at the same place in the base chunk.
/// - difference, ordered: the same, and then the elements are put in the stable order of a key of their base words: the
///   nine bits below the sign bit, or the eleven for w = 8. Where a step of training is as long for small weights as for
///   large ones, elements with one exponent have differences of about one length, and the high planes become runs.
/// - planes with ranks: for w > 1 the word is rotated left by one bit, so that a float's exponent is at the top and its
///   sign at the bottom. Then the top field (8 bits; 11 bits for w = 8) is replaced by its index in the rank table.
/// - planes without ranks: not at all.
///
/// The k least significant bytes of each word are kept whole (0 ≤ k < w). Plane p (0 ≤ p < 8(w − k)) takes bit 8w − 1 − p of
/// every word: element i is bit i mod 8, counted from the least significant, of the plane's byte i / 8. A plane has
/// b = ⌈n / 8⌉ bytes; bits after the last element are 0.
///
/// | bytes | what |
/// |---|---|
/// | 2(w − k) | plane codes: plane p in byte p / 4, bits 2(p mod 4) and up: 0 all zeros, 1 all ones, 2 stored, 3 compressed |
/// | 1 | with ranks only: r − 1, where r (1 to 256) is the number of different field values |
/// | r, or 2r for w = 8 | with ranks only: the field values, most frequent first; two bytes little-endian for w = 8 |
/// | head and tail | the chunk's own bytes (in a difference too) |
/// | n for each | the bytes that are kept whole: those of all elements' byte k − 1 (counted from the least significant), then of k − 2, … |
/// | b for each | the stored planes, in order |
/// | the rest | one LZ4 block that holds the compressed planes, in order; nothing when there are none |
///
/// Why: LZ4 has no entropy coder, so a plane of random bits (most of a mantissa) would only cost time in it; and where all
/// planes of a byte are stored, making planes of it only costs time too.
enum PlanePayload {
    enum PlaneCode: UInt8 {
        case zeros = 0
        case ones = 1
        case stored = 2
        case compressed = 3
    }

    /// What `ck_planes_split` and `ck_planes_join` do to the words themselves.
    static func transform(_ encoding: ChunkEncoding) -> Int32 {
        if encoding.ranksExponents { return Int32(CK_WORDS_RANK) }
        return Int32(encoding.codec == .difference && !encoding.isOrdered ? CK_WORDS_DIFFERENCE : CK_WORDS_PLAIN)
    }

    /// Where a chunk's elements lie.
    struct Geometry {
        let elementBytes: Int
        let wholeBytes: Int
        let headBytes: Int
        let elementCount: Int
        let tailBytes: Int

        init(chunkBytes: Int, _ encoding: ChunkEncoding) {
            elementBytes = encoding.elementBytes
            wholeBytes = encoding.wholeBytes
            headBytes = min(encoding.phase, chunkBytes)
            elementCount = (chunkBytes - headBytes) / elementBytes
            tailBytes = chunkBytes - headBytes - elementCount * elementBytes
        }

        var planeCount: Int { 8 * (elementBytes - wholeBytes) }
        var planeBytes: Int { (elementCount + 7) / 8 }
        var codesBytes: Int { 2 * (elementBytes - wholeBytes) }
        var tailOffset: Int { headBytes + elementCount * elementBytes }
        /// Bytes of one entry of the rank table.
        var rankEntryBytes: Int { elementBytes == 8 ? 2 : 1 }
        /// Values that the replaced field can have.
        var rankFieldValues: Int { elementBytes == 8 ? 2048 : 256 }
    }
}

/// Working memory for ordering elements.
final class OrderCursors {
    let numbers = UnsafeMutablePointer<UInt32>.allocate(capacity: Int(CK_ORDER_LANES * 2048))

    init() { numbers.initialize(repeating: 0, count: Int(CK_ORDER_LANES * 2048)) }

    deinit { numbers.deallocate() }
}
