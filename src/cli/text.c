/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Conversions between UTF-8 and UTF-16, and paths that may be long. */
#include "cli/text.h"

#include <windows.h>
#include <stdlib.h>
#include <string.h>

/* Leaves room below MAX_PATH for what the system itself appends (an 8.3 name in a folder). */
#define LONG_PATH (MAX_PATH - 12)

char *text_from_wide(const wchar_t *wide)
{
    int size = WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, wide, -1, NULL, 0, NULL, NULL);
    char *text = size > 0 ? malloc((size_t)size) : NULL;

    if (text)
        WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, wide, -1, text, size, NULL, NULL);
    return text;
}

wchar_t *text_to_wide(const char *utf8)
{
    int length = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, utf8, -1, NULL, 0);
    wchar_t *wide = length > 0 ? malloc((size_t)length * sizeof(wchar_t)) : NULL;

    if (wide)
        MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, utf8, -1, wide, length);
    return wide;
}

wchar_t *text_full_path(const char *path)
{
    wchar_t *wide = text_to_wide(path);
    wchar_t *full = NULL;
    DWORD size;

    if (!wide)
        return NULL;
    size = GetFullPathNameW(wide, 0, NULL, NULL);
    if (size > 0)
        full = malloc(size * sizeof(wchar_t));
    if (full && GetFullPathNameW(wide, size, full, NULL) >= size) {
        /* The current folder changed meanwhile; nothing here does that. */
        free(full);
        full = NULL;
    }
    free(wide);
    return full;
}

wchar_t *text_native_path(const char *path)
{
    wchar_t *full = text_full_path(path);
    wchar_t *native;
    const wchar_t *prefix = L"\\\\?\\";
    const wchar_t *rest = full;
    size_t prefix_length, rest_length;

    if (!full || wcslen(full) < LONG_PATH)
        return full;
    if (wcsncmp(full, L"\\\\?\\", 4) == 0 || wcsncmp(full, L"\\\\.\\", 4) == 0)
        return full;
    if (wcsncmp(full, L"\\\\", 2) == 0) {
        prefix = L"\\\\?\\UNC\\";
        rest = full + 2;
    }
    prefix_length = wcslen(prefix);
    rest_length = wcslen(rest) + 1;
    native = malloc((prefix_length + rest_length) * sizeof(wchar_t));
    if (native) {
        memcpy(native, prefix, prefix_length * sizeof(wchar_t));
        memcpy(native + prefix_length, rest, rest_length * sizeof(wchar_t));
    }
    free(full);
    return native;
}

void text_wipe_free(char *text)
{
    if (text)
        SecureZeroMemory(text, strlen(text));
    free(text);
}

void text_wipe_free_wide(wchar_t *text)
{
    if (text)
        SecureZeroMemory(text, wcslen(text) * sizeof(wchar_t));
    free(text);
}
