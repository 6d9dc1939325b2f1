/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Large files read and written at stated positions, from any thread, without a common file pointer.
 * Paths are UTF-8 and absolute. On Win32 everything is shared with other processes, deletion
 * included. */
#ifndef PEERDIST_PLATFORM_DATA_FILE_H
#define PEERDIST_PLATFORM_DATA_FILE_H

#include <stddef.h>
#include <stdint.h>
#include "core/status.h"

struct data_file;

/* A new file (PD_ALREADY_EXISTS), for reading and writing. PD_IO_ERROR: cannot be made. */
enum pd_status data_file_create(const char *path, struct data_file **file);
/* The same; it vanishes with its handle, in whatever way the process ends. */
enum pd_status data_file_create_temporary(const char *path, struct data_file **file);
/* An existing one, for reading. PD_NOT_FOUND, PD_IO_ERROR. */
enum pd_status data_file_open(const char *path, struct data_file **file);
enum pd_status data_file_open_for_writing(const char *path, struct data_file **file);
void data_file_close(struct data_file *file); /* NULL allowed */

/* All of it or PD_IO_ERROR: an end of the file within it, a full disk, a failing one. */
enum pd_status data_file_read(struct data_file *file, uint64_t position, void *out, size_t length);
enum pd_status data_file_write(struct data_file *file, uint64_t position, const void *data,
                               size_t length);

/* Bytes of the file at path. PD_NOT_FOUND, PD_IO_ERROR. */
enum pd_status data_file_size(const char *path, uint64_t *size);
/* Bytes of the volume that holds folder, used or not. PD_IO_ERROR. */
enum pd_status volume_size(const char *folder, uint64_t *size);

#endif
