// Element words in the order of a field of their base words, in plain C. Each level's file includes this once, so that the
// compiler makes its own version for that level's instructions.
//
// Elements are counted and moved in lanes, an equal part of the chunk each: neighbours mostly have one key, and a single
// cursor would make each step wait for the one before. Keys and differences are computed for a block at once, which
// compilers turn into vector instructions.
#ifndef CK_ORDER_STEPS_H
#define CK_ORDER_STEPS_H

#include "level.h"

#include <string.h>

enum { LANES = CK_ORDER_LANES, BLOCK = 64 };

#define EACH_LANE _Pragma("clang loop unroll(full)") for (int l = 0; l < LANES; l++)

/// The keys that elements of a width can have.
static size_t key_count(int width) { return width == 8 ? 2048 : 512; }

// For a width W: words of type T (signed S), whose key is (word >> SHIFT) & MASK. Lanes have cursors of their own, so those of
// all lanes are read before one is moved on.
#define DEFINE_WIDTH(W, T, S, SHIFT, MASK)                                                                          \
    typedef T word##W __attribute__((aligned(1), may_alias));                                                       \
    /** Places of the cursors of `n` elements of a lane. */                                                         \
    static inline void keys_##W(uint32_t *keys, const word##W *base, size_t n, uint32_t lane) {                     \
        for (size_t i = 0; i < n; i++) keys[i] = (uint32_t)((base[i] >> SHIFT) & MASK) * LANES + lane;              \
    }                                                                                                               \
    static inline void zigzags_##W(T *to, const word##W *words, const word##W *base, size_t n) {                    \
        for (size_t i = 0; i < n; i++) {                                                                            \
            const T d = (T)(words[i] - base[i]);                                                                    \
            to[i] = (T)((T)(d << 1) ^ (T)((S)d >> (8 * W - 1)));                                                    \
        }                                                                                                           \
    }                                                                                                               \
    static inline void restored_##W(word##W *words, const T *zigzags, const word##W *base, size_t n) {              \
        for (size_t i = 0; i < n; i++)                                                                              \
            words[i] = (T)(base[i] + (T)((T)(zigzags[i] >> 1) ^ (T)(0 - (T)(zigzags[i] & 1))));                     \
    }                                                                                                               \
    static void count_##W(uint32_t *cursors, const word##W *base, size_t count) {                                   \
        const size_t part = count / LANES;                                                                          \
        uint32_t keys[LANES][BLOCK];                                                                                \
        for (size_t at = 0; at < part; at += BLOCK) {                                                               \
            const size_t n = part - at < BLOCK ? part - at : BLOCK;                                                 \
            for (uint32_t l = 0; l < LANES; l++) keys_##W(keys[l], base + l * part + at, n, l);                     \
            for (size_t i = 0; i < n; i++) EACH_LANE cursors[keys[l][i]]++;                                         \
        }                                                                                                           \
        for (size_t i = LANES * part; i < count; i++)                                                               \
            cursors[((base[i] >> SHIFT) & MASK) * LANES + LANES - 1]++;                                             \
    }                                                                                                               \
    static void scatter_##W(                                                                                        \
        uint32_t *cursors, word##W *to, const word##W *words, const word##W *base, size_t count) {                  \
        const size_t part = count / LANES;                                                                          \
        uint32_t keys[LANES][BLOCK];                                                                                \
        T zigzags[LANES][BLOCK];                                                                                    \
        for (size_t at = 0; at < part; at += BLOCK) {                                                               \
            const size_t n = part - at < BLOCK ? part - at : BLOCK;                                                 \
            for (uint32_t l = 0; l < LANES; l++) {                                                                  \
                keys_##W(keys[l], base + l * part + at, n, l);                                                      \
                zigzags_##W(zigzags[l], words + l * part + at, base + l * part + at, n);                            \
            }                                                                                                       \
            for (size_t i = 0; i < n; i++) {                                                                        \
                uint32_t places[LANES];                                                                             \
                EACH_LANE places[l] = cursors[keys[l][i]];                                                          \
                EACH_LANE cursors[keys[l][i]] = places[l] + 1;                                                      \
                EACH_LANE to[places[l]] = zigzags[l][i];                                                            \
            }                                                                                                       \
        }                                                                                                           \
        for (size_t i = LANES * part; i < count; i++) {                                                             \
            zigzags_##W(zigzags[0], words + i, base + i, 1);                                                        \
            to[cursors[((base[i] >> SHIFT) & MASK) * LANES + LANES - 1]++] = zigzags[0][0];                         \
        }                                                                                                           \
    }                                                                                                               \
    static void gather_##W(                                                                                         \
        uint32_t *cursors, word##W *words, const word##W *from, const word##W *base, size_t count) {                \
        const size_t part = count / LANES;                                                                          \
        uint32_t keys[LANES][BLOCK];                                                                                \
        T zigzags[LANES][BLOCK];                                                                                    \
        for (size_t at = 0; at < part; at += BLOCK) {                                                               \
            const size_t n = part - at < BLOCK ? part - at : BLOCK;                                                 \
            for (uint32_t l = 0; l < LANES; l++) keys_##W(keys[l], base + l * part + at, n, l);                     \
            for (size_t i = 0; i < n; i++) {                                                                        \
                uint32_t places[LANES];                                                                             \
                EACH_LANE places[l] = cursors[keys[l][i]];                                                          \
                EACH_LANE cursors[keys[l][i]] = places[l] + 1;                                                      \
                EACH_LANE zigzags[l][i] = from[places[l]];                                                          \
            }                                                                                                       \
            for (uint32_t l = 0; l < LANES; l++)                                                                    \
                restored_##W(words + l * part + at, zigzags[l], base + l * part + at, n);                           \
        }                                                                                                           \
        for (size_t i = LANES * part; i < count; i++) {                                                             \
            zigzags[0][0] = from[cursors[((base[i] >> SHIFT) & MASK) * LANES + LANES - 1]++];                       \
            restored_##W(words + i, zigzags[0], base + i, 1);                                                       \
        }                                                                                                           \
    }

DEFINE_WIDTH(2, uint16_t, int16_t, 6, 0x1ff)
DEFINE_WIDTH(4, uint32_t, int32_t, 22, 0x1ff)
DEFINE_WIDTH(8, uint64_t, int64_t, 52, 0x7ff)

/// Turns counts into the place of each lane's first element of each key.
static void place(uint32_t *cursors, size_t keys) {
    uint32_t next = 0;
    for (size_t i = 0; i < keys * LANES; i++) {
        const uint32_t here = cursors[i];
        cursors[i] = next;
        next += here;
    }
}

static void begin(uint32_t *cursors, const void *base, size_t count, int width) {
    memset(cursors, 0, key_count(width) * LANES * sizeof *cursors);
    switch (width) {
    case 2: count_2(cursors, base, count); break;
    case 4: count_4(cursors, base, count); break;
    case 8: count_8(cursors, base, count); break;
    }
    place(cursors, key_count(width));
}

static void order_differences(
    void *ordered, const void *words, const void *base, size_t count, int width, uint32_t *cursors) {
    begin(cursors, base, count, width);
    switch (width) {
    case 2: scatter_2(cursors, ordered, words, base, count); break;
    case 4: scatter_4(cursors, ordered, words, base, count); break;
    case 8: scatter_8(cursors, ordered, words, base, count); break;
    }
}

static void order_restore(
    void *words, const void *ordered, const void *base, size_t count, int width, uint32_t *cursors) {
    begin(cursors, base, count, width);
    switch (width) {
    case 2: gather_2(cursors, words, ordered, base, count); break;
    case 4: gather_4(cursors, words, ordered, base, count); break;
    case 8: gather_8(cursors, words, ordered, base, count); break;
    }
}

#endif
