// AVX2. On other processors this file is empty.
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,bmi2"))), apply_to = function)
#include "order_steps.h"

const ck_order_functions ck_order_vector = {order_differences, order_restore};
#pragma clang attribute pop
#endif
