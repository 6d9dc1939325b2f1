/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data files over ReadFile and WriteFile with a position in an OVERLAPPED: on a handle that was
 * opened for synchronous use they wait, and do not use the common file pointer. */
#include "platform/data_file.h"

#include <windows.h>
#include <stdbool.h>
#include <stdlib.h>

#include "platform/win32/wide.h"

/* Of one call: lengths are 32 bits wide. */
#define STEP_MAX (1u << 30)

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

static OVERLAPPED at(uint64_t position)
{
    OVERLAPPED overlapped = {0};
    overlapped.Offset = (DWORD)position;
    overlapped.OffsetHigh = (DWORD)(position >> 32);
    return overlapped;
}

enum pd_status data_file_read(struct data_file *file, uint64_t position, void *out, size_t length)
{
    char *next = out;
    while (length > 0) {
        OVERLAPPED overlapped = at(position);
        DWORD step = length < STEP_MAX ? (DWORD)length : STEP_MAX, got = 0;
        if (!ReadFile(file->handle, next, step, &got, &overlapped) || got == 0)
            return PD_IO_ERROR;
        next += got;
        position += got;
        length -= got;
    }
    return PD_OK;
}

enum pd_status data_file_write(struct data_file *file, uint64_t position, const void *data,
                               size_t length)
{
    const char *next = data;
    while (length > 0) {
        OVERLAPPED overlapped = at(position);
        DWORD step = length < STEP_MAX ? (DWORD)length : STEP_MAX, put = 0;
        if (!WriteFile(file->handle, next, step, &put, &overlapped) || put == 0)
            return PD_IO_ERROR;
        next += put;
        position += put;
        length -= put;
    }
    return PD_OK;
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
