#include "order_steps.h"

static const ck_order_functions plain = {order_differences, order_restore};

static const ck_order_functions *functions(void) {
#if defined(__x86_64__)
    if (ck_level() >= CK_LEVEL_VECTOR) return &ck_order_vector;
#endif
    return &plain;
}

void ck_order_differences(void *ordered, const void *words, const void *base, size_t count, int width, uint32_t *cursors) {
    functions()->differences(ordered, words, base, count, width, cursors);
}

void ck_order_restore(void *words, const void *ordered, const void *base, size_t count, int width, uint32_t *cursors) {
    functions()->restore(words, ordered, base, count, width, cursors);
}
