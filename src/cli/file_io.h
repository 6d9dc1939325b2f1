/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files by UTF-8 path: large ones read from start to end, small ones whole, results written so that
 * half of one is never left behind. Everything returns a Win32 error. */
#ifndef PEERDIST_CLI_FILE_IO_H
#define PEERDIST_CLI_FILE_IO_H

#include <windows.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct file_reader {
    HANDLE file;
    uint64_t size; /* bytes when it was opened; 0 when it has none, as a pipe */
};
DWORD file_reader_open(struct file_reader *reader, const char *path);
/* Fills the buffer; *got is less than `size` only at the end of the file. */
DWORD file_reader_read(struct file_reader *reader, void *buffer, DWORD size, DWORD *got);
void file_reader_close(struct file_reader *reader);

/* The caller frees *data (never NULL on success). ERROR_FILE_TOO_LARGE above `limit` bytes. */
DWORD file_read_whole(const char *path, uint64_t limit, uint8_t **data, size_t *length);
/* ERROR_FILE_EXISTS rather than overwrite. */
DWORD file_write_new(const char *path, const void *data, size_t length);

/* A result: gathered in "PATH.part", which takes the place of PATH when it is committed, and goes
 * with the process when that ends before, in whatever way. */
struct file_writer {
    HANDLE file;
    wchar_t *path;
    wchar_t *part;
    bool opened; /* `part` is on the disk and ours */
};
DWORD file_writer_open(struct file_writer *writer, const char *path);
DWORD file_writer_write(struct file_writer *writer, const void *data, DWORD length);
/* Writes at this offset, wherever it is, and goes on from there. */
DWORD file_writer_write_at(struct file_writer *writer, uint64_t offset, const void *data,
                           DWORD length);
DWORD file_writer_commit(struct file_writer *writer);
/* After an open that failed, and after a commit, it does nothing. */
void file_writer_abandon(struct file_writer *writer);
/* Whether a result at `path` would take the place of `input`, or be gathered in it. */
bool file_writer_would_replace(const char *path, const char *input);

#endif
