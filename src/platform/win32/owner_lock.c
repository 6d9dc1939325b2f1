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

struct owner_probe {
    HANDLE file;
};

struct owner_probe *owner_probe_open(const char *path, enum owner_state *state)
{
    struct owner_probe *probe = calloc(1, sizeof(*probe));
    wchar_t *wide = wide_from_utf8(path);

    *state = OWNER_UNKNOWN;
    if (!probe || !wide)
        goto failed;
    probe->file =
        CreateFileW(wide, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                    NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    if (probe->file == INVALID_HANDLE_VALUE) {
        DWORD error = GetLastError();

        if (error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND ||
            (error == ERROR_ACCESS_DENIED && RtlGetLastNtStatus() == STATUS_DELETE_PENDING))
            *state = OWNER_DEAD;
        goto failed;
    }
    free(wide);
    *state = owner_probe_state(probe);
    if (*state == OWNER_ALIVE)
        return probe;
    owner_probe_close(probe);
    return NULL;

failed:
    free(wide);
    free(probe);
    return NULL;
}

enum owner_state owner_probe_state(struct owner_probe *probe)
{
    OVERLAPPED first_byte = {0};

    if (LockFileEx(probe->file, LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &first_byte)) {
        UnlockFileEx(probe->file, 0, 1, 0, &first_byte);
        return OWNER_DEAD;
    }
    return GetLastError() == ERROR_LOCK_VIOLATION || GetLastError() == ERROR_IO_PENDING
               ? OWNER_ALIVE
               : OWNER_UNKNOWN;
}

void owner_probe_close(struct owner_probe *probe)
{
    if (!probe)
        return;
    CloseHandle(probe->file);
    free(probe);
}

enum owner_state owner_lock_probe(const char *path)
{
    enum owner_state state;

    owner_probe_close(owner_probe_open(path, &state));
    return state;
}
