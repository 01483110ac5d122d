#include "level.h"

#include <stdatomic.h>

static atomic_int forced = -1;

int ck_level_best(void) {
#if defined(__x86_64__)
    static atomic_int known = -1;
    int best = atomic_load_explicit(&known, memory_order_relaxed);
    if (best >= 0) return best;
    __builtin_cpu_init();
    best = CK_LEVEL_PLAIN;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("sse4.2")) {
        best = CK_LEVEL_VECTOR;
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")
            && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vbmi"))
            best = CK_LEVEL_WIDE;
    }
    atomic_store_explicit(&known, best, memory_order_relaxed);
    return best;
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
    return CK_LEVEL_VECTOR;
#else
    return CK_LEVEL_PLAIN;
#endif
}

int ck_level(void) {
    int level = atomic_load_explicit(&forced, memory_order_relaxed);
    return level >= 0 ? level : ck_level_best();
}

void ck_force_level(int level) {
    int best = ck_level_best();
    atomic_store_explicit(&forced, level > best ? best : level, memory_order_relaxed);
}
