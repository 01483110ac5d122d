#include "level.h"

#include <pthread.h>
#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

#define POLYNOMIAL 0x82f63b78u
/// Bytes of each of the three streams that are hashed at once, long and short.
#define LONG_BYTES 2048
#define SHORT_BYTES 256

/// plain[k][b]: the CRC of byte b followed by k zero bytes.
static uint32_t plain[8][256];
/// What hashing LONG_BYTES (SHORT_BYTES) zeros does to byte k of a CRC; the parts are combined with xor.
static uint32_t past_long[4][256], past_short[4][256];
static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

static void make_shift(uint32_t table[4][256], size_t zeros) {
    for (int place = 0; place < 4; place++) {
        uint32_t bit[8];
        for (int i = 0; i < 8; i++) {
            uint32_t crc = 1u << (8 * place + i);
            for (size_t n = 0; n < zeros; n++) crc = (crc >> 8) ^ plain[0][crc & 0xff];
            bit[i] = crc;
        }
        for (int b = 0; b < 256; b++) {
            uint32_t sum = 0;
            for (int i = 0; i < 8; i++)
                if (b >> i & 1) sum ^= bit[i];
            table[place][b] = sum;
        }
    }
}

static void make_tables(void) {
    for (uint32_t b = 0; b < 256; b++) {
        uint32_t crc = b;
        for (int i = 0; i < 8; i++) crc = crc & 1 ? (crc >> 1) ^ POLYNOMIAL : crc >> 1;
        plain[0][b] = crc;
    }
    for (int k = 1; k < 8; k++)
        for (int b = 0; b < 256; b++) plain[k][b] = (plain[k - 1][b] >> 8) ^ plain[0][plain[k - 1][b] & 0xff];
    make_shift(past_long, LONG_BYTES);
    make_shift(past_short, SHORT_BYTES);
}

static inline uint64_t load64(const uint8_t *from) {
    uint64_t word;
    memcpy(&word, from, 8);
    return word;
}

static uint32_t crc_plain(uint32_t crc, const uint8_t *bytes, size_t length) {
    for (; length >= 8; bytes += 8, length -= 8) {
        uint64_t word = load64(bytes) ^ crc;
        crc = 0;
        for (int k = 0; k < 8; k++) crc ^= plain[7 - k][word >> (8 * k) & 0xff];
    }
    for (; length > 0; bytes++, length--) crc = (crc >> 8) ^ plain[0][(crc ^ *bytes) & 0xff];
    return crc;
}

#if defined(__x86_64__) || (defined(__aarch64__) && defined(__ARM_FEATURE_CRC32))

#if defined(__x86_64__)
#define CRC_TARGET __attribute__((target("sse4.2")))
#define CRC_WORD(crc, word) ((uint32_t)_mm_crc32_u64((crc), (word)))
#define CRC_BYTE(crc, byte) _mm_crc32_u8((crc), (byte))
#else
#define CRC_TARGET
#define CRC_WORD(crc, word) __crc32cd((crc), (word))
#define CRC_BYTE(crc, byte) __crc32cb((crc), (byte))
#endif

static inline uint32_t shifted(const uint32_t table[4][256], uint32_t crc) {
    return table[0][crc & 0xff] ^ table[1][crc >> 8 & 0xff] ^ table[2][crc >> 16 & 0xff] ^ table[3][crc >> 24];
}

/// Three streams of `part` bytes at once hide the instruction's latency of three cycles.
CRC_TARGET static uint32_t crc_three(uint32_t crc, const uint8_t *bytes, size_t part, const uint32_t table[4][256]) {
    uint32_t second = 0, third = 0;
    for (size_t i = 0; i < part; i += 8) {
        crc = CRC_WORD(crc, load64(bytes + i));
        second = CRC_WORD(second, load64(bytes + part + i));
        third = CRC_WORD(third, load64(bytes + 2 * part + i));
    }
    return shifted(table, shifted(table, crc) ^ second) ^ third;
}

CRC_TARGET static uint32_t crc_vector(uint32_t crc, const uint8_t *bytes, size_t length) {
    for (; length >= 3 * LONG_BYTES; bytes += 3 * LONG_BYTES, length -= 3 * LONG_BYTES)
        crc = crc_three(crc, bytes, LONG_BYTES, past_long);
    for (; length >= 3 * SHORT_BYTES; bytes += 3 * SHORT_BYTES, length -= 3 * SHORT_BYTES)
        crc = crc_three(crc, bytes, SHORT_BYTES, past_short);
    for (; length >= 8; bytes += 8, length -= 8) crc = CRC_WORD(crc, load64(bytes));
    for (; length > 0; bytes++, length--) crc = CRC_BYTE(crc, *bytes);
    return crc;
}
#endif

uint32_t ck_crc32c(uint32_t crc, const void *bytes, size_t length) {
    pthread_once(&tables_once, make_tables);
#if defined(__x86_64__) || (defined(__aarch64__) && defined(__ARM_FEATURE_CRC32))
    if (ck_level() > CK_LEVEL_PLAIN) return ~crc_vector(~crc, bytes, length);
#endif
    return ~crc_plain(~crc, bytes, length);
}
