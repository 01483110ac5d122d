// AVX2. On other processors this file is empty.
#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,bmi2,sse4.2"))), apply_to = function)
#include "block_steps.h"

static void transform_vector(
    uint8_t *to, const uint8_t *words, size_t count, int width, int transform, const uint8_t *base, const uint8_t *ranks) {
    if (transform == CK_WORDS_DIFFERENCE)
        subtract_words(to, words, base, count, width);
    else if (transform == CK_WORDS_RANK)
        rank_words(to, words, count, width, ranks);
    else
        memcpy(to, words, count * (size_t)width);
}

static unsigned restore_vector(
    uint8_t *words, size_t count, int width, int transform, const uint8_t *base, const uint16_t *values) {
    if (transform == CK_WORDS_DIFFERENCE) add_words(words, base, count, width);
    return transform == CK_WORDS_RANK ? unrank_words(words, count, width, values) : 0;
}

/// One move-mask a plane takes the top bit of 32 bytes; doubling brings the next bit up.
static void split_vector(uint8_t *lines, const uint8_t *words, int width) {
    _Alignas(64) uint8_t places[8][N];
    places_from_words(places, words, width);
    for (int j = 0; j < width; j++) {
        uint8_t *top = lines + 8 * (width - 1 - j) * CK_LINE_BYTES;
        for (size_t i = 0; i < N / 32; i++) {
            __m256i bytes = _mm256_load_si256((const __m256i *)(places[j] + 32 * i));
            for (size_t p = 0; p < 8; p++) {
                uint32_t bits = (uint32_t)_mm256_movemask_epi8(bytes);
                memcpy(top + p * CK_LINE_BYTES + 4 * i, &bits, 4);
                bytes = _mm256_add_epi8(bytes, bytes);
            }
        }
    }
}

static void join_vector(uint8_t *words, const uint8_t *lines, int width) {
    _Alignas(64) uint8_t places[8][N];
    const __m256i spread = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    const __m256i own_bit = _mm256_set1_epi64x((long long)0x8040201008040201);
    for (int j = 0; j < width; j++) {
        const uint8_t *top = lines + 8 * (width - 1 - j) * CK_LINE_BYTES;
        for (size_t i = 0; i < N / 32; i++) {
            __m256i bytes = _mm256_setzero_si256();
            for (size_t p = 0; p < 8; p++) {
                int32_t bits;
                memcpy(&bits, top + p * CK_LINE_BYTES + 4 * i, 4);
                __m256i each = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32(bits), spread), own_bit);
                // A set bit compares as -1: doubling and subtracting brings it in from below.
                bytes = _mm256_sub_epi8(_mm256_add_epi8(bytes, bytes), _mm256_cmpeq_epi8(each, own_bit));
            }
            _mm256_store_si256((__m256i *)(places[j] + 32 * i), bytes);
        }
    }
    words_from_places(words, places, width);
}

static ck_plane_look inspect_vector(const uint8_t *plane, size_t bit_count) { return inspect_plane(plane, bit_count); }

const ck_block_steps ck_steps_vector = {transform_vector, restore_vector, split_vector, join_vector, inspect_vector};
#pragma clang attribute pop
#endif
