// The store's few hot kernels. Every one has a plain C version, which all others are tested against, and is chosen at run
// time by what the processor can do. None allocates, none needs alignment, any length is allowed. Words and numbers are
// little-endian in memory.
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// ---- Levels ---------------------------------------------------------------------------------------------------------

enum {
    CK_LEVEL_PLAIN = 0,
    /// AVX2, BMI2 and SSE4.2 on x86-64; the CRC instructions on ARMv8.
    CK_LEVEL_VECTOR = 1,
    /// AVX-512 with BW, VL and VBMI.
    CK_LEVEL_WIDE = 2,
};

/// The highest level that this processor can run.
int ck_level_best(void);
/// The level that the kernels run at.
int ck_level(void);
/// Runs the kernels at `level`, or the best level below it that there is; a negative one restores the best. For tests.
void ck_force_level(int level);

// ---- Words and bit planes -------------------------------------------------------------------------------------------

/// What becomes of an element word before its bits are parted into planes.
enum {
    /// Nothing.
    CK_WORDS_PLAIN = 0,
    /// `zigzag(word - base word)`, modulo 2^(8 width); zigzag(d) = (d << 1) ^ (d >> (8 width - 1)), the shift arithmetic.
    CK_WORDS_DIFFERENCE = 1,
    /// Width 1: the byte is replaced by its rank. Other widths: the word is rotated left by one bit, so that a float's
    /// exponent comes to the top and its sign to the bottom; then the top field (8 bits; 11 bits for width 8) is
    /// replaced by its rank.
    CK_WORDS_RANK = 2,
};

/// Entries of the tables between field values and ranks: one for every value of an 11-bit field.
#define CK_RANK_FIELD_VALUES 2048
/// Ranks that there can be.
#define CK_RANKS_MAX 256

/// Bytes of one bit plane of `count` elements: element i is bit i % 8 (least significant first) of byte i / 8.
static inline size_t ck_plane_bytes(size_t count) { return count / 8 + (count % 8 != 0); }

/// Transforms `count` words of `width` (1, 2, 4, 8) bytes and parts them: the `whole_bytes` least significant bytes of each
/// are kept whole, the others become 8 * (width - whole_bytes) bit planes.
///
/// Plane p, at `planes + p * stride`, holds bit `8 * width - 1 - p` of every word: the most significant plane is the
/// first. Bits after the last element are zero. `whole` gets `count` bytes of each place, of the most significant first.
/// - whole_bytes: 0 to width - 1.
/// - transform: one of CK_WORDS_…
/// - base: the words to subtract, for CK_WORDS_DIFFERENCE.
/// - ranks: the rank of each value of the field, for CK_WORDS_RANK.
/// - stride: at least ck_plane_bytes(count).
void ck_planes_split(
    uint8_t *planes, size_t stride, uint8_t *whole, int whole_bytes, const void *words, size_t count, int width, int transform,
    const void *base, const uint8_t *ranks);

/// Undoes ck_planes_split.
///
/// - planes: 8 * (width - whole_bytes) pointers, most significant plane first, to ck_plane_bytes(count) bytes each. Null
///   stands for a plane of zeros, and `ck_ones_plane()` for a plane of ones.
/// - values: 256 field values, by rank, for CK_WORDS_RANK.
/// - Returns: the highest rank that was met (0 for other transforms), for the caller to check against its table.
unsigned ck_planes_join(
    void *words, const uint8_t *const *planes, const uint8_t *whole, int whole_bytes, size_t count, int width, int transform,
    const void *base, const uint16_t *values);

/// The pointer that stands for a plane of ones; never read from.
const uint8_t *ck_ones_plane(void);

/// Counts how often each value of the field that CK_WORDS_RANK replaces occurs. Adds to `counts`.
void ck_rank_count(uint32_t counts[CK_RANK_FIELD_VALUES], const void *words, size_t count, int width);

/// How a run of bytes looks to a compressor that finds repeats of four bytes.
typedef struct {
    /// Aligned groups of four bytes that are all zeros or all ones, or equal the group before.
    size_t repeated_groups;
    /// All bits, but for those after `bit_count`, are zeros / ones.
    int all_zeros, all_ones;
} ck_plane_look;

/// Looks at a plane of `bit_count` bits.
ck_plane_look ck_plane_inspect(const uint8_t *plane, size_t bit_count);

/// Counts, for each of the eight residues r, how often each value occurs among bytes at offsets ≡ r (mod 8); the
/// bytes of `base` are subtracted first unless it is null. Adds to `counts`, which holds 256 numbers for each residue.
void ck_lane_count(uint16_t counts[8 * 256], const uint8_t *bytes, const uint8_t *base, size_t length);

// ---- Order by the base ------------------------------------------------------------------------------------------------

#define CK_ORDER_LANES 5
/// Numbers of working memory that the two functions below need.
#define CK_ORDER_CURSORS (2048 * CK_ORDER_LANES)

/// Writes `zigzag(word - base word)` of every element to `ordered`, the elements in the stable order of a key of their
/// base words: the nine bits below the sign (width 2 and 4), or the eleven (width 8). For floats that is the exponent and
/// the mantissa's first bits: a step of training is about as long for small weights as for large ones, so among equal
/// exponents the differences have about the same number of bits.
/// - width: 2, 4 or 8.
/// - count: below 2^32.
/// - cursors: CK_ORDER_CURSORS numbers of working memory.
void ck_order_differences(
    void *ordered, const void *words, const void *base, size_t count, int width, uint32_t *cursors);

/// Undoes ck_order_differences. `words` and `base` must not overlap.
void ck_order_restore(
    void *words, const void *ordered, const void *base, size_t count, int width, uint32_t *cursors);

// ---- Runs -----------------------------------------------------------------------------------------------------------

/// Numbers of working memory for so many bytes.
static inline size_t ck_runs_numbers(size_t length) { return (length + 63) / 64 + 1; }

/// Writes an LZ4 block (lz4_Block_format.md) that decodes to `bytes`, and looks for runs only: of one byte, and of zeros or ones
/// behind a byte that stood before such a run earlier. Made for bit planes.
/// - length: from 1 to 2^31 bytes.
/// - numbers: ck_runs_numbers(length) of them.
/// Returns the block's size; 0 when it does not fit into `capacity`, or would leave fewer than 40 bytes of it.
size_t ck_runs_compress(void *to, size_t capacity, const void *bytes, size_t length, uint64_t *numbers);

// ---- Checksum -------------------------------------------------------------------------------------------------------

/// CRC-32C (Castagnoli; RFC 3720, appendix B.4) of `bytes`, going on from `crc`, which is 0 at the beginning.
uint32_t ck_crc32c(uint32_t crc, const void *bytes, size_t length);

// ---- Chunk boundaries -----------------------------------------------------------------------------------------------

/// What `byte` adds to the rolling hash: of the outputs of splitmix64 (Steele et al., OOPSLA 2014) from the state
/// 0x5354524154410001, the one with the number `byte`.
uint64_t ck_gear_constant(uint8_t byte);

/// Where the first chunk of `bytes` ends, by content: FastCDC with normalised chunking at level 2 (Xia et al., "The
/// Design of Fast Content-Defined Chunking", IEEE TPDS 2020).
///
/// The hash at offset i is the sum of gear[b] << age over the 64 bytes before i (age 0 is the byte at i - 1), modulo
/// 2^64: unlike the paper's, it reads the bytes before the minimum too, so it depends on content alone. The cut is the
/// first i ≥ min_bytes whose hash has its top k bits zero, k being log2(average) + 2 below the average, - 2 from it on;
/// `length` when there is none.
/// - length: at most the maximum size of a chunk; more bytes are not looked at.
/// - average_bytes: a power of two from 8 to 2^32.
size_t ck_gear_cut(const void *bytes, size_t length, size_t min_bytes, size_t average_bytes);

// ---- Processors -----------------------------------------------------------------------------------------------------

/// The processors that this process may use (its affinity mask where there is one), at least 1.
int ck_processor_count(void);

// ---- Digests ---------------------------------------------------------------------------------------------------------

/// Writes the SHA-256 (FIPS 180-4) of each message to `digests`, 32 bytes each: two at a time, which on processors with
/// SHA instructions takes little more time than one.
/// Returns 0, and has done nothing, on processors without them: hash one by one with a library then.
int ck_sha256_many(const void *const *messages, const size_t *lengths, size_t count, uint8_t *digests);

// ---- Memory ---------------------------------------------------------------------------------------------------------

/// Asks the system to back memory with huge pages, so that it is brought in with few faults. A hint: nothing may depend on it.
void ck_prefer_huge_pages(void *memory, size_t length);

/// Has malloc take blocks of up to `block_bytes` from its heaps, and keep up to `kept_bytes` a heap of what is freed.
/// For the whole process. A hint, as above; glibc's only.
void ck_keep_freed_memory(int block_bytes, int kept_bytes);

#ifdef __cplusplus
}
#endif

#endif
