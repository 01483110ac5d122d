#include "block_steps.h"

/// Four tables, so that equal neighbours do not wait for one another's count to be stored.
#define COUNT_BYTE_FIELDS(cell, FIELD)                                                                                 \
    {                                                                                                                  \
        uint32_t each[4][256] = {{0}};                                                                                 \
        const cell *at = (const cell *)words;                                                                          \
        size_t i = 0;                                                                                                  \
        for (; i + 4 <= count; i += 4)                                                                                 \
            for (size_t k = 0; k < 4; k++) each[k][FIELD(at[i + k])]++;                                                \
        for (; i < count; i++) each[0][FIELD(at[i])]++;                                                                \
        for (int v = 0; v < 256; v++) counts[v] += each[0][v] + each[1][v] + each[2][v] + each[3][v];                  \
    }

#define FIELD1(word) (word)
#define FIELD2(word) ((uint8_t)((word) >> 7))
#define FIELD4(word) ((uint8_t)((word) >> 23))

void ck_rank_count(uint32_t counts[CK_RANK_FIELD_VALUES], const void *words, size_t count, int width) {
    switch (width) {
    case 1: COUNT_BYTE_FIELDS(uint8_t, FIELD1) break;
    case 2: COUNT_BYTE_FIELDS(word2, FIELD2) break;
    case 4: COUNT_BYTE_FIELDS(word4, FIELD4) break;
    default:
        for (size_t i = 0; i < count; i++) counts[((const word8 *)words)[i] >> 52 & 0x7ff]++;
        break;
    }
}

void ck_lane_count(uint16_t counts[8 * 256], const uint8_t *bytes, const uint8_t *base, size_t length) {
    if (base) {
        for (size_t i = 0; i < length; i++) counts[(i & 7) * 256 + (uint8_t)(bytes[i] - base[i])]++;
    } else {
        for (size_t i = 0; i < length; i++) counts[(i & 7) * 256 + bytes[i]]++;
    }
}
