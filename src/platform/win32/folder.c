/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Store folders and small files on Win32: where they are, and who may enter. */
#include "platform/folder.h"

#include <windows.h>
#include <aclapi.h>
#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/win32/wide.h"

/* The library that is built as Wine builds its own has a store for itself: SQLite's locks there are
 * the system's, and those of the PE library Wine's. */
#ifdef __WINE__
#define STORES L"Stores-builtin"
char *CDECL wine_get_unix_file_name(const WCHAR *path);
#else
#define STORES L"Stores"
#endif

#define PROFILE_LIST_KEY L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\ProfileList"

/* The environment variable, made absolute; NULL when it is not set (or without memory). */
static wchar_t *root_from_environment(void)
{
    DWORD size = GetEnvironmentVariableW(L"PEERDIST_STORE", NULL, 0);
    wchar_t *value, *path = NULL;
    DWORD length;

    if (size < 2 || !(value = calloc(size, sizeof(*value))))
        return NULL;
    length = GetEnvironmentVariableW(L"PEERDIST_STORE", value, size);
    if (length && length < size && (size = GetFullPathNameW(value, 0, NULL, NULL)) != 0 &&
        (path = calloc(size, sizeof(*path))) != NULL) {
        length = GetFullPathNameW(value, size, path, NULL);
        if (!length || length >= size) {
            free(path);
            path = NULL;
        }
    }
    free(value);
    return path;
}

/* Drive and path: what an emptied environment left unexpanded would be below the current folder. */
static bool is_absolute(const wchar_t *path, DWORD length)
{
    return length >= 2 && length <= MAX_PATH && path[0] && path[1] == L':' && path[2] == L'\\';
}

/* <ProgramData>, from where the system itself keeps it: shell32 need not be loaded for it. On
 * Windows that is "%SystemDrive%\ProgramData", so the environment counts in any case. */
static wchar_t *program_data(void)
{
    wchar_t raw[MAX_PATH + 1] = L"";
    wchar_t *path = calloc(MAX_PATH + 1, sizeof(*path));
    DWORD type = 0, size = sizeof(raw) - sizeof(raw[0]), length = 0;
    HKEY key;

    if (!path)
        return NULL;
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, PROFILE_LIST_KEY, 0, KEY_QUERY_VALUE | KEY_WOW64_64KEY,
                      &key) == ERROR_SUCCESS) {
        if (RegQueryValueExW(key, L"ProgramData", NULL, &type, (BYTE *)raw, &size) ==
                ERROR_SUCCESS &&
            (type == REG_SZ || type == REG_EXPAND_SZ))
            length = ExpandEnvironmentStringsW(raw, path, MAX_PATH);
        RegCloseKey(key);
    }
    if (!is_absolute(path, length))
        length = GetEnvironmentVariableW(L"ProgramData", path, MAX_PATH);
    if (!is_absolute(path, length)) {
        free(path);
        return NULL;
    }
    return path;
}

/* Creates the folder with what it inherits: below ProgramData every user may then create folders,
 * as the system's own rules there say. An existing one is fine. */
static bool create_plain(const wchar_t *path)
{
    return CreateDirectoryW(path, NULL) || GetLastError() == ERROR_ALREADY_EXISTS;
}

/* Creates `path` and what is missing above it. */
static bool create_all(wchar_t *path)
{
    wchar_t *at;

    if (create_plain(path))
        return true;
    if (GetLastError() != ERROR_PATH_NOT_FOUND)
        return false;
    at = path + lstrlenW(path);
    while (at > path && *at != L'\\')
        at--;
    if (at == path)
        return false;
    *at = 0;
    bool made = create_all(path);
    *at = L'\\';
    return made && create_plain(path);
}

enum pd_status folder_store_root(char **path)
{
    static const wchar_t below[] = L"\\PeerDist\\" STORES;
    enum pd_status status = PD_UNAVAILABLE;
    wchar_t *wide = root_from_environment();

    *path = NULL;
    if (!wide) {
        wchar_t *base = program_data();

        if (base) {
            wide = calloc((size_t)lstrlenW(base) + sizeof(below) / sizeof(below[0]), sizeof(*wide));
            if (wide) {
                lstrcpyW(wide, base);
                lstrcatW(wide, below);
            }
            free(base);
        }
    }
    if (wide && create_all(wide)) {
        *path = wide_to_utf8(wide);
        status = *path ? PD_OK : PD_NO_MEMORY;
    }
    free(wide);
    return status;
}

/* The user that this process runs as. */
static bool is_process_user(PSID sid)
{
    union {
        TOKEN_USER user;
        BYTE room[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    } information;
    DWORD size = 0;
    HANDLE token;
    bool same;

    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return false;
    same = GetTokenInformation(token, TokenUser, &information, sizeof(information), &size) &&
           EqualSid(sid, information.user.User.Sid);
    CloseHandle(token);
    return same;
}

/* The folder is a real one and belongs to the user, to the system or its administrators, or to whom
 * this process obeys anyway: anybody else could have put it there to look inside. */
static bool is_own_folder(const wchar_t *path, const wchar_t *user)
{
    BY_HANDLE_FILE_INFORMATION information;
    PSECURITY_DESCRIPTOR descriptor = NULL;
    PSID owner = NULL, expected = NULL;
    bool own = false;
    HANDLE folder =
        CreateFileW(path, READ_CONTROL | FILE_READ_ATTRIBUTES,
                    FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                    FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);

    if (folder == INVALID_HANDLE_VALUE)
        return false;
    if (GetFileInformationByHandle(folder, &information) &&
        (information.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) &&
        !(information.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) &&
        GetSecurityInfo(folder, SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION, &owner, NULL, NULL,
                        NULL, &descriptor) == ERROR_SUCCESS &&
        owner && ConvertStringSidToSidW(user, &expected))
        own = EqualSid(owner, expected) || IsWellKnownSid(owner, WinLocalSystemSid) ||
              IsWellKnownSid(owner, WinBuiltinAdministratorsSid) || is_process_user(owner);
    LocalFree(expected);
    LocalFree(descriptor);
    CloseHandle(folder);
    return own;
}

enum pd_status folder_create_private(const char *path, const char *user)
{
    enum pd_status status = PD_UNAVAILABLE;
    SECURITY_ATTRIBUTES attributes = {.nLength = sizeof(attributes)};
    wchar_t *wide_path = wide_from_utf8(path), *wide_user = wide_from_utf8(user);
    wchar_t sddl[512];

    if (!wide_path || !wide_user) {
        status = PD_NO_MEMORY;
        goto cleanup;
    }
    /* At creation and with the user's own SID: under Wine that makes mode 0750, while a descriptor
     * set later, or one for the owner in general, protects nothing or locks the owner out. */
    if (lstrlenW(wide_user) > 400)
        goto cleanup;
    lstrcpyW(sddl, L"D:P(A;OICI;FA;;;");
    lstrcatW(sddl, wide_user);
    lstrcatW(sddl, L")(A;OICI;FA;;;SY)");
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(
            sddl, SDDL_REVISION_1, &attributes.lpSecurityDescriptor, NULL))
        goto cleanup;
    if (CreateDirectoryW(wide_path, &attributes) ||
        (GetLastError() == ERROR_ALREADY_EXISTS && is_own_folder(wide_path, wide_user)))
        status = PD_OK;

cleanup:
    LocalFree(attributes.lpSecurityDescriptor);
    free(wide_user);
    free(wide_path);
    return status;
}

#ifdef __WINE__
/* SQLite is the system's there, and knows Unix paths. */
char *path_for_libraries(const char *path)
{
    wchar_t *wide = wide_from_utf8(path);
    char *unix_path = wide ? wine_get_unix_file_name(wide) : NULL;
    size_t size = unix_path ? strlen(unix_path) + 1 : 0;
    char *copy = unix_path ? malloc(size) : NULL;

    if (copy)
        memcpy(copy, unix_path, size);
    HeapFree(GetProcessHeap(), 0, unix_path);
    free(wide);
    return copy;
}
#else
char *path_for_libraries(const char *path)
{
    size_t size = strlen(path) + 1;
    char *copy = malloc(size);

    if (copy)
        memcpy(copy, path, size);
    return copy;
}
#endif

char *path_join(const char *folder, const char *name)
{
    size_t length = strlen(folder), size = length + strlen(name) + 2;
    const char *separator = length && folder[length - 1] == '\\' ? "" : "\\";
    char *path = malloc(size);

    if (path)
        snprintf(path, size, "%s%s%s", folder, separator, name);
    return path;
}

static enum pd_status status_of_last_error(void)
{
    DWORD error = GetLastError();

    return error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND ? PD_NOT_FOUND
                                                                          : PD_IO_ERROR;
}

enum pd_status file_delete(const char *path)
{
    wchar_t *wide = wide_from_utf8(path);
    enum pd_status status;

    if (!wide)
        return PD_NO_MEMORY;
    status = DeleteFileW(wide) ? PD_OK : status_of_last_error();
    free(wide);
    return status;
}

bool file_exists(const char *path)
{
    wchar_t *wide = wide_from_utf8(path);
    bool exists = wide && GetFileAttributesW(wide) != INVALID_FILE_ATTRIBUTES;

    free(wide);
    return exists;
}

bool file_is_linked(void *handle)
{
    FILE_STANDARD_INFO information;

    /* Some file systems do not count links, and say 1 or fail. */
    return !GetFileInformationByHandleEx(handle, FileStandardInfo, &information,
                                         sizeof(information)) ||
           (information.NumberOfLinks > 0 && !information.DeletePending);
}

static bool is_of_kind(const WIN32_FIND_DATAW *found, enum folder_entry kind)
{
    bool folder = (found->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;

    return kind == FOLDER_FILES ? !folder
                                : folder && wcscmp(found->cFileName, L".") != 0 &&
                                      wcscmp(found->cFileName, L"..") != 0;
}

enum pd_status folder_list(const char *folder, enum folder_entry kind,
                           bool (*visit)(const char *name, void *context), void *context)
{
    char *pattern = path_join(folder, "*");
    wchar_t *wide = pattern ? wide_from_utf8(pattern) : NULL;
    enum pd_status status = PD_OK;
    WIN32_FIND_DATAW found;
    bool more = true;
    HANDLE search;

    free(pattern);
    if (!wide)
        return PD_NO_MEMORY;
    search = FindFirstFileW(wide, &found);
    free(wide);
    if (search == INVALID_HANDLE_VALUE)
        return status_of_last_error();
    while (more) {
        if (is_of_kind(&found, kind)) {
            /* A name that is not UTF-16 cannot be one of ours. */
            char *name = wide_to_utf8(found.cFileName);

            more = !name || visit(name, context);
            free(name);
        }
        if (more && !FindNextFileW(search, &found)) {
            more = false;
            if (GetLastError() != ERROR_NO_MORE_FILES)
                status = PD_IO_ERROR;
        }
    }
    FindClose(search);
    return status;
}
