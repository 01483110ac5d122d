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

/// The tables of 16 values of a byte each that ranks up to `highest` need; how many they are.
static int load_tables(__m256i tables[TABLES_MAX], const uint16_t *values, unsigned highest) {
    int count = (int)(highest / 16) + 1;
    for (int t = 0; t < count; t++) {
        __m128i low = _mm_loadu_si128((const __m128i *)(values + 16 * t));
        __m128i high = _mm_loadu_si128((const __m128i *)(values + 16 * t + 8));
        tables[t] = _mm256_broadcastsi128_si256(_mm_packus_epi16(low, high));
    }
    return count;
}

/// Bytes of `ranks` (zero in all but the lowest byte of a lane) replaced by their values; a shuffle answers 0 for an index
/// with its top bit set, which 112 plus an index of another table's has.
static inline __m256i look_up(__m256i ranks, const __m256i *tables, int count) {
    __m256i found = _mm256_setzero_si256();
    for (int t = 0; t < count; t++) {
        __m256i own = _mm256_sub_epi8(ranks, _mm256_set1_epi8((char)(16 * t)));
        found = _mm256_or_si256(found, _mm256_shuffle_epi8(tables[t], _mm256_adds_epu8(own, _mm256_set1_epi8(112))));
    }
    return found;
}

static unsigned unrank4(uint8_t *words, size_t count, const uint16_t *values) {
    const size_t whole = count / 8 * 8;
    __m256i most = _mm256_setzero_si256();
    for (size_t i = 0; i < whole; i += 8)
        most = _mm256_max_epu32(most, _mm256_srli_epi32(_mm256_loadu_si256((const __m256i *)(words + 4 * i)), 24));
    uint32_t lanes[8], highest = 0;
    _mm256_storeu_si256((__m256i *)lanes, most);
    for (int i = 0; i < 8; i++) highest = lanes[i] > highest ? lanes[i] : highest;
    if (highest >= 16 * TABLES_MAX) return unrank_word4((word4 *)words, count, values);
    __m256i tables[TABLES_MAX];
    const int table_count = load_tables(tables, values, highest);
    // Bytes that are no rank look up like a rank of no table.
    const __m256i no_rank = _mm256_set1_epi32((int)0xffffff00), low = _mm256_set1_epi32(0xffffff);
    for (size_t i = 0; i < whole; i += 8) {
        __m256i word = _mm256_loadu_si256((const __m256i *)(words + 4 * i));
        __m256i value = look_up(_mm256_or_si256(_mm256_srli_epi32(word, 24), no_rank), tables, table_count);
        word = _mm256_or_si256(_mm256_slli_epi32(value, 24), _mm256_and_si256(word, low));
        word = _mm256_or_si256(_mm256_srli_epi32(word, 1), _mm256_slli_epi32(word, 31));
        _mm256_storeu_si256((__m256i *)(words + 4 * i), word);
    }
    const unsigned rest = unrank_word4((word4 *)words + whole, count - whole, values);
    return rest > highest ? rest : highest;
}

static unsigned unrank2(uint8_t *words, size_t count, const uint16_t *values) {
    const size_t whole = count / 16 * 16;
    __m256i most = _mm256_setzero_si256();
    for (size_t i = 0; i < whole; i += 16)
        most = _mm256_max_epu16(most, _mm256_srli_epi16(_mm256_loadu_si256((const __m256i *)(words + 2 * i)), 8));
    uint16_t lanes[16];
    uint32_t highest = 0;
    _mm256_storeu_si256((__m256i *)lanes, most);
    for (int i = 0; i < 16; i++) highest = lanes[i] > highest ? lanes[i] : highest;
    if (highest >= 16 * TABLES_MAX) return unrank_word2((word2 *)words, count, values);
    __m256i tables[TABLES_MAX];
    const int table_count = load_tables(tables, values, highest);
    const __m256i no_rank = _mm256_set1_epi16((short)0xff00), low = _mm256_set1_epi16(0xff);
    for (size_t i = 0; i < whole; i += 16) {
        __m256i word = _mm256_loadu_si256((const __m256i *)(words + 2 * i));
        __m256i value = look_up(_mm256_or_si256(_mm256_srli_epi16(word, 8), no_rank), tables, table_count);
        word = _mm256_or_si256(_mm256_slli_epi16(value, 8), _mm256_and_si256(word, low));
        word = _mm256_or_si256(_mm256_srli_epi16(word, 1), _mm256_slli_epi16(word, 15));
        _mm256_storeu_si256((__m256i *)(words + 2 * i), word);
    }
    const unsigned rest = unrank_word2((word2 *)words + whole, count - whole, values);
    return rest > highest ? rest : highest;
}

static unsigned unrank_vector(uint8_t *words, size_t count, int width, const uint16_t *values) {
    switch (width) {
    case 2: return unrank2(words, count, values);
    case 4: return unrank4(words, count, values);
    default: return unrank_words(words, count, width, values);
    }
}

static unsigned restore_vector(
    uint8_t *words, size_t count, int width, int transform, const uint8_t *base, const uint16_t *values) {
    if (transform == CK_WORDS_DIFFERENCE) add_words(words, base, count, width);
    return transform == CK_WORDS_RANK ? unrank_vector(words, count, width, values) : 0;
}

/// One move-mask a plane takes the top bit of 32 bytes; doubling brings the next bit up.
static void split_vector(uint8_t *lines, const uint8_t *words, int width) {
    _Alignas(64) uint8_t places[8][N];
    places_from_words(places, words, width);
    for (int j = 0; j < width; j++) {
        uint8_t *top = lines + 8 * (width - 1 - j) * CK_LINE_BYTES;
        for (size_t i = 0; i < N / 32; i++) {
            __m256i bytes = _mm256_load_si256((const __m256i *)(places[j] + 32 * i));
            for (size_t p = 0; p < 8; p++) {
                uint32_t bits = (uint32_t)_mm256_movemask_epi8(bytes);
                memcpy(top + p * CK_LINE_BYTES + 4 * i, &bits, 4);
                bytes = _mm256_add_epi8(bytes, bytes);
            }
        }
    }
}

static void join_vector(uint8_t *words, const uint8_t *lines, int width) {
    _Alignas(64) uint8_t places[8][N];
    const __m256i spread = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    const __m256i own_bit = _mm256_set1_epi64x((long long)0x8040201008040201);
    for (int j = 0; j < width; j++) {
        const uint8_t *top = lines + 8 * (width - 1 - j) * CK_LINE_BYTES;
        for (size_t i = 0; i < N / 32; i++) {
            __m256i bytes = _mm256_setzero_si256();
            for (size_t p = 0; p < 8; p++) {
                int32_t bits;
                memcpy(&bits, top + p * CK_LINE_BYTES + 4 * i, 4);
                __m256i each = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32(bits), spread), own_bit);
                // A set bit compares as -1: doubling and subtracting brings it in from below.
                bytes = _mm256_sub_epi8(_mm256_add_epi8(bytes, bytes), _mm256_cmpeq_epi8(each, own_bit));
            }
            _mm256_store_si256((__m256i *)(places[j] + 32 * i), bytes);
        }
    }
    words_from_places(words, places, width);
}

static ck_plane_look inspect_vector(const uint8_t *plane, size_t bit_count) { return inspect_plane(plane, bit_count); }

const ck_block_steps ck_steps_vector = {transform_vector, restore_vector, split_vector, join_vector, inspect_vector};
#pragma clang attribute pop
#endif
