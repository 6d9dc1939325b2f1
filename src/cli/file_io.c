/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading and writing files with names of any length. */
#include "cli/file_io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli/text.h"

/* Not a handle and not NULL: what CreateFileW gives when it fails. */
#define NO_FILE INVALID_HANDLE_VALUE

static HANDLE open_path(const wchar_t *path, DWORD access, DWORD disposition, DWORD flags)
{
    /* Others may go on using the file; that it changes meanwhile is noticed by its length. */
    DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

    return CreateFileW(path, access, share, NULL, disposition, flags, NULL);
}

DWORD file_reader_open(struct file_reader *reader, const char *path)
{
    wchar_t *native = text_native_path(path);
    LARGE_INTEGER size;
    DWORD error = ERROR_SUCCESS;

    reader->file = NO_FILE;
    reader->size = 0;
    if (!native)
        return ERROR_INVALID_NAME;
    reader->file = open_path(native, GENERIC_READ, OPEN_EXISTING, FILE_FLAG_SEQUENTIAL_SCAN);
    if (reader->file == NO_FILE)
        error = GetLastError();
    else if (GetFileType(reader->file) == FILE_TYPE_DISK && GetFileSizeEx(reader->file, &size))
        reader->size = (uint64_t)size.QuadPart;
    free(native);
    return error;
}

DWORD file_reader_read(struct file_reader *reader, void *buffer, DWORD size, DWORD *got)
{
    uint8_t *next = buffer;

    *got = 0;
    while (*got < size) {
        DWORD part = 0;
        if (!ReadFile(reader->file, next + *got, size - *got, &part, NULL)) {
            DWORD error = GetLastError();
            if (error == ERROR_BROKEN_PIPE || error == ERROR_HANDLE_EOF)
                break;
            return error;
        }
        if (part == 0)
            break;
        *got += part;
    }
    return ERROR_SUCCESS;
}

void file_reader_close(struct file_reader *reader)
{
    if (reader->file != NO_FILE)
        CloseHandle(reader->file);
    reader->file = NO_FILE;
}

DWORD file_read_whole(const char *path, uint64_t limit, uint8_t **data, size_t *length)
{
    struct file_reader reader;
    uint8_t *bytes = NULL;
    size_t have = 0;
    DWORD error = file_reader_open(&reader, path);

    while (error == ERROR_SUCCESS) {
        /* The size is a hint: one byte more shows the end in one go. */
        uint64_t wanted = reader.size >= have ? reader.size - have + 1 : 1 << 16;
        DWORD part = wanted < 1 << 24 ? (DWORD)wanted : 1 << 24;
        DWORD got;
        uint8_t *larger;
        if (have > limit) {
            error = ERROR_FILE_TOO_LARGE;
            break;
        }
        larger = have <= SIZE_MAX - part ? realloc(bytes, have + part) : NULL;
        if (!larger) {
            error = ERROR_NOT_ENOUGH_MEMORY;
            break;
        }
        bytes = larger;
        error = file_reader_read(&reader, bytes + have, part, &got);
        have += got;
        if (error == ERROR_SUCCESS && got < part)
            break;
    }
    if (error == ERROR_SUCCESS && have > limit)
        error = ERROR_FILE_TOO_LARGE;
    file_reader_close(&reader);
    if (error != ERROR_SUCCESS) {
        free(bytes);
        return error;
    }
    *data = bytes;
    *length = have;
    return ERROR_SUCCESS;
}

static DWORD write_all(HANDLE file, const void *data, size_t length)
{
    const uint8_t *next = data;

    while (length > 0) {
        DWORD part = length < 1 << 30 ? (DWORD)length : 1 << 30;
        DWORD written = 0;
        if (!WriteFile(file, next, part, &written, NULL))
            return GetLastError();
        if (written == 0)
            return ERROR_DISK_FULL;
        next += written;
        length -= written;
    }
    return ERROR_SUCCESS;
}

DWORD file_write_new(const char *path, const void *data, size_t length)
{
    wchar_t *native = text_native_path(path);
    HANDLE file;
    DWORD error;

    if (!native)
        return ERROR_INVALID_NAME;
    file = open_path(native, GENERIC_WRITE, CREATE_NEW, FILE_ATTRIBUTE_NORMAL);
    if (file == NO_FILE) {
        error = GetLastError();
    } else {
        error = write_all(file, data, length);
        if (!CloseHandle(file) && error == ERROR_SUCCESS)
            error = GetLastError();
        if (error != ERROR_SUCCESS)
            DeleteFileW(native);
    }
    free(native);
    return error;
}

/* Where the result for `path` is gathered. Made from the caller's path, for the suffix can make it
 * a long one. */
static char *part_path(const char *path)
{
    static const char suffix[] = ".part";
    size_t size = strlen(path) + sizeof(suffix);
    char *part = malloc(size);

    if (part)
        snprintf(part, size, "%s%s", path, suffix);
    return part;
}

/* Whether the file goes when its last handle is closed, by the system for a process that died. Only
 * a help: not every file system can do it. */
static void set_vanishing(HANDLE file, bool vanishing)
{
    FILE_DISPOSITION_INFO disposition = {.DeleteFile = vanishing};

    (void)SetFileInformationByHandle(file, FileDispositionInfo, &disposition, sizeof(disposition));
}

DWORD file_writer_open(struct file_writer *writer, const char *path)
{
    char *part = part_path(path);
    DWORD error = ERROR_SUCCESS;

    writer->file = NO_FILE;
    writer->path = text_native_path(path);
    writer->part = part ? text_native_path(part) : NULL;
    writer->opened = false;
    free(part);
    if (!writer->path || !writer->part) {
        error = ERROR_INVALID_NAME;
    } else {
        /* Shared with nobody: a file of this name that somebody has open, be it the input of this
         * command, is refused and not emptied. */
        writer->file = CreateFileW(writer->part, GENERIC_WRITE | DELETE, 0, NULL, CREATE_ALWAYS,
                                   FILE_ATTRIBUTE_NORMAL, NULL);
        if (writer->file == NO_FILE) {
            error = GetLastError();
        } else {
            writer->opened = true;
            set_vanishing(writer->file, true);
        }
    }
    if (error != ERROR_SUCCESS)
        file_writer_abandon(writer);
    return error;
}

DWORD file_writer_write(struct file_writer *writer, const void *data, DWORD length)
{
    return write_all(writer->file, data, length);
}

DWORD file_writer_write_at(struct file_writer *writer, uint64_t offset, const void *data,
                           DWORD length)
{
    LARGE_INTEGER position;

    position.QuadPart = (LONGLONG)offset;
    if (!SetFilePointerEx(writer->file, position, NULL, FILE_BEGIN))
        return GetLastError();
    return write_all(writer->file, data, length);
}

DWORD file_writer_commit(struct file_writer *writer)
{
    DWORD error = ERROR_SUCCESS;

    set_vanishing(writer->file, false);
    if (!CloseHandle(writer->file))
        error = GetLastError();
    writer->file = NO_FILE;
    if (error == ERROR_SUCCESS &&
        !MoveFileExW(writer->part, writer->path, MOVEFILE_REPLACE_EXISTING))
        error = GetLastError();
    if (error == ERROR_SUCCESS)
        writer->opened = false;
    file_writer_abandon(writer);
    return error;
}

void file_writer_abandon(struct file_writer *writer)
{
    if (writer->file != NO_FILE)
        CloseHandle(writer->file);
    writer->file = NO_FILE;
    if (writer->opened)
        DeleteFileW(writer->part);
    writer->opened = false;
    free(writer->path);
    free(writer->part);
    writer->path = NULL;
    writer->part = NULL;
}

/* The two times and the size besides the number: Wine gives every volume of a Unix the same one. */
static bool is_same_file(const char *one, const char *other)
{
    const char *const paths[2] = {one, other};
    BY_HANDLE_FILE_INFORMATION files[2];

    for (int i = 0; i < 2; i++) {
        struct file_reader reader;
        bool known = file_reader_open(&reader, paths[i]) == ERROR_SUCCESS &&
                     GetFileInformationByHandle(reader.file, &files[i]);
        file_reader_close(&reader);
        if (!known)
            return false;
    }
    return files[0].dwVolumeSerialNumber == files[1].dwVolumeSerialNumber &&
           files[0].nFileIndexHigh == files[1].nFileIndexHigh &&
           files[0].nFileIndexLow == files[1].nFileIndexLow &&
           files[0].nFileSizeHigh == files[1].nFileSizeHigh &&
           files[0].nFileSizeLow == files[1].nFileSizeLow &&
           CompareFileTime(&files[0].ftCreationTime, &files[1].ftCreationTime) == 0 &&
           CompareFileTime(&files[0].ftLastWriteTime, &files[1].ftLastWriteTime) == 0;
}

bool file_writer_would_replace(const char *path, const char *input)
{
    char *part = part_path(path);
    bool replace = is_same_file(path, input) || (part && is_same_file(part, input));

    free(part);
    return replace;
}
