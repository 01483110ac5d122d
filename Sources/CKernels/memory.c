#define _GNU_SOURCE
#include "CKernels.h"

#if defined(__linux__)
#include <errno.h>
#include <sys/mman.h>

void ck_prefer_huge_pages(void *memory, size_t length) {
    const int before = errno;
    (void)madvise(memory, length, MADV_HUGEPAGE);
    errno = before;
}
#else
void ck_prefer_huge_pages(void *memory, size_t length) { (void)memory, (void)length; }
#endif
