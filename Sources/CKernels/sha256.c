#include "level.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

// SHA-256 (FIPS 180-4) of many messages, two at a time. The processor's instruction for two rounds has twice the latency
// that it takes to issue, and one message is one chain of them: a second chain fills the gaps.

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

#define SHA __attribute__((target("sha,avx2"))) static inline

static const uint32_t constants[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
    0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
    0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/// One message on its way. The state's words lie as the instructions want them: A B E F and C D G H, high to low.
typedef struct {
    __m128i abef, cdgh;
    const uint8_t *at;
    size_t blocks;
    uint8_t tail[128];
    size_t tail_blocks;
    size_t message;
    bool is_idle;
} lane;

SHA void begin(lane *l, const uint8_t *bytes, size_t length, size_t message) {
    l->abef = _mm_set_epi32(0x6a09e667, (int)0xbb67ae85, 0x510e527f, (int)0x9b05688c);
    l->cdgh = _mm_set_epi32(0x3c6ef372, (int)0xa54ff53a, 0x1f83d9ab, 0x5be0cd19);
    l->at = bytes;
    l->blocks = length / 64;
    l->message = message;
    const size_t rest = length % 64;
    memset(l->tail, 0, sizeof l->tail);
    if (rest) memcpy(l->tail, bytes + length - rest, rest);
    l->tail[rest] = 0x80;
    l->tail_blocks = rest < 56 ? 1 : 2;
    const uint64_t bits = (uint64_t)length * 8;
    uint8_t *end = l->tail + 64 * l->tail_blocks;
    for (int i = 0; i < 8; i++) end[-1 - i] = (uint8_t)(bits >> (8 * i));
}

SHA void write_digest(const lane *l, uint8_t *digest) {
    // Back to A … H, each big-endian.
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bULL, 0x0405060700010203ULL);
    const __m128i feba = _mm_shuffle_epi32(l->abef, 0x1b), hgdc = _mm_shuffle_epi32(l->cdgh, 0x1b);
    const __m128i abcd = _mm_unpacklo_epi64(feba, hgdc), efgh = _mm_unpackhi_epi64(feba, hgdc);
    _mm_storeu_si128((__m128i *)digest, _mm_shuffle_epi8(abcd, swap));
    _mm_storeu_si128((__m128i *)(digest + 16), _mm_shuffle_epi8(efgh, swap));
}

SHA __m128i load_words(const uint8_t *at) {
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bULL, 0x0405060700010203ULL);
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)at), swap);
}

/// Four rounds of one message, and the four words that rounds I + 4 need in the place of those just used.
#define FOUR_ROUNDS(abef, cdgh, w, I)                                                                                  \
    {                                                                                                                  \
        __m128i sum = _mm_add_epi32(w[(I) & 3], _mm_load_si128((const __m128i *)(constants + 4 * (I))));               \
        cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);                                                                 \
        abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));                                        \
        if ((I) < 12)                                                                                                  \
            w[(I) & 3] = _mm_sha256msg2_epu32(                                                                         \
                _mm_add_epi32(                                                                                         \
                    _mm_sha256msg1_epu32(w[(I) & 3], w[(I + 1) & 3]), _mm_alignr_epi8(w[(I + 3) & 3], w[(I + 2) & 3], 4)), \
                w[(I + 3) & 3]);                                                                                       \
    }

SHA void hash_one(lane *l, size_t blocks) {
    __m128i abef = l->abef, cdgh = l->cdgh;
    for (size_t n = 0; n < blocks; n++) {
        const __m128i before_abef = abef, before_cdgh = cdgh;
        __m128i w[4];
        for (int k = 0; k < 4; k++) w[k] = load_words(l->at + 64 * n + 16 * k);
#pragma clang loop unroll(full)
        for (int i = 0; i < 16; i++) FOUR_ROUNDS(abef, cdgh, w, i)
        abef = _mm_add_epi32(abef, before_abef), cdgh = _mm_add_epi32(cdgh, before_cdgh);
    }
    l->abef = abef, l->cdgh = cdgh, l->at += 64 * blocks, l->blocks -= blocks;
}

SHA void hash_two(lane *l, lane *m, size_t blocks) {
    __m128i abef = l->abef, cdgh = l->cdgh, abef2 = m->abef, cdgh2 = m->cdgh;
    for (size_t n = 0; n < blocks; n++) {
        const __m128i before_abef = abef, before_cdgh = cdgh, before_abef2 = abef2, before_cdgh2 = cdgh2;
        __m128i w[4], v[4];
        for (int k = 0; k < 4; k++) {
            w[k] = load_words(l->at + 64 * n + 16 * k);
            v[k] = load_words(m->at + 64 * n + 16 * k);
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < 16; i++) {
            FOUR_ROUNDS(abef, cdgh, w, i)
            FOUR_ROUNDS(abef2, cdgh2, v, i)
        }
        abef = _mm_add_epi32(abef, before_abef), cdgh = _mm_add_epi32(cdgh, before_cdgh);
        abef2 = _mm_add_epi32(abef2, before_abef2), cdgh2 = _mm_add_epi32(cdgh2, before_cdgh2);
    }
    l->abef = abef, l->cdgh = cdgh, l->at += 64 * blocks, l->blocks -= blocks;
    m->abef = abef2, m->cdgh = cdgh2, m->at += 64 * blocks, m->blocks -= blocks;
}

/// Gives a lane that has run out of blocks its message's tail, or writes its digest and begins the next message.
SHA void advance(
    lane *l, size_t *next, const void *const *messages, const size_t *lengths, size_t count, uint8_t *digests) {
    while (!l->is_idle && !l->blocks) {
        if (l->tail_blocks) {
            l->at = l->tail, l->blocks = l->tail_blocks, l->tail_blocks = 0;
            continue;
        }
        if (l->message < count) write_digest(l, digests + 32 * l->message);
        l->is_idle = *next == count;
        if (!l->is_idle) begin(l, messages[*next], lengths[*next], *next), ++*next;
    }
}

__attribute__((target("sha,avx2"))) static void hash_all(
    const void *const *messages, const size_t *lengths, size_t count, uint8_t *digests) {
    // Both lanes begin as if they had just ended a message that is none of these.
    lane one = {.message = SIZE_MAX}, two = {.message = SIZE_MAX};
    size_t next = 0;
    for (;;) {
        advance(&one, &next, messages, lengths, count, digests);
        advance(&two, &next, messages, lengths, count, digests);
        if (one.is_idle && two.is_idle) return;
        if (one.is_idle) hash_one(&two, two.blocks);
        else if (two.is_idle) hash_one(&one, one.blocks);
        else hash_two(&one, &two, one.blocks < two.blocks ? one.blocks : two.blocks);
    }
}

static bool has_instructions(void) {
    // Asked once: in a virtual machine the question alone takes tens of microseconds.
    static atomic_int known = -1;
    int has = atomic_load_explicit(&known, memory_order_relaxed);
    if (has < 0) {
        unsigned eax, ebx, ecx, edx;
        has = __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ebx >> 29 & 1);
        atomic_store_explicit(&known, has, memory_order_relaxed);
    }
    return has && ck_level() >= CK_LEVEL_VECTOR;
}

int ck_sha256_many(const void *const *messages, const size_t *lengths, size_t count, uint8_t *digests) {
    if (!has_instructions()) return 0;
    hash_all(messages, lengths, count, digests);
    return 1;
}

#else

int ck_sha256_many(const void *const *messages, const size_t *lengths, size_t count, uint8_t *digests) {
    (void)messages, (void)lengths, (void)count, (void)digests;
    return 0;
}

#endif
