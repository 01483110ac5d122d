#ifndef CFAULTVFS_H
#define CFAULTVFS_H

#include <stdint.h>

/// What SQLite is about to do with one of its files.
enum {
    CFV_OPEN = 0,
    CFV_READ = 1,
    CFV_WRITE = 2,
    CFV_TRUNCATE = 3,
    CFV_SYNC = 4,
    CFV_DELETE = 5,
};

/// Asked before each operation, on SQLite's thread. `path` is absolute; `bytes` is what a write writes, else NULL.
///
/// - CFV_OPEN: `length` is 1 when the file does not exist yet and is made.
/// - CFV_TRUNCATE: `offset` is the new size.
/// - CFV_SYNC and CFV_DELETE: `length` is 1 when SQLite makes the folder's entries durable too.
///
/// Answers 0 to go on, else the SQLite result code to fail with. Before a failed write its first half is written; a negated
/// code fails without.
typedef int (*cfv_callback)(
    int64_t context, int kind, const char *path, int64_t offset, int64_t length, const void *bytes);

/// Registers a VFS with this name over the default one. Shared memory, locks and temporary files pass through unasked.
/// The VFS lives as long as the process: connections may outlast whoever registered it.
/// Returns an SQLite result code.
int cfv_register(const char *name, int64_t context, cfv_callback callback);

#endif
