import CKernels

/// What becomes of memory that the process has freed.
package enum FreedMemory {
    /// Keeps up to 8 MiB a heap for what is wanted next.
    ///
    /// Decoded chunks have some 300 KiB and come and go. glibc learns by itself that they may lie in heaps, but gives pages back
    /// to the system whenever a few chunks are free, and the next ones fault them in again one by one.
    ///
    /// Source: mallopt(3)
    package static func keep() { ck_keep_freed_memory(32 << 20, 8 << 20) }
}
