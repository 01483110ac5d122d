#include "block_steps.h"

static const uint8_t ones_plane = 0;

const uint8_t *ck_ones_plane(void) { return &ones_plane; }

static const ck_block_steps *steps(void) {
#if defined(__x86_64__)
    switch (ck_level()) {
    case CK_LEVEL_WIDE: return &ck_steps_wide;
    case CK_LEVEL_VECTOR: return &ck_steps_vector;
    }
#endif
    return &ck_steps_plain;
}

/// Puts a block's lines of one place where its planes go.
static void spread_lines(uint8_t *to, size_t stride, const uint8_t *lines, size_t length) {
    if (length == CK_LINE_BYTES)
        for (size_t p = 0; p < 8; p++) memcpy(to + p * stride, lines + p * CK_LINE_BYTES, CK_LINE_BYTES);  // of constant length: one instruction
    else
        for (size_t p = 0; p < 8; p++) memcpy(to + p * stride, lines + p * CK_LINE_BYTES, length);
}

void ck_planes_split(
    uint8_t *planes, size_t stride, uint8_t *whole, int whole_bytes, const void *words, size_t count, int width, int transform,
    const void *base, const uint8_t *ranks) {
    const ck_block_steps *step = steps();
    _Alignas(64) uint8_t block[8 * CK_BLOCK_ELEMENTS], lines[8 * CK_LINE_BYTES];
    _Alignas(64) ck_places places;
    for (size_t first = 0; first < count; first += CK_BLOCK_ELEMENTS) {
        const size_t here = count - first < CK_BLOCK_ELEMENTS ? count - first : CK_BLOCK_ELEMENTS;
        const uint8_t *from = (const uint8_t *)words + first * (size_t)width;
        if (transform != CK_WORDS_PLAIN || here < CK_BLOCK_ELEMENTS) {
            const uint8_t *base_from = base ? (const uint8_t *)base + first * (size_t)width : NULL;
            if (here < CK_BLOCK_ELEMENTS) memset(block, 0, sizeof block);
            step->transform(block, from, here, width, transform, base_from, ranks);
            from = block;
        }
        step->part(places, from, width);
        for (int j = 0; j < width; j++) {
            if (j < whole_bytes) {
                memcpy(whole + (size_t)(whole_bytes - 1 - j) * count + first, places[j], here);
            } else {
                step->split(lines, places[j]);
                spread_lines(planes + 8 * (size_t)(width - 1 - j) * stride + first / 8, stride, lines, ck_plane_bytes(here));
            }
        }
    }
}

/// Brings the block's line of each of a place's eight planes together.
static void gather_lines(uint8_t *lines, const uint8_t *const *planes, size_t at, size_t length) {
    for (int p = 0; p < 8; p++) {
        uint8_t *line = lines + p * CK_LINE_BYTES;
        if (planes[p] == NULL)
            memset(line, 0, CK_LINE_BYTES);
        else if (planes[p] == &ones_plane)
            memset(line, 0xff, CK_LINE_BYTES);
        else if (length == CK_LINE_BYTES)
            memcpy(line, planes[p] + at, CK_LINE_BYTES);  // of constant length: one instruction
        else
            memcpy(line, planes[p] + at, length);
    }
}

unsigned ck_planes_join(
    void *words, const uint8_t *const *planes, const uint8_t *whole, int whole_bytes, size_t count, int width, int transform,
    const void *base, const uint16_t *values) {
    const ck_block_steps *step = steps();
    unsigned highest = 0;
    _Alignas(64) uint8_t block[8 * CK_BLOCK_ELEMENTS], lines[8 * CK_LINE_BYTES];
    _Alignas(64) ck_places places;
    memset(lines, 0, sizeof lines);
    memset(places, 0, sizeof places);
    for (size_t first = 0; first < count; first += CK_BLOCK_ELEMENTS) {
        const size_t here = count - first < CK_BLOCK_ELEMENTS ? count - first : CK_BLOCK_ELEMENTS;
        uint8_t *to = (uint8_t *)words + first * (size_t)width;
        uint8_t *target = here == CK_BLOCK_ELEMENTS ? to : block;
        const uint8_t *base_from = base ? (const uint8_t *)base + first * (size_t)width : NULL;
        for (int j = 0; j < width; j++) {
            if (j < whole_bytes) {
                memcpy(places[j], whole + (size_t)(whole_bytes - 1 - j) * count + first, here);
            } else {
                gather_lines(lines, planes + 8 * (width - 1 - j), first / 8, ck_plane_bytes(here));
                step->join(places[j], lines);
            }
        }
        const unsigned rank = step->restore(target, places, here, width, transform, base_from, values);
        highest = rank > highest ? rank : highest;
        if (target == block) memcpy(to, block, here * (size_t)width);
    }
    return highest;
}

ck_plane_look ck_plane_inspect(const uint8_t *plane, size_t bit_count) { return steps()->inspect(plane, bit_count); }

// ---- Plain level ----------------------------------------------------------------------------------------------------

/// Transposes 8 rows of 8 bits (Warren, "Hacker's Delight", 2nd edition, 7-3): bit b of byte a becomes bit a of byte b.
static inline uint64_t transposed(uint64_t x) {
    uint64_t t = (x ^ (x >> 7)) & UINT64_C(0x00aa00aa00aa00aa);
    x ^= t ^ (t << 7);
    t = (x ^ (x >> 14)) & UINT64_C(0x0000cccc0000cccc);
    x ^= t ^ (t << 14);
    t = (x ^ (x >> 28)) & UINT64_C(0x00000000f0f0f0f0);
    return x ^ t ^ (t << 28);
}

static void transform_plain(
    uint8_t *to, const uint8_t *words, size_t count, int width, int transform, const uint8_t *base, const uint8_t *ranks) {
    if (transform == CK_WORDS_DIFFERENCE)
        subtract_words(to, words, base, count, width);
    else if (transform == CK_WORDS_RANK)
        rank_words(to, words, count, width, ranks);
    else
        memcpy(to, words, count * (size_t)width);
}

static void part_plain(ck_places places, const uint8_t *words, int width) { places_from_words(places, words, width); }

static void split_plain(uint8_t *lines, const uint8_t *place) {
    for (size_t i = 0; i < CK_LINE_BYTES; i++) {
        uint64_t rows = 0;
        for (int e = 0; e < 8; e++) rows |= (uint64_t)place[8 * i + (size_t)e] << (8 * e);
        rows = transposed(rows);
        for (int bit = 0; bit < 8; bit++) lines[(size_t)(7 - bit) * CK_LINE_BYTES + i] = (uint8_t)(rows >> (8 * bit));
    }
}

static void join_plain(uint8_t *place, const uint8_t *lines) {
    for (size_t i = 0; i < CK_LINE_BYTES; i++) {
        uint64_t rows = 0;
        for (int bit = 0; bit < 8; bit++) rows |= (uint64_t)lines[(size_t)(7 - bit) * CK_LINE_BYTES + i] << (8 * bit);
        rows = transposed(rows);
        for (int e = 0; e < 8; e++) place[8 * i + (size_t)e] = (uint8_t)(rows >> (8 * e));
    }
}

static unsigned restore_plain(
    uint8_t *words, ck_places places, size_t count, int width, int transform, const uint8_t *base, const uint16_t *values) {
    words_from_places(words, places, width);
    return restore_words(words, count, width, transform, base, values);
}

static ck_plane_look inspect_plain(const uint8_t *plane, size_t bit_count) { return inspect_plane(plane, bit_count); }

const ck_block_steps ck_steps_plain = {transform_plain, part_plain, split_plain, join_plain, restore_plain, inspect_plain};
