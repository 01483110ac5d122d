#include "CFaultVFS.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    sqlite3_vfs *real;
    cfv_callback callback;
    int64_t context;
} shim;

typedef struct {
    sqlite3_file base;
    shim *owner;
    /// SQLite keeps the name until the file is closed; NULL for files that are not asked about.
    const char *path;
    /// The next sync makes the folder durable too: a new journal or log.
    int syncs_folder;
} shim_file;

static sqlite3_file *real_file(sqlite3_file *file) { return (sqlite3_file *)((shim_file *)file + 1); }

static int own_answer(sqlite3_file *file, int kind, int64_t offset, int64_t length, const void *bytes) {
    shim_file *own = (shim_file *)file;
    if (own->path == NULL) return SQLITE_OK;
    return own->owner->callback(own->owner->context, kind, own->path, offset, length, bytes);
}

static int ask(sqlite3_file *file, int kind, int64_t offset, int64_t length, const void *bytes) {
    return abs(own_answer(file, kind, offset, length, bytes));
}

static int file_close(sqlite3_file *file) {
    sqlite3_file *real = real_file(file);
    return real->pMethods ? real->pMethods->xClose(real) : SQLITE_OK;
}

static int file_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset) {
    int code = ask(file, CFV_READ, offset, count, NULL);
    if (code != SQLITE_OK) return code;
    return real_file(file)->pMethods->xRead(real_file(file), bytes, count, offset);
}

static int file_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset) {
    int code = own_answer(file, CFV_WRITE, offset, count, bytes);
    if (code < 0) return -code;
    if (code != SQLITE_OK) {
        if (count >= 2) real_file(file)->pMethods->xWrite(real_file(file), bytes, count / 2, offset);
        return code;
    }
    return real_file(file)->pMethods->xWrite(real_file(file), bytes, count, offset);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size) {
    int code = ask(file, CFV_TRUNCATE, size, 0, NULL);
    if (code != SQLITE_OK) return code;
    return real_file(file)->pMethods->xTruncate(real_file(file), size);
}

static int file_sync(sqlite3_file *file, int flags) {
    shim_file *own = (shim_file *)file;
    int code = ask(file, CFV_SYNC, 0, own->syncs_folder, NULL);
    if (code != SQLITE_OK) return code;
    own->syncs_folder = 0;
    return real_file(file)->pMethods->xSync(real_file(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size) {
    return real_file(file)->pMethods->xFileSize(real_file(file), size);
}

static int file_lock(sqlite3_file *file, int level) { return real_file(file)->pMethods->xLock(real_file(file), level); }

static int file_unlock(sqlite3_file *file, int level) {
    return real_file(file)->pMethods->xUnlock(real_file(file), level);
}

static int file_check_lock(sqlite3_file *file, int *result) {
    return real_file(file)->pMethods->xCheckReservedLock(real_file(file), result);
}

static int file_control(sqlite3_file *file, int operation, void *argument) {
    return real_file(file)->pMethods->xFileControl(real_file(file), operation, argument);
}

static int file_sector_size(sqlite3_file *file) { return real_file(file)->pMethods->xSectorSize(real_file(file)); }

static int file_device(sqlite3_file *file) {
    return real_file(file)->pMethods->xDeviceCharacteristics(real_file(file));
}

static int file_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **address) {
    return real_file(file)->pMethods->xShmMap(real_file(file), page, size, extend, address);
}

static int file_shm_lock(sqlite3_file *file, int offset, int count, int flags) {
    return real_file(file)->pMethods->xShmLock(real_file(file), offset, count, flags);
}

static void file_shm_barrier(sqlite3_file *file) { real_file(file)->pMethods->xShmBarrier(real_file(file)); }

static int file_shm_unmap(sqlite3_file *file, int removes) {
    return real_file(file)->pMethods->xShmUnmap(real_file(file), removes);
}

/// Version 2: no memory-mapped reads, which nobody could be asked about.
static const sqlite3_io_methods methods = {
    2, file_close, file_read, file_write, file_truncate, file_sync, file_size, file_lock, file_unlock,
    file_check_lock, file_control, file_sector_size, file_device, file_shm_map, file_shm_lock, file_shm_barrier,
    file_shm_unmap, NULL, NULL,
};

static shim *owner_of(sqlite3_vfs *vfs) { return (shim *)vfs->pAppData; }
static sqlite3_vfs *real_vfs(sqlite3_vfs *vfs) { return owner_of(vfs)->real; }

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out_flags) {
    shim_file *own = (shim_file *)file;
    sqlite3_vfs *real = real_vfs(vfs);
    int asked = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL;
    memset(own, 0, sizeof(shim_file));
    own->owner = owner_of(vfs);
    own->path = path != NULL && (flags & asked) ? path : NULL;
    if (own->path != NULL) {
        int exists = 1;
        if (flags & SQLITE_OPEN_CREATE) real->xAccess(real, path, SQLITE_ACCESS_EXISTS, &exists);
        int code = ask(file, CFV_OPEN, 0, !exists, NULL);
        if (code != SQLITE_OK) return code;
        own->syncs_folder = !exists && (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL)) != 0;
    }
    real_file(file)->pMethods = NULL;
    int code = real->xOpen(real, path, real_file(file), flags, out_flags);
    if (real_file(file)->pMethods != NULL) own->base.pMethods = &methods;
    return code;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int syncs_folder) {
    shim *own = owner_of(vfs);
    int code = own->callback(own->context, CFV_DELETE, path, 0, syncs_folder, NULL);
    return code != SQLITE_OK ? abs(code) : own->real->xDelete(own->real, path, syncs_folder);
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *result) {
    return real_vfs(vfs)->xAccess(real_vfs(vfs), path, flags, result);
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *path, int count, char *result) {
    return real_vfs(vfs)->xFullPathname(real_vfs(vfs), path, count, result);
}

static int vfs_randomness(sqlite3_vfs *vfs, int count, char *bytes) {
    return real_vfs(vfs)->xRandomness(real_vfs(vfs), count, bytes);
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds) { return real_vfs(vfs)->xSleep(real_vfs(vfs), microseconds); }

static int vfs_time(sqlite3_vfs *vfs, double *days) { return real_vfs(vfs)->xCurrentTime(real_vfs(vfs), days); }

static int vfs_last_error(sqlite3_vfs *vfs, int count, char *message) {
    return real_vfs(vfs)->xGetLastError(real_vfs(vfs), count, message);
}

static int vfs_time64(sqlite3_vfs *vfs, sqlite3_int64 *milliseconds) {
    return real_vfs(vfs)->xCurrentTimeInt64(real_vfs(vfs), milliseconds);
}

int cfv_register(const char *name, int64_t context, cfv_callback callback) {
    int code = sqlite3_initialize();
    if (code != SQLITE_OK) return code;
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);
    if (real == NULL) return SQLITE_ERROR;
    shim *own = calloc(1, sizeof(shim));
    sqlite3_vfs *vfs = calloc(1, sizeof(sqlite3_vfs));
    char *kept_name = strdup(name);
    if (own == NULL || vfs == NULL || kept_name == NULL) {
        free(own);
        free(vfs);
        free(kept_name);
        return SQLITE_NOMEM;
    }
    *own = (shim){real, callback, context};
    vfs->iVersion = 2;
    vfs->szOsFile = (int)sizeof(shim_file) + real->szOsFile;
    vfs->mxPathname = real->mxPathname;
    vfs->zName = kept_name;
    vfs->pAppData = own;
    vfs->xOpen = vfs_open;
    vfs->xDelete = vfs_delete;
    vfs->xAccess = vfs_access;
    vfs->xFullPathname = vfs_full_path;
    vfs->xRandomness = vfs_randomness;
    vfs->xSleep = vfs_sleep;
    vfs->xCurrentTime = vfs_time;
    vfs->xGetLastError = vfs_last_error;
    vfs->xCurrentTimeInt64 = vfs_time64;
    return sqlite3_vfs_register(vfs, 0);
}
