/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/dll_file.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* Wine's own DLLs, and the files in a prefix that stand for them, say so behind the DOS header. */
#define WINE_MARK_OFFSET 0x40
#define HEADERS_SIZE     4096
#define KEPT_NAME        L"peerdist.dll.wine"

wchar_t *dll_path(const wchar_t *folder, const wchar_t *name)
{
    size_t length = wcslen(folder) + wcslen(name) + 2;
    wchar_t *path = malloc(length * sizeof(*path));
    if (path != NULL) {
        wcscpy(path, folder);
        wcscat(path, L"\\");
        wcscat(path, name);
    }
    return path;
}

static DWORD read_headers(const wchar_t *path, uint8_t headers[HEADERS_SIZE])
{
    DWORD got = 0;
    HANDLE file =
        CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                    NULL, OPEN_EXISTING, 0, NULL);
    memset(headers, 0, HEADERS_SIZE);
    if (file == INVALID_HANDLE_VALUE)
        return 0;
    if (!ReadFile(file, headers, HEADERS_SIZE, &got, NULL))
        got = 0;
    CloseHandle(file);
    return got;
}

WORD dll_machine(const wchar_t *path)
{
    uint8_t headers[HEADERS_SIZE];
    uint32_t start;
    WORD machine;
    DWORD got = read_headers(path, headers);
    if (got < 0x40 || headers[0] != 'M' || headers[1] != 'Z')
        return 0;
    memcpy(&start, headers + 0x3c, sizeof(start));
    if (start > got || got - start < 6 || memcmp(headers + start, "PE\0\0", 4) != 0)
        return 0;
    memcpy(&machine, headers + start + 4, sizeof(machine));
    return machine;
}

static bool has_wine_mark(const wchar_t *path)
{
    static const char *const marks[] = {"Wine builtin DLL", "Wine placeholder DLL"};
    uint8_t headers[HEADERS_SIZE];
    if (read_headers(path, headers) < WINE_MARK_OFFSET + 32)
        return false;
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        if (memcmp(headers + WINE_MARK_OFFSET, marks[i], strlen(marks[i])) == 0)
            return true;
    return false;
}

/* What VERSIONINFO calls the product. */
static bool is_our_product(const wchar_t *path)
{
    DWORD ignored, size = GetFileVersionInfoSizeW(path, &ignored);
    void *block = size > 0 ? malloc(size) : NULL;
    wchar_t *product = NULL;
    UINT length = 0;
    bool ours = block != NULL && GetFileVersionInfoW(path, 0, size, block) &&
                VerQueryValueW(block, L"\\StringFileInfo\\040904B0\\ProductName", (void **)&product,
                               &length) &&
                length > 0 && wcscmp(product, L"peerdist") == 0;
    free(block);
    return ours;
}

enum dll_owner dll_owner(const wchar_t *path)
{
    if (GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES)
        return DLL_NONE;
    if (is_our_product(path))
        return DLL_OURS;
    return has_wine_mark(path) ? DLL_WINE : DLL_FOREIGN;
}

static DWORD move(const wchar_t *from, const wchar_t *to)
{
    return MoveFileExW(from, to, MOVEFILE_REPLACE_EXISTING) ? ERROR_SUCCESS : GetLastError();
}

DWORD dll_put(const wchar_t *source, const wchar_t *folder)
{
    wchar_t *path = dll_path(folder, DLL_NAME), *kept = dll_path(folder, KEPT_NAME);
    wchar_t *fresh = dll_path(folder, L"peerdist.dll.new");
    DWORD error = path && kept && fresh ? ERROR_SUCCESS : ERROR_NOT_ENOUGH_MEMORY;
    enum dll_owner owner = error == ERROR_SUCCESS ? dll_owner(path) : DLL_NONE;
    if (owner == DLL_FOREIGN)
        error = ERROR_ALREADY_EXISTS;
    /* Never half a DLL under the name. */
    if (error == ERROR_SUCCESS && !CopyFileW(source, fresh, FALSE))
        error = GetLastError();
    if (error == ERROR_SUCCESS && owner == DLL_WINE)
        error = move(path, kept);
    if (error == ERROR_SUCCESS)
        error = move(fresh, path);
    if (error != ERROR_SUCCESS && fresh != NULL)
        DeleteFileW(fresh);
    free(fresh);
    free(kept);
    free(path);
    return error;
}

DWORD dll_remove(const wchar_t *folder)
{
    wchar_t *path = dll_path(folder, DLL_NAME), *kept = dll_path(folder, KEPT_NAME);
    DWORD error = path && kept ? ERROR_SUCCESS : ERROR_NOT_ENOUGH_MEMORY;
    enum dll_owner owner = error == ERROR_SUCCESS ? dll_owner(path) : DLL_NONE;
    if (error == ERROR_SUCCESS && (owner == DLL_NONE || owner == DLL_WINE))
        error = ERROR_FILE_NOT_FOUND;
    if (error == ERROR_SUCCESS && owner == DLL_FOREIGN)
        error = ERROR_ALREADY_EXISTS;
    if (error == ERROR_SUCCESS && GetFileAttributesW(kept) != INVALID_FILE_ATTRIBUTES)
        error = move(kept, path);
    else if (error == ERROR_SUCCESS && !DeleteFileW(path))
        error = GetLastError();
    free(kept);
    free(path);
    return error;
}
