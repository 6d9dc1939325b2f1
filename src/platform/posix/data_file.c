/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data files over pread and pwrite. */
#include "platform/data_file.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct data_file {
    int descriptor;
};

static enum pd_status open_file(const char *path, int flags, struct data_file **file)
{
    struct data_file *opened = malloc(sizeof(*opened));
    *file = NULL;
    if (opened == NULL)
        return PD_NO_MEMORY;
    opened->descriptor = open(path, flags | O_CLOEXEC, 0600);
    if (opened->descriptor < 0) {
        free(opened);
        if (errno == EEXIST)
            return PD_ALREADY_EXISTS;
        return errno == ENOENT ? PD_NOT_FOUND : PD_IO_ERROR;
    }
    *file = opened;
    return PD_OK;
}

enum pd_status data_file_create(const char *path, struct data_file **file)
{
    enum pd_status status = open_file(path, O_RDWR | O_CREAT | O_EXCL, file);
    return status == PD_NOT_FOUND ? PD_IO_ERROR : status;
}

enum pd_status data_file_create_temporary(const char *path, struct data_file **file)
{
    enum pd_status status = data_file_create(path, file);
    if (status == PD_OK)
        unlink(path);
    return status;
}

enum pd_status data_file_open(const char *path, struct data_file **file)
{
    return open_file(path, O_RDONLY, file);
}

enum pd_status data_file_open_for_writing(const char *path, struct data_file **file)
{
    return open_file(path, O_RDWR, file);
}

void data_file_close(struct data_file *file)
{
    if (file == NULL)
        return;
    close(file->descriptor);
    free(file);
}

enum pd_status data_file_read(struct data_file *file, uint64_t position, void *out, size_t length)
{
    char *next = out;
    while (length > 0) {
        ssize_t got = pread(file->descriptor, next, length, (off_t)position);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return PD_IO_ERROR;
        next += got;
        position += (uint64_t)got;
        length -= (size_t)got;
    }
    return PD_OK;
}

enum pd_status data_file_write(struct data_file *file, uint64_t position, const void *data,
                               size_t length)
{
    const char *next = data;
    while (length > 0) {
        ssize_t put = pwrite(file->descriptor, next, length, (off_t)position);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return PD_IO_ERROR;
        next += put;
        position += (uint64_t)put;
        length -= (size_t)put;
    }
    return PD_OK;
}

enum pd_status data_file_size(const char *path, uint64_t *size)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return errno == ENOENT ? PD_NOT_FOUND : PD_IO_ERROR;
    *size = (uint64_t)info.st_size;
    return PD_OK;
}

enum pd_status volume_size(const char *folder, uint64_t *size)
{
    struct statvfs info;
    if (statvfs(folder, &info) != 0)
        return PD_IO_ERROR;
    *size = (uint64_t)info.f_blocks * info.f_frsize;
    return PD_OK;
}
