#include "level.h"

/// Bytes that a hash remembers: after 64 shifts a byte has left the word.
#define MEMORY_BYTES 64
/// Bytes of each of the four stretches that are hashed at once.
#define LANE_BYTES 1024

// The additions are meant to wrap; they are unsigned.
static inline uint64_t rolled(uint64_t hash, uint8_t byte) { return (hash << 1) + ck_gear_table[byte]; }

/// The hash at `at`, from scratch.
static uint64_t hash_at(const uint8_t *bytes, size_t at) {
    uint64_t hash = 0;
    for (size_t i = at > MEMORY_BYTES ? at - MEMORY_BYTES : 0; i < at; i++) hash = rolled(hash, bytes[i]);
    return hash;
}

/// The first offset in from..<to whose hash is below `limit`, or `to`.
static size_t scan_one(const uint8_t *bytes, size_t from, size_t to, uint64_t limit) {
    if (from >= to) return to;
    uint64_t hash = hash_at(bytes, from);
    for (size_t i = from; i < to; i++) {
        if (hash < limit) return i;
        hash = rolled(hash, bytes[i]);
    }
    return to;
}

/// The same, four stretches at once: one stretch alone waits for each addition to end before it can begin the next.
static size_t scan(const uint8_t *bytes, size_t from, size_t to, uint64_t limit) {
    while (from < to && to - from >= 4 * LANE_BYTES) {
        const uint8_t *a = bytes + from, *b = a + LANE_BYTES, *c = b + LANE_BYTES, *d = c + LANE_BYTES;
        uint64_t ha = hash_at(bytes, from), hb = hash_at(bytes, from + LANE_BYTES);
        uint64_t hc = hash_at(bytes, from + 2 * LANE_BYTES), hd = hash_at(bytes, from + 3 * LANE_BYTES);
        size_t i = 0;
        for (; i < LANE_BYTES; i++) {
            if ((ha < limit) | (hb < limit) | (hc < limit) | (hd < limit)) break;
            ha = rolled(ha, a[i]), hb = rolled(hb, b[i]), hc = rolled(hc, c[i]), hd = rolled(hd, d[i]);
        }
        if (i < LANE_BYTES) {
            // Some stretch has a cut; an earlier stretch may have one that was not reached yet.
            return scan_one(bytes, from, from + 4 * LANE_BYTES, limit);
        }
        from += 4 * LANE_BYTES;
    }
    return scan_one(bytes, from, to, limit);
}

uint64_t ck_gear_constant(uint8_t byte) { return ck_gear_table[byte]; }

size_t ck_gear_cut(const void *data, size_t length, size_t min_bytes, size_t average_bytes) {
    const uint8_t *bytes = data;
    if (length <= min_bytes) return length;
    int bits = 63 - __builtin_clzll((unsigned long long)average_bytes | 8);
    size_t middle = average_bytes < min_bytes ? min_bytes : average_bytes < length ? average_bytes : length;
    size_t cut = scan(bytes, min_bytes, middle, UINT64_C(1) << (64 - (bits + 2)));
    if (cut < middle) return cut;
    return scan(bytes, middle, length, UINT64_C(1) << (64 - (bits - 2)));
}
