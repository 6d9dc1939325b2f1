/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pe/store_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#define FILES 64

static WCHAR base[MAX_PATH];
static WCHAR filler[MAX_PATH];

struct saved {
    WCHAR path[MAX_PATH];
    BYTE *bytes;
    DWORD size;
};
static struct saved files[FILES];
static unsigned file_count;

const WCHAR *store_files_base(void)
{
    return base;
}

unsigned saved_files(void)
{
    return file_count;
}

static HANDLE open_file(const WCHAR *path)
{
    return CreateFileW(path, GENERIC_READ | GENERIC_WRITE,
                       FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                       0, NULL);
}

static void save_file(const WCHAR *path)
{
    struct saved *file = &files[file_count];
    HANDLE handle = open_file(path);
    DWORD got = 0;

    if (handle == INVALID_HANDLE_VALUE)
        return;
    file->size = GetFileSize(handle, NULL);
    file->bytes = malloc(file->size + 1);
    wcscpy(file->path, path);
    if (file->bytes && ReadFile(handle, file->bytes, file->size, &got, NULL) && got == file->size)
        file_count++;
    else
        free(file->bytes);
    CloseHandle(handle);
}

/* Visits all files below a folder, and the folders in it after their contents. */
static void walk(const WCHAR *folder, void (*visit)(const WCHAR *path, bool is_folder))
{
    WCHAR path[MAX_PATH];
    WIN32_FIND_DATAW found;
    HANDLE search;

    swprintf(path, MAX_PATH, L"%ls\\*", folder);
    search = FindFirstFileW(path, &found);
    if (search == INVALID_HANDLE_VALUE)
        return;
    do {
        bool is_folder = (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;

        swprintf(path, MAX_PATH, L"%ls\\%ls", folder, found.cFileName);
        if (wcscmp(found.cFileName, L".") == 0 || wcscmp(found.cFileName, L"..") == 0)
            continue;
        if (is_folder)
            walk(path, visit);
        visit(path, is_folder);
    } while (FindNextFileW(search, &found));
    FindClose(search);
}

/* The shared memory of the database is memory, not a file to overwrite. */
static void save(const WCHAR *path, bool is_folder)
{
    size_t length = wcslen(path);

    if (!is_folder && file_count < FILES && wcscmp(path + length - 4, L"-shm") != 0)
        save_file(path);
}

void save_files(const WCHAR *folder)
{
    walk(folder, save);
}

void damage_files(enum damage damage)
{
    unsigned i;

    for (i = 0; i < file_count; i++) {
        HANDLE handle = open_file(files[i].path);
        BYTE *bytes = malloc(files[i].size + 1);
        DWORD start = damage == MIDDLE ? files[i].size / 3 : 0;
        DWORD written;
        DWORD k;

        if (handle == INVALID_HANDLE_VALUE || bytes == NULL)
            continue;
        for (k = 0; k < files[i].size; k++)
            bytes[k] = (BYTE)(k * 167 + 13);
        if (damage == CUT) {
            SetEndOfFile(handle);
        } else {
            SetFilePointer(handle, (LONG)start, NULL, FILE_BEGIN);
            WriteFile(handle, bytes, files[i].size - start, &written, NULL);
        }
        free(bytes);
        CloseHandle(handle);
    }
}

void forget_files(void)
{
    while (file_count > 0)
        free(files[--file_count].bytes);
}

void restore_files(void)
{
    while (file_count > 0) {
        struct saved *file = &files[--file_count];
        HANDLE handle = open_file(file->path);
        DWORD written;

        if (handle != INVALID_HANDLE_VALUE) {
            WriteFile(handle, file->bytes, file->size, &written, NULL);
            SetEndOfFile(handle);
            CloseHandle(handle);
        }
        free(file->bytes);
    }
}

static void remove_one(const WCHAR *path, bool is_folder)
{
    if (is_folder)
        RemoveDirectoryW(path);
    else
        DeleteFileW(path);
}

void delete_tree(const WCHAR *folder)
{
    walk(folder, remove_one);
    RemoveDirectoryW(folder);
}

void use_store(const WCHAR *name, WCHAR *path)
{
    swprintf(path, MAX_PATH, L"%ls\\%ls", base, name);
    SetEnvironmentVariableW(L"PEERDIST_STORE", path);
}

bool fill_volume(void)
{
    static BYTE zeros[65536];
    HANDLE file = CreateFileW(filler, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    DWORD size = sizeof(zeros);
    DWORD written;

    if (file == INVALID_HANDLE_VALUE)
        return false;
    while (size > 0)
        if (!WriteFile(file, zeros, size, &written, NULL) || written < size)
            size /= 2;
    CloseHandle(file);
    return true;
}

void empty_volume(void)
{
    DeleteFileW(filler);
}

void store_files_init(void)
{
    WCHAR path[MAX_PATH];

    GetTempPathW(MAX_PATH - 40, path);
    swprintf(base, MAX_PATH, L"%lspeerdist-test-%lu", path, GetCurrentProcessId());
    delete_tree(base); /* of a process that had this number before */
    CreateDirectoryW(base, NULL);
}

bool store_files_on_small_volume(void)
{
    WCHAR path[MAX_PATH];
    DWORD length = GetEnvironmentVariableW(L"PEERDIST_TEST_FULL_DISK", path, MAX_PATH);

    if (length == 0 || length >= MAX_PATH)
        return false;
    delete_tree(base);
    wcscpy(base, path);
    swprintf(filler, MAX_PATH, L"%ls\\filler", base);
    return true;
}

void store_files_fini(void)
{
    delete_tree(base);
}
