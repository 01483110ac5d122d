#include "level.h"

#include <string.h>

/// A bit for each of 64 bytes that differs from the one before it. Reads the byte before the first.
static inline uint64_t changed(const uint8_t *bytes) {
    const uint64_t low = UINT64_C(0x7f7f7f7f7f7f7f7f);
    uint64_t bits = 0;
    for (int i = 0; i < 64; i += 8) {
        uint64_t here, before;
        memcpy(&here, bytes + i, 8);
        memcpy(&before, bytes + i - 1, 8);
        const uint64_t difference = here ^ before;
        // The top bit of each byte that is not zero; then these side by side, which the product does without carries.
        const uint64_t tops = (((difference & low) + low) | difference) & ~low;
        bits |= ((tops >> 7) * UINT64_C(0x0102040810204080) >> 56) << i;
    }
    return bits;
}

#include "runs_steps.h"

size_t ck_runs_compress(void *to, size_t capacity, const void *bytes, size_t length, uint64_t *breaks) {
#if defined(__x86_64__)
    if (ck_level() >= CK_LEVEL_VECTOR) return ck_runs_vector(to, capacity, bytes, length, breaks);
#endif
    return compress_runs(to, capacity, bytes, length, breaks);
}
