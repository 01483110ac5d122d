// AVX-512 with VBMI, whose byte permutes look 64 entries up at once. On other processors this file is empty.
#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,bmi2"))), apply_to = function)
#include "block_steps.h"

/// A table of 256 bytes in four registers.
typedef struct {
    __m512i part[4];
} byte_table;

static inline __m512i looked_up(const byte_table *table, __m512i index) {
    __m512i low = _mm512_permutex2var_epi8(table->part[0], index, table->part[1]);
    __m512i high = _mm512_permutex2var_epi8(table->part[2], index, table->part[3]);
    return _mm512_mask_blend_epi8(_mm512_movepi8_mask(index), low, high);
}

static inline byte_table table_of(const uint8_t *bytes) {
    byte_table table;
    for (int i = 0; i < 4; i++) table.part[i] = _mm512_loadu_si512(bytes + 64 * i);
    return table;
}

/// Ranks whole vectors and answers how many bytes they held. What is beside the field in a word is looked up in vain.
static size_t rank_vectors(uint8_t *to, const uint8_t *words, size_t length, int width, const uint8_t *ranks) {
    const byte_table table = table_of(ranks);
    size_t i = 0;
    for (; i + 64 <= length; i += 64) {
        __m512i word = _mm512_loadu_si512(words + i);
        if (width == 1) {
            word = looked_up(&table, word);
        } else if (width == 2) {
            word = _mm512_or_si512(_mm512_slli_epi16(word, 1), _mm512_srli_epi16(word, 15));
            __m512i rank = looked_up(&table, _mm512_srli_epi16(word, 8));
            word = _mm512_ternarylogic_epi32(_mm512_set1_epi16(0xff), word, _mm512_slli_epi16(rank, 8), 0xea);
        } else {
            word = _mm512_rol_epi32(word, 1);
            __m512i rank = looked_up(&table, _mm512_srli_epi32(word, 24));
            word = _mm512_ternarylogic_epi32(_mm512_set1_epi32(0xffffff), word, _mm512_slli_epi32(rank, 24), 0xea);
        }
        _mm512_storeu_si512(to + i, word);
    }
    return i;
}

static size_t unrank_vectors(uint8_t *words, size_t length, int width, const uint16_t *values, unsigned *highest) {
    _Alignas(64) uint8_t bytes[CK_RANKS_MAX];
    for (int i = 0; i < CK_RANKS_MAX; i++) bytes[i] = (uint8_t)values[i];
    const byte_table table = table_of(bytes);
    __m512i top = _mm512_setzero_si512();
    size_t i = 0;
    for (; i + 64 <= length; i += 64) {
        __m512i word = _mm512_loadu_si512(words + i);
        if (width == 1) {
            top = _mm512_max_epu8(top, word);
            word = looked_up(&table, word);
        } else if (width == 2) {
            __m512i rank = _mm512_srli_epi16(word, 8);
            top = _mm512_max_epu8(top, rank);
            __m512i field = _mm512_slli_epi16(looked_up(&table, rank), 8);
            word = _mm512_ternarylogic_epi32(_mm512_set1_epi16(0xff), word, field, 0xea);
            word = _mm512_or_si512(_mm512_srli_epi16(word, 1), _mm512_slli_epi16(word, 15));
        } else {
            __m512i rank = _mm512_srli_epi32(word, 24);
            top = _mm512_max_epu8(top, rank);
            __m512i field = _mm512_slli_epi32(looked_up(&table, rank), 24);
            word = _mm512_ror_epi32(_mm512_ternarylogic_epi32(_mm512_set1_epi32(0xffffff), word, field, 0xea), 1);
        }
        _mm512_storeu_si512(words + i, word);
    }
    _Alignas(64) uint8_t each[64];
    _mm512_store_si512(each, top);
    for (int k = 0; k < 64; k++) *highest = each[k] > *highest ? each[k] : *highest;
    return i;
}

static void transform_wide(
    uint8_t *to, const uint8_t *words, size_t count, int width, int transform, const uint8_t *base, const uint8_t *ranks) {
    if (transform == CK_WORDS_DIFFERENCE) {
        subtract_words(to, words, base, count, width);
    } else if (transform == CK_WORDS_RANK) {
        size_t done = width == 8 ? 0 : rank_vectors(to, words, count * (size_t)width, width, ranks);
        rank_words(to + done, words + done, count - done / (size_t)width, width, ranks);
    } else {
        memcpy(to, words, count * (size_t)width);
    }
}

static void part_wide(ck_places places, const uint8_t *words, int width) { places_from_words(places, words, width); }

static void split_wide(uint8_t *lines, const uint8_t *place) {
    for (size_t i = 0; i < N / 64; i++) {
        __m512i bytes = _mm512_load_si512(place + 64 * i);
        for (size_t p = 0; p < 8; p++) {
            uint64_t bits = _mm512_movepi8_mask(bytes);
            memcpy(lines + p * CK_LINE_BYTES + 8 * i, &bits, 8);
            bytes = _mm512_add_epi8(bytes, bytes);
        }
    }
}

static void join_wide(uint8_t *place, const uint8_t *lines) {
    for (size_t i = 0; i < N / 64; i++) {
        __m512i bytes = _mm512_setzero_si512();
        for (size_t p = 0; p < 8; p++) {
            uint64_t bits;
            memcpy(&bits, lines + p * CK_LINE_BYTES + 8 * i, 8);
            bytes = _mm512_mask_add_epi8(bytes, bits, bytes, _mm512_set1_epi8((char)(128 >> p)));
        }
        _mm512_store_si512(place + 64 * i, bytes);
    }
}

static unsigned restore_wide(
    uint8_t *words, ck_places places, size_t count, int width, int transform, const uint8_t *base, const uint16_t *values) {
    words_from_places(words, places, width);
    if (transform == CK_WORDS_DIFFERENCE) add_words(words, base, count, width);
    if (transform != CK_WORDS_RANK) return 0;
    unsigned highest = 0;
    size_t done = width == 8 ? 0 : unrank_vectors(words, count * (size_t)width, width, values, &highest);
    unsigned last = unrank_words(words + done, count - done / (size_t)width, width, values);
    return last > highest ? last : highest;
}

static ck_plane_look inspect_wide(const uint8_t *plane, size_t bit_count) { return inspect_plane(plane, bit_count); }

const ck_block_steps ck_steps_wide = {transform_wide, part_wide, split_wide, join_wide, restore_wide, inspect_wide};
#pragma clang attribute pop
#endif
