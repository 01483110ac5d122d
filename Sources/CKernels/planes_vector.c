// AVX2. On other processors this file is empty.
#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,bmi2,sse4.2"))), apply_to = function)
#include "block_steps.h"

static void transform_vector(
    uint8_t *to, const uint8_t *words, size_t count, int width, int transform, const uint8_t *base, const uint8_t *ranks) {
    if (transform == CK_WORDS_DIFFERENCE)
        subtract_words(to, words, base, count, width);
    else if (transform == CK_WORDS_RANK)
        rank_words(to, words, count, width, ranks);
    else
        memcpy(to, words, count * (size_t)width);
}

/// Up to this many tables of 16 field values are looked up by shuffles; weights have two to four.
#define TABLES_MAX 8

/// Replaces a block's ranks, a byte each and at most `highest`, by their values; false when those take too many tables.
static int look_up_ranks(uint8_t ranks[N], const uint16_t *values, unsigned highest) {
    if (highest >= 16 * TABLES_MAX) return 0;
    const int count = (int)(highest / 16) + 1;
    __m256i tables[TABLES_MAX];
    for (int t = 0; t < count; t++) {
        const __m128i low = _mm_loadu_si128((const __m128i *)(values + 16 * t));
        const __m128i high = _mm_loadu_si128((const __m128i *)(values + 16 * t + 8));
        tables[t] = _mm256_broadcastsi128_si256(_mm_packus_epi16(low, high));
    }
    for (size_t i = 0; i < N; i += 32) {
        const __m256i all = _mm256_load_si256((const __m256i *)(ranks + i));
        __m256i found = _mm256_setzero_si256();
        for (int t = 0; t < count; t++) {
            // A shuffle answers 0 for an index with its top bit set, which 112 plus an index of another table's has.
            const __m256i own = _mm256_sub_epi8(all, _mm256_set1_epi8((char)(16 * t)));
            found = _mm256_or_si256(found, _mm256_shuffle_epi8(tables[t], _mm256_adds_epu8(own, _mm256_set1_epi8(112))));
        }
        _mm256_store_si256((__m256i *)(ranks + i), found);
    }
    return 1;
}

static unsigned highest_byte(const uint8_t *bytes, size_t count) {
    __m256i most = _mm256_setzero_si256();
    size_t i = 0;
    for (; i + 32 <= count; i += 32) most = _mm256_max_epu8(most, _mm256_load_si256((const __m256i *)(bytes + i)));
    uint8_t each[32], highest = 0;
    _mm256_storeu_si256((__m256i *)each, most);
    for (int k = 0; k < 32; k++) highest = each[k] > highest ? each[k] : highest;
    for (; i < count; i++) highest = bytes[i] > highest ? bytes[i] : highest;
    return highest;
}

/// Takes the rotation back that brought the exponents to the top.
static void rotate_right(uint8_t *words, int width) {
    for (size_t i = 0; i < N * (size_t)width; i += 32) {
        const __m256i word = _mm256_loadu_si256((const __m256i *)(words + i));
        const __m256i back = width == 2 ? _mm256_or_si256(_mm256_srli_epi16(word, 1), _mm256_slli_epi16(word, 15))
                                        : _mm256_or_si256(_mm256_srli_epi32(word, 1), _mm256_slli_epi32(word, 31));
        _mm256_storeu_si256((__m256i *)(words + i), back);
    }
}

/// Whether `length` bytes, a multiple of 32, are all zero.
static inline int is_zero(const uint8_t *bytes, size_t length) {
    __m256i any = _mm256_setzero_si256();
    for (size_t i = 0; i < length; i += 32) any = _mm256_or_si256(any, _mm256_load_si256((const __m256i *)(bytes + i)));
    return _mm256_testz_si256(any, any);
}

/// One move-mask a plane takes the top bit of 32 bytes; doubling brings the next bit up. The high bytes of ordered
/// differences are zero in most blocks.
static void split_vector(uint8_t *lines, const uint8_t *place) {
    if (is_zero(place, N)) {
        memset(lines, 0, 8 * CK_LINE_BYTES);
        return;
    }
    for (size_t i = 0; i < N / 32; i++) {
        __m256i bytes = _mm256_load_si256((const __m256i *)(place + 32 * i));
        for (size_t p = 0; p < 8; p++) {
            uint32_t bits = (uint32_t)_mm256_movemask_epi8(bytes);
            memcpy(lines + p * CK_LINE_BYTES + 4 * i, &bits, 4);
            bytes = _mm256_add_epi8(bytes, bytes);
        }
    }
}

static void part_vector(ck_places places, const uint8_t *words, int width) { places_from_words(places, words, width); }

/// Exchanges bits that are `distance` apart, those of `mask` with those above them.
static inline __m256i exchanged(__m256i x, int distance, __m256i mask) {
    const __m256i t = _mm256_and_si256(_mm256_xor_si256(x, _mm256_srli_epi64(x, distance)), mask);
    return _mm256_xor_si256(x, _mm256_xor_si256(t, _mm256_slli_epi64(t, distance)));
}

/// Transposes the 8 rows of 8 bits of each 64-bit lane, as the plain level does (Warren, "Hacker's Delight", 7-3), and
/// puts the two halves where their elements belong.
static inline void store_columns(uint8_t *to, __m256i x) {
    x = exchanged(x, 7, _mm256_set1_epi64x(0x00aa00aa00aa00aa));
    x = exchanged(x, 14, _mm256_set1_epi64x(0x0000cccc0000cccc));
    x = exchanged(x, 28, _mm256_set1_epi64x(0x00000000f0f0f0f0));
    _mm_store_si128((__m128i *)to, _mm256_castsi256_si128(x));
    _mm_store_si128((__m128i *)(to + 128), _mm256_extracti128_si256(x, 1));
}

/// 256 elements' bytes from 32 bytes of each of a place's eight lines, most significant first.
static inline void join_half(uint8_t *to, const uint8_t *top) {
    // Unpacking works within halves of 16 bytes, so a register has the lines' bytes b and up beside b + 16 and up. After the
    // third step a lane of 64 bits has one byte of each line, the least significant line's first.
    __m256i pairs[4][2], fours[2][4];
    for (int q = 0; q < 4; q++) {
        const __m256i even = _mm256_load_si256((const __m256i *)(top + (7 - 2 * q) * CK_LINE_BYTES));
        const __m256i odd = _mm256_load_si256((const __m256i *)(top + (6 - 2 * q) * CK_LINE_BYTES));
        pairs[q][0] = _mm256_unpacklo_epi8(even, odd);
        pairs[q][1] = _mm256_unpackhi_epi8(even, odd);
    }
    for (int h = 0; h < 2; h++)
        for (int s = 0; s < 2; s++) {
            fours[h][2 * s] = _mm256_unpacklo_epi16(pairs[2 * h][s], pairs[2 * h + 1][s]);
            fours[h][2 * s + 1] = _mm256_unpackhi_epi16(pairs[2 * h][s], pairs[2 * h + 1][s]);
        }
    for (int s = 0; s < 4; s++) {
        store_columns(to + 32 * s, _mm256_unpacklo_epi32(fours[0][s], fours[1][s]));
        store_columns(to + 32 * s + 16, _mm256_unpackhi_epi32(fours[0][s], fours[1][s]));
    }
}

static void join_vector(uint8_t *place, const uint8_t *lines) {
    if (is_zero(lines, 8 * CK_LINE_BYTES)) {
        memset(place, 0, N);
        return;
    }
    for (size_t i = 0; i < N / 256; i++) join_half(place + 256 * i, lines + 32 * i);
}

static unsigned restore_vector(
    uint8_t *words, ck_places places, size_t count, int width, int transform, const uint8_t *base, const uint16_t *values) {
    // The ranks of these widths are the words' top bytes.
    const int has_rank_bytes = transform == CK_WORDS_RANK && (width == 2 || width == 4);
    const unsigned highest = has_rank_bytes ? highest_byte(places[width - 1], count) : 0;
    const int is_done = has_rank_bytes && look_up_ranks(places[width - 1], values, highest);
    words_from_places(words, places, width);
    if (!is_done) return restore_words(words, count, width, transform, base, values);
    rotate_right(words, width);
    return highest;
}

static ck_plane_look inspect_vector(const uint8_t *plane, size_t bit_count) { return inspect_plane(plane, bit_count); }

const ck_block_steps ck_steps_vector = {transform_vector, part_vector, split_vector, join_vector, restore_vector, inspect_vector};
#pragma clang attribute pop
#endif
