// What the kernels' files share.
#ifndef CK_LEVEL_H
#define CK_LEVEL_H

#include "CKernels.h"

extern const uint64_t ck_gear_table[256];

/// Elements that are transformed at once: each plane's part is one cache line, so that 64 planes a power of two apart
/// do not fight for the same lines of the first-level cache.
#define CK_BLOCK_ELEMENTS 512
#define CK_LINE_BYTES 64

/// A block's bytes by their place in the word: 512 of the least significant first. Aligned to 64.
typedef uint8_t ck_places[8][CK_BLOCK_ELEMENTS];

/// One level's versions of the steps over one block. `lines` holds a line for each of a place's eight planes, most
/// significant plane first, aligned to 64.
typedef struct {
    void (*transform)(
        uint8_t *to, const uint8_t *words, size_t count, int width, int transform, const uint8_t *base, const uint8_t *ranks);
    void (*part)(ck_places places, const uint8_t *words, int width);
    void (*split)(uint8_t *lines, const uint8_t *place);
    void (*join)(uint8_t *place, const uint8_t *lines);
    /// Puts the places' bytes together, and takes the transform back for the first `count` words. Answers the highest rank
    /// there. `places` may change.
    unsigned (*restore)(
        uint8_t *words, ck_places places, size_t count, int width, int transform, const uint8_t *base, const uint16_t *values);
    ck_plane_look (*inspect)(const uint8_t *plane, size_t bit_count);
} ck_block_steps;

extern const ck_block_steps ck_steps_plain;
#if defined(__x86_64__)
extern const ck_block_steps ck_steps_vector;
extern const ck_block_steps ck_steps_wide;
#endif

/// One level's versions of ordering.
typedef struct {
    void (*differences)(void *ordered, const void *words, const void *base, size_t count, int width, uint32_t *cursors);
    void (*restore)(void *words, const void *ordered, const void *base, size_t count, int width, uint32_t *cursors);
} ck_order_functions;

#if defined(__x86_64__)
extern const ck_order_functions ck_order_vector;

/// AVX2's version of ck_runs_compress.
size_t ck_runs_vector(void *to, size_t capacity, const void *bytes, size_t length, uint64_t *numbers);
#endif

#endif
