#include "CKernels.h"

#include <string.h>

// Element words in the order of a field of their base words. Elements are counted and moved in four lanes, a quarter of
// the chunk each: neighbours mostly have one key, and a single cursor would make each step wait for the one before.

#define LANES CK_ORDER_LANES

static inline unsigned key2(const uint8_t *p) {
    uint16_t w;
    memcpy(&w, p, sizeof w);
    return (unsigned)(w >> 6) & 0x1ff;
}

static inline unsigned key4(const uint8_t *p) {
    uint32_t w;
    memcpy(&w, p, sizeof w);
    return (unsigned)(w >> 22) & 0x1ff;
}

static inline unsigned key8(const uint8_t *p) {
    uint64_t w;
    memcpy(&w, p, sizeof w);
    return (unsigned)(w >> 52) & 0x7ff;
}

/// The keys that elements of a width can have.
static size_t key_count(int width) { return width == 8 ? 2048 : 512; }

// Runs `step(lane, element)` for every element: the four lanes in turn, then the last lane's rest.
#define EACH_ELEMENT(count, step)                                        \
    do {                                                                 \
        const size_t quarter = (count) / LANES;                          \
        for (size_t i = 0; i < quarter; i++) {                           \
            step(0, i);                                                  \
            step(1, quarter + i);                                        \
            step(2, 2 * quarter + i);                                    \
            step(3, 3 * quarter + i);                                    \
        }                                                                \
        for (size_t i = LANES * quarter; i < (count); i++) step(3, i);   \
    } while (0)

#define DEFINE_WIDTH(W, word, sword)                                                                             \
    static void count_##W(uint32_t *cursors, const uint8_t *base, size_t count) {                                \
        EACH_ELEMENT(count, COUNT_STEP_##W);                                                                     \
    }                                                                                                            \
    static void scatter_##W(uint32_t *cursors, uint8_t *to, const uint8_t *words, const uint8_t *base, size_t count) { \
        EACH_ELEMENT(count, SCATTER_STEP_##W);                                                                   \
    }                                                                                                            \
    static void gather_##W(uint32_t *cursors, uint8_t *words, const uint8_t *from, const uint8_t *base, size_t count) { \
        EACH_ELEMENT(count, GATHER_STEP_##W);                                                                    \
    }

#define COUNT(W, lane, i) cursors[LANES * key##W(base + (i) * W) + (lane)]++

#define SCATTER(W, word, sword, lane, i)                                           \
    do {                                                                           \
        word w, b;                                                                 \
        memcpy(&w, words + (i) * W, W);                                            \
        memcpy(&b, base + (i) * W, W);                                             \
        const word d = (word)(w - b);                                              \
        const word z = (word)((word)(d << 1) ^ (word)((sword)d >> (8 * W - 1)));   \
        memcpy(to + (size_t)cursors[LANES * key##W(base + (i) * W) + (lane)]++ * W, &z, W); \
    } while (0)

#define GATHER(W, word, lane, i)                                                   \
    do {                                                                           \
        word z, b;                                                                 \
        memcpy(&z, from + (size_t)cursors[LANES * key##W(base + (i) * W) + (lane)]++ * W, W); \
        memcpy(&b, base + (i) * W, W);                                             \
        const word w = (word)(b + (word)((word)(z >> 1) ^ (word)(0 - (word)(z & 1)))); \
        memcpy(words + (i) * W, &w, W);                                            \
    } while (0)

#define COUNT_STEP_2(lane, i) COUNT(2, lane, i)
#define COUNT_STEP_4(lane, i) COUNT(4, lane, i)
#define COUNT_STEP_8(lane, i) COUNT(8, lane, i)
#define SCATTER_STEP_2(lane, i) SCATTER(2, uint16_t, int16_t, lane, i)
#define SCATTER_STEP_4(lane, i) SCATTER(4, uint32_t, int32_t, lane, i)
#define SCATTER_STEP_8(lane, i) SCATTER(8, uint64_t, int64_t, lane, i)
#define GATHER_STEP_2(lane, i) GATHER(2, uint16_t, lane, i)
#define GATHER_STEP_4(lane, i) GATHER(4, uint32_t, lane, i)
#define GATHER_STEP_8(lane, i) GATHER(8, uint64_t, lane, i)

DEFINE_WIDTH(2, uint16_t, int16_t)
DEFINE_WIDTH(4, uint32_t, int32_t)
DEFINE_WIDTH(8, uint64_t, int64_t)

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

void ck_order_differences(void *ordered, const void *words, const void *base, size_t count, int width, uint32_t *cursors) {
    begin(cursors, base, count, width);
    switch (width) {
    case 2: scatter_2(cursors, ordered, words, base, count); break;
    case 4: scatter_4(cursors, ordered, words, base, count); break;
    case 8: scatter_8(cursors, ordered, words, base, count); break;
    }
}

void ck_order_restore(void *words, const void *ordered, const void *base, size_t count, int width, uint32_t *cursors) {
    begin(cursors, base, count, width);
    switch (width) {
    case 2: gather_2(cursors, words, ordered, base, count); break;
    case 4: gather_4(cursors, words, ordered, base, count); break;
    case 8: gather_8(cursors, words, ordered, base, count); break;
    }
}
