// The steps over one block, in plain C. Each level's file includes this once, so that the compiler makes its own version
// for that level's instructions; the two steps between bytes and bits are written by hand for each.
#ifndef CK_BLOCK_STEPS_H
#define CK_BLOCK_STEPS_H

#include "level.h"

#include <string.h>

typedef uint16_t __attribute__((aligned(1), may_alias)) word2;
typedef uint32_t __attribute__((aligned(1), may_alias)) word4;
typedef uint64_t __attribute__((aligned(1), may_alias)) word8;

#define ROTATED_LEFT(type, word) ((type)((type)((word) << 1) | (type)((word) >> (8 * sizeof(type) - 1))))
#define ROTATED_RIGHT(type, word) ((type)((type)((word) >> 1) | (type)((word) << (8 * sizeof(type) - 1))))

#define WORD_STEPS(type, cell)                                                                                         \
    static inline void subtract_##cell(cell *to, const cell *words, const cell *base, size_t count) {                  \
        for (size_t i = 0; i < count; i++) {                                                                           \
            type d = (type)(words[i] - base[i]);                                                                       \
            to[i] = (type)((type)(d << 1) ^ (type)(0 - (type)(d >> (8 * sizeof(type) - 1))));                          \
        }                                                                                                              \
    }                                                                                                                  \
    static inline void add_##cell(cell *words, const cell *base, size_t count) {                                       \
        for (size_t i = 0; i < count; i++) {                                                                           \
            type z = words[i];                                                                                         \
            words[i] = (type)((type)((type)(z >> 1) ^ (type)(0 - (type)(z & 1))) + base[i]);                           \
        }                                                                                                              \
    }

#define RANK_STEPS(type, cell, field_bits)                                                                             \
    static inline void rank_##cell(cell *to, const cell *words, size_t count, const uint8_t *ranks) {                  \
        const int low = 8 * sizeof(type) - field_bits;                                                                 \
        for (size_t i = 0; i < count; i++) {                                                                           \
            type word = ROTATED_LEFT(type, words[i]);                                                                  \
            to[i] = (type)((type)((type)ranks[word >> low] << low) | (type)(word & (type)(((type)1 << low) - 1)));     \
        }                                                                                                              \
    }                                                                                                                  \
    static inline unsigned unrank_##cell(cell *words, size_t count, const uint16_t *values) {                          \
        const int low = 8 * sizeof(type) - field_bits;                                                                 \
        unsigned highest = 0;                                                                                          \
        for (size_t i = 0; i < count; i++) {                                                                           \
            type word = words[i];                                                                                      \
            unsigned rank = (unsigned)(word >> low);                                                                   \
            highest = rank > highest ? rank : highest;                                                                 \
            word = (type)((type)((type)values[rank & 0xff] << low) | (type)(word & (type)(((type)1 << low) - 1)));     \
            words[i] = ROTATED_RIGHT(type, word);                                                                      \
        }                                                                                                              \
        return highest;                                                                                                \
    }

WORD_STEPS(uint8_t, uint8_t)
WORD_STEPS(uint16_t, word2)
WORD_STEPS(uint32_t, word4)
WORD_STEPS(uint64_t, word8)
RANK_STEPS(uint16_t, word2, 8)
RANK_STEPS(uint32_t, word4, 8)
RANK_STEPS(uint64_t, word8, 11)

static inline void rank_uint8_t(uint8_t *to, const uint8_t *words, size_t count, const uint8_t *ranks) {
    for (size_t i = 0; i < count; i++) to[i] = ranks[words[i]];
}

static inline unsigned unrank_uint8_t(uint8_t *words, size_t count, const uint16_t *values) {
    unsigned highest = 0;
    for (size_t i = 0; i < count; i++) {
        highest = words[i] > highest ? words[i] : highest;
        words[i] = (uint8_t)values[words[i]];
    }
    return highest;
}

static inline void subtract_words(uint8_t *to, const uint8_t *words, const uint8_t *base, size_t count, int width) {
    switch (width) {
    case 1: subtract_uint8_t(to, words, base, count); break;
    case 2: subtract_word2((word2 *)to, (const word2 *)words, (const word2 *)base, count); break;
    case 4: subtract_word4((word4 *)to, (const word4 *)words, (const word4 *)base, count); break;
    default: subtract_word8((word8 *)to, (const word8 *)words, (const word8 *)base, count); break;
    }
}

static inline void add_words(uint8_t *words, const uint8_t *base, size_t count, int width) {
    switch (width) {
    case 1: add_uint8_t(words, base, count); break;
    case 2: add_word2((word2 *)words, (const word2 *)base, count); break;
    case 4: add_word4((word4 *)words, (const word4 *)base, count); break;
    default: add_word8((word8 *)words, (const word8 *)base, count); break;
    }
}

static inline void rank_words(uint8_t *to, const uint8_t *words, size_t count, int width, const uint8_t *ranks) {
    switch (width) {
    case 1: rank_uint8_t(to, words, count, ranks); break;
    case 2: rank_word2((word2 *)to, (const word2 *)words, count, ranks); break;
    case 4: rank_word4((word4 *)to, (const word4 *)words, count, ranks); break;
    default: rank_word8((word8 *)to, (const word8 *)words, count, ranks); break;
    }
}

static inline unsigned unrank_words(uint8_t *words, size_t count, int width, const uint16_t *values) {
    switch (width) {
    case 1: return unrank_uint8_t(words, count, values);
    case 2: return unrank_word2((word2 *)words, count, values);
    case 4: return unrank_word4((word4 *)words, count, values);
    default: return unrank_word8((word8 *)words, count, values);
    }
}

static inline unsigned restore_words(
    uint8_t *words, size_t count, int width, int transform, const uint8_t *base, const uint16_t *values) {
    if (transform == CK_WORDS_DIFFERENCE) add_words(words, base, count, width);
    return transform == CK_WORDS_RANK ? unrank_words(words, count, width, values) : 0;
}

// ---- Words to bytes by place ----------------------------------------------------------------------------------------

static inline void part(uint8_t *restrict even, uint8_t *restrict odd, const uint8_t *restrict bytes, size_t count) {
    for (size_t i = 0; i < count; i++) even[i] = bytes[2 * i], odd[i] = bytes[2 * i + 1];
}

static inline void weave(uint8_t *restrict bytes, const uint8_t *restrict even, const uint8_t *restrict odd, size_t count) {
    for (size_t i = 0; i < count; i++) bytes[2 * i] = even[i], bytes[2 * i + 1] = odd[i];
}

enum { N = CK_BLOCK_ELEMENTS };

/// places[j] gets byte j of each of the block's words.
static inline void places_from_words(ck_places places, const uint8_t *words, int width) {
    uint8_t two[2][4 * N], four[4][2 * N];
    switch (width) {
    case 1: memcpy(places[0], words, N); break;
    case 2: part(places[0], places[1], words, N); break;
    case 4:
        part(two[0], two[1], words, 2 * N);
        part(places[0], places[2], two[0], N);
        part(places[1], places[3], two[1], N);
        break;
    default:
        part(two[0], two[1], words, 4 * N);
        part(four[0], four[2], two[0], 2 * N);
        part(four[1], four[3], two[1], 2 * N);
        for (int j = 0; j < 4; j++) part(places[j], places[j + 4], four[j], N);
        break;
    }
}

static inline void words_from_places(uint8_t *words, ck_places places, int width) {
    uint8_t two[2][4 * N], four[4][2 * N];
    switch (width) {
    case 1: memcpy(words, places[0], N); break;
    case 2: weave(words, places[0], places[1], N); break;
    case 4:
        weave(two[0], places[0], places[2], N);
        weave(two[1], places[1], places[3], N);
        weave(words, two[0], two[1], 2 * N);
        break;
    default:
        for (int j = 0; j < 4; j++) weave(four[j], places[j], places[j + 4], N);
        weave(two[0], four[0], four[2], 2 * N);
        weave(two[1], four[1], four[3], 2 * N);
        weave(words, two[0], two[1], 4 * N);
        break;
    }
}

// ---- A look at a plane ----------------------------------------------------------------------------------------------

static inline ck_plane_look inspect_plane(const uint8_t *plane, size_t bit_count) {
    size_t whole = bit_count / 8, groups = whole / 4;
    const word4 *words = (const word4 *)plane;
    uint32_t any = 0, all = UINT32_MAX, repeated = 0;
    if (groups > 0) any = words[0], all = words[0], repeated = words[0] == 0 || words[0] == UINT32_MAX;
    for (size_t i = 1; i < groups; i++) {
        uint32_t group = words[i];
        any |= group, all &= group;
        repeated += (uint32_t)((group == 0) | (group == UINT32_MAX) | (group == words[i - 1]));
    }
    for (size_t i = groups * 4; i < whole; i++) any |= plane[i], all &= plane[i] | UINT32_C(0xffffff00);
    if (bit_count % 8 != 0) {
        uint32_t mask = (1u << bit_count % 8) - 1;
        any |= plane[whole] & mask, all &= plane[whole] | ~mask;
    }
    return (ck_plane_look){repeated, any == 0, all == UINT32_MAX};
}

#endif
