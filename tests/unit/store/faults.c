/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fault injection: a VFS and an allocator around SQLite's own. For one thread at a time. */
#include "unit/store/faults.h"

#include <sqlite3.h>
#include <string.h>

static struct {
    bool armed;
    enum fault_kind kind;
    unsigned left; /* until the fault */
    bool reached;
} fault;

static sqlite3_mem_methods memory;
static sqlite3_vfs *real_vfs;

static bool fails(enum fault_kind kind, bool stays)
{
    if (!fault.armed || fault.kind != kind)
        return false;
    if (fault.left && --fault.left)
        return false;
    if (fault.reached && !stays)
        return false;
    fault.reached = true;
    return true;
}

static int operation(bool writes)
{
    if (fails(FAULT_IO, false) || fails(FAULT_IO_STAYS, true))
        return SQLITE_IOERR;
    return writes && fails(FAULT_FULL, true) ? SQLITE_FULL : SQLITE_OK;
}

static void *faulty_malloc(int size)
{
    return fails(FAULT_MEMORY, false) ? NULL : memory.xMalloc(size);
}

static void *faulty_realloc(void *block, int size)
{
    return fails(FAULT_MEMORY, false) ? NULL : memory.xRealloc(block, size);
}

struct faulty_file {
    sqlite3_file base;
    sqlite3_file *real; /* behind this structure */
};

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct faulty_file *)(void *)file)->real;
}

static int faulty_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int faulty_read(sqlite3_file *file, void *out, int size, sqlite3_int64 at)
{
    int code = operation(false);

    return code ? code : real_of(file)->pMethods->xRead(real_of(file), out, size, at);
}

static int faulty_write(sqlite3_file *file, const void *in, int size, sqlite3_int64 at)
{
    int code = operation(true);

    return code ? code : real_of(file)->pMethods->xWrite(real_of(file), in, size, at);
}

static int faulty_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int code = operation(false);

    return code ? code : real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int faulty_sync(sqlite3_file *file, int flags)
{
    int code = operation(false);

    return code ? code : real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int faulty_size(sqlite3_file *file, sqlite3_int64 *size)
{
    int code = operation(false);

    return code ? code : real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int faulty_lock(sqlite3_file *file, int level)
{
    int code = operation(false);

    return code ? code : real_of(file)->pMethods->xLock(real_of(file), level);
}

static int faulty_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int faulty_check_reserved(sqlite3_file *file, int *out)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

static int faulty_control(sqlite3_file *file, int what, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), what, argument);
}

static int faulty_sector(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int faulty_characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int faulty_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
    int code = operation(true);

    return code ? code : real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, out);
}

static int faulty_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    int code = flags & SQLITE_SHM_LOCK ? operation(false) : SQLITE_OK;

    return code ? code : real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void faulty_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int faulty_shm_unmap(sqlite3_file *file, int remove)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

static const sqlite3_io_methods file_methods = {
    .iVersion = 2,
    .xClose = faulty_close,
    .xRead = faulty_read,
    .xWrite = faulty_write,
    .xTruncate = faulty_truncate,
    .xSync = faulty_sync,
    .xFileSize = faulty_size,
    .xLock = faulty_lock,
    .xUnlock = faulty_unlock,
    .xCheckReservedLock = faulty_check_reserved,
    .xFileControl = faulty_control,
    .xSectorSize = faulty_sector,
    .xDeviceCharacteristics = faulty_characteristics,
    .xShmMap = faulty_shm_map,
    .xShmLock = faulty_shm_lock,
    .xShmBarrier = faulty_shm_barrier,
    .xShmUnmap = faulty_shm_unmap,
};

static int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                       int *out_flags)
{
    struct faulty_file *made = (struct faulty_file *)(void *)file;
    int code = operation(false);

    (void)vfs;
    made->base.pMethods = NULL;
    made->real = (sqlite3_file *)(void *)(made + 1);
    if (code)
        return SQLITE_CANTOPEN;
    code = real_vfs->xOpen(real_vfs, name, made->real, flags, out_flags);
    if (made->real->pMethods)
        made->base.pMethods = &file_methods;
    return code;
}

static int faulty_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    int code = operation(false);

    (void)vfs;
    return code ? code : real_vfs->xDelete(real_vfs, name, sync);
}

bool faults_install(void)
{
    static sqlite3_mem_methods faulty_memory;
    static sqlite3_vfs faulty_vfs;

    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &memory) != SQLITE_OK)
        return false;
    faulty_memory = memory;
    faulty_memory.xMalloc = faulty_malloc;
    faulty_memory.xRealloc = faulty_realloc;
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &faulty_memory) != SQLITE_OK)
        return false;
    real_vfs = sqlite3_vfs_find(NULL);
    if (!real_vfs)
        return false;
    faulty_vfs = *real_vfs;
    faulty_vfs.zName = "faulty";
    faulty_vfs.szOsFile = (int)sizeof(struct faulty_file) + real_vfs->szOsFile;
    faulty_vfs.xOpen = faulty_open;
    faulty_vfs.xDelete = faulty_delete;
    return sqlite3_vfs_register(&faulty_vfs, 1) == SQLITE_OK;
}

void faults_arm(enum fault_kind kind, unsigned n)
{
    memset(&fault, 0, sizeof(fault));
    fault.kind = kind;
    fault.left = n;
    fault.armed = true;
}

bool faults_disarm(void)
{
    fault.armed = false;
    return fault.reached;
}
