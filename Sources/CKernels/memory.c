#define _GNU_SOURCE
#include "CKernels.h"

// Any header of the C library says whether it is glibc.
#include <limits.h>

#if defined(__GLIBC__)
#include <malloc.h>

void ck_keep_freed_memory(int block_bytes, int kept_bytes) {
    (void)mallopt(M_MMAP_THRESHOLD, block_bytes);
    (void)mallopt(M_TRIM_THRESHOLD, kept_bytes);
}
#else
void ck_keep_freed_memory(int block_bytes, int kept_bytes) { (void)block_bytes, (void)kept_bytes; }
#endif

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
