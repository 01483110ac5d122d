// AVX2. On other processors this file is empty.
#if defined(__x86_64__)
#include <immintrin.h>

#include "level.h"

#pragma clang attribute push(__attribute__((target("avx2,bmi2"))), apply_to = function)
static inline uint32_t changed_half(const uint8_t *bytes) {
    const __m256i here = _mm256_loadu_si256((const __m256i *)bytes), before = _mm256_loadu_si256((const __m256i *)(bytes - 1));
    return ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(here, before));
}

/// A bit for each of 64 bytes that differs from the one before it. Reads the byte before the first.
static inline uint64_t changed(const uint8_t *bytes) { return changed_half(bytes) | (uint64_t)changed_half(bytes + 32) << 32; }

#include "runs_steps.h"

size_t ck_runs_vector(void *to, size_t capacity, const void *bytes, size_t length, uint64_t *breaks) {
    return compress_runs(to, capacity, bytes, length, breaks);
}
#pragma clang attribute pop
#endif
