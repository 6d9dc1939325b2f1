/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data files over NtReadFile and NtWriteFile, which take a position. ReadFile takes one in an
 * OVERLAPPED only, and with that Wine tells its server of each completion: a fifth of the time that
 * reading a megabyte takes. */
#include "platform/data_file.h"

#include <windows.h>
#include <winternl.h>
#include <stdbool.h>
#include <stdlib.h>

#include "platform/win32/wide.h"

/* Of one call: lengths are 32 bits wide. */
#define STEP_MAX (1ul << 30)

#ifndef __WINE__ /* whose headers have them */
NTSYSAPI NTSTATUS NTAPI NtReadFile(HANDLE file, HANDLE event, PIO_APC_ROUTINE apc, PVOID context,
                                   PIO_STATUS_BLOCK io, PVOID buffer, ULONG length,
                                   PLARGE_INTEGER position, PULONG key);
NTSYSAPI NTSTATUS NTAPI NtWriteFile(HANDLE file, HANDLE event, PIO_APC_ROUTINE apc, PVOID context,
                                    PIO_STATUS_BLOCK io, PVOID buffer, ULONG length,
                                    PLARGE_INTEGER position, PULONG key);
#endif

struct data_file {
    HANDLE handle;
};

static enum pd_status open_file(const char *path, DWORD access, DWORD disposition, DWORD flags,
                                struct data_file **file)
{
    enum pd_status status = PD_NO_MEMORY;
    struct data_file *opened = malloc(sizeof(*opened));
    wchar_t *wide = wide_from_utf8(path);
    *file = NULL;
    if (opened == NULL || wide == NULL)
        goto cleanup;
    opened->handle =
        CreateFileW(wide, access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                    disposition, FILE_ATTRIBUTE_NORMAL | flags, NULL);
    if (opened->handle == INVALID_HANDLE_VALUE) {
        DWORD error = GetLastError();
        if (error == ERROR_FILE_EXISTS || error == ERROR_ALREADY_EXISTS)
            status = PD_ALREADY_EXISTS;
        else
            status = error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND ? PD_NOT_FOUND
                                                                                    : PD_IO_ERROR;
        goto cleanup;
    }
    *file = opened;
    opened = NULL;
    status = PD_OK;

cleanup:
    free(wide);
    free(opened);
    return status;
}

enum pd_status data_file_create(const char *path, struct data_file **file)
{
    enum pd_status status = open_file(path, GENERIC_READ | GENERIC_WRITE, CREATE_NEW, 0, file);
    return status == PD_NOT_FOUND ? PD_IO_ERROR : status;
}

enum pd_status data_file_create_temporary(const char *path, struct data_file **file)
{
    enum pd_status status = open_file(path, GENERIC_READ | GENERIC_WRITE | DELETE, CREATE_NEW,
                                      FILE_FLAG_DELETE_ON_CLOSE, file);
    return status == PD_NOT_FOUND ? PD_IO_ERROR : status;
}

enum pd_status data_file_open(const char *path, struct data_file **file)
{
    return open_file(path, GENERIC_READ, OPEN_EXISTING, 0, file);
}

enum pd_status data_file_open_for_writing(const char *path, struct data_file **file)
{
    return open_file(path, GENERIC_READ | GENERIC_WRITE, OPEN_EXISTING, 0, file);
}

void data_file_close(struct data_file *file)
{
    if (file == NULL)
        return;
    CloseHandle(file->handle);
    free(file);
}

/* NtReadFile or NtWriteFile. */
typedef NTSTATUS(NTAPI *transfer_function)(HANDLE file, HANDLE event, PIO_APC_ROUTINE apc,
                                           PVOID context, PIO_STATUS_BLOCK io, PVOID buffer,
                                           ULONG length, PLARGE_INTEGER position, PULONG key);

/* The handle was opened for synchronous use: the calls wait. */
static enum pd_status transfer(struct data_file *file, transfer_function function,
                               uint64_t position, char *next, size_t length)
{
    while (length > 0) {
        LARGE_INTEGER at = {.QuadPart = (LONGLONG)position};
        IO_STATUS_BLOCK io = {0};
        ULONG step = length < STEP_MAX ? (ULONG)length : STEP_MAX;
        NTSTATUS status = function(file->handle, NULL, NULL, NULL, &io, next, step, &at, NULL);
        if (status < 0 || io.Information == 0)
            return PD_IO_ERROR;
        next += io.Information;
        position += io.Information;
        length -= io.Information;
    }
    return PD_OK;
}

enum pd_status data_file_read(struct data_file *file, uint64_t position, void *out, size_t length)
{
    return transfer(file, NtReadFile, position, out, length);
}

enum pd_status data_file_write(struct data_file *file, uint64_t position, const void *data,
                               size_t length)
{
    /* The system's prototype is the same for both directions. */
    union {
        const void *in;
        char *out;
    } buffer = {data};
    return transfer(file, NtWriteFile, position, buffer.out, length);
}

enum pd_status data_file_size(const char *path, uint64_t *size)
{
    WIN32_FILE_ATTRIBUTE_DATA information;
    wchar_t *wide = wide_from_utf8(path);
    enum pd_status status = PD_OK;
    if (wide == NULL)
        return PD_NO_MEMORY;
    if (!GetFileAttributesExW(wide, GetFileExInfoStandard, &information)) {
        DWORD error = GetLastError();
        status = error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND ? PD_NOT_FOUND
                                                                                : PD_IO_ERROR;
    } else {
        *size = (uint64_t)information.nFileSizeHigh << 32 | information.nFileSizeLow;
    }
    free(wide);
    return status;
}

enum pd_status volume_size(const char *folder, uint64_t *size)
{
    ULARGE_INTEGER available, total, unused;
    wchar_t *wide = wide_from_utf8(folder);
    bool known = wide != NULL && GetDiskFreeSpaceExW(wide, &available, &total, &unused);
    free(wide);
    if (!known)
        return PD_IO_ERROR;
    *size = total.QuadPart;
    return PD_OK;
}
