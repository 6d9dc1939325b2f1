/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Proof of life over LockFileEx. */
#include "platform/owner_lock.h"

#include <windows.h>
#include <winternl.h>
#include <stdlib.h>

#include "platform/win32/wide.h"

#ifndef STATUS_DELETE_PENDING
#define STATUS_DELETE_PENDING ((NTSTATUS)0xC0000056L)
#endif

NTSYSAPI NTSTATUS NTAPI RtlGetLastNtStatus(void);

struct owner_lock {
    HANDLE file;
};

enum pd_status owner_lock_create(const char *path, struct owner_lock **lock)
{
    struct owner_lock *made = calloc(1, sizeof(*made));
    wchar_t *wide = wide_from_utf8(path);
    OVERLAPPED first_byte = {0};
    enum pd_status status = PD_NO_MEMORY;

    *lock = NULL;
    if (!made || !wide)
        goto cleanup;
    /* Deletion is not shared, so nobody can remove the file before it is locked. Deleting on close
     * leaves nothing behind, death of the process included; where it does (power loss, a killed
     * wineserver), the missing lock still tells. */
    made->file =
        CreateFileW(wide, GENERIC_READ | GENERIC_WRITE | DELETE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                    NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL | FILE_FLAG_DELETE_ON_CLOSE, NULL);
    if (made->file == INVALID_HANDLE_VALUE) {
        status = PD_UNAVAILABLE;
        goto cleanup;
    }
    /* Waits: a checker may hold its shared lock for a moment. */
    if (!LockFileEx(made->file, LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, &first_byte)) {
        CloseHandle(made->file);
        status = PD_UNAVAILABLE;
        goto cleanup;
    }
    *lock = made;
    made = NULL;
    status = PD_OK;

cleanup:
    free(wide);
    free(made);
    return status;
}

void owner_lock_destroy(struct owner_lock *lock)
{
    if (!lock)
        return;
    CloseHandle(lock->file);
    free(lock);
}

enum owner_state owner_lock_probe(const char *path)
{
    wchar_t *wide = wide_from_utf8(path);
    enum owner_state state = OWNER_UNKNOWN;
    OVERLAPPED first_byte = {0};
    HANDLE file;

    if (!wide)
        return OWNER_UNKNOWN;
    file = CreateFileW(wide, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                       NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    free(wide);
    if (file == INVALID_HANDLE_VALUE) {
        DWORD error = GetLastError();

        if (error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND ||
            (error == ERROR_ACCESS_DENIED && RtlGetLastNtStatus() == STATUS_DELETE_PENDING))
            state = OWNER_DEAD;
        return state;
    }
    if (LockFileEx(file, LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &first_byte))
        state = OWNER_DEAD; /* closing lets go of it */
    else if (GetLastError() == ERROR_LOCK_VIOLATION || GetLastError() == ERROR_IO_PENDING)
        state = OWNER_ALIVE;
    CloseHandle(file);
    return state;
}
