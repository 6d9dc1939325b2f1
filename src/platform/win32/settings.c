/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The administrator's settings in the registry. */
#include "platform/settings_source.h"

#include <windows.h>

#include "platform/win32/registry.h"

static const wchar_t *const branches[] = {REGISTRY_POLICY, REGISTRY_LOCAL};

#define PATH_MAX_LENGTH 160

/* The table's names are ASCII. `start`: characters that are there already. */
static void append(wchar_t *path, size_t start, const char *text)
{
    do
        path[start++] = (wchar_t)(unsigned char)*text;
    while (*text++ && start < PATH_MAX_LENGTH);
    path[PATH_MAX_LENGTH - 1] = 0;
}

static void key_path(enum settings_branch branch, enum setting_id id, wchar_t *path)
{
    size_t length = (size_t)lstrlenW(branches[branch]);

    lstrcpyW(path, branches[branch]);
    path[length] = L'\\';
    append(path, length + 1, settings_table[id].key);
}

enum settings_raw settings_source_read(enum settings_branch branch, enum setting_id id,
                                       uint64_t *number)
{
    const struct setting *setting = &settings_table[id];
    wchar_t path[PATH_MAX_LENGTH], name[PATH_MAX_LENGTH];
    union {
        DWORD number;
        uint64_t quad;
    } data = {.quad = 0};
    DWORD type = 0, size = setting->is_quad ? sizeof(data.quad) : sizeof(data.number);
    DWORD wanted = size;
    LSTATUS error;
    HKEY key;

    key_path(branch, id, path);
    append(name, 0, setting->value);
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, path, 0, KEY_QUERY_VALUE | KEY_WOW64_64KEY, &key) !=
        ERROR_SUCCESS)
        return SETTINGS_RAW_ABSENT;
    error = RegQueryValueExW(key, name, NULL, &type, (BYTE *)&data, &size);
    RegCloseKey(key);
    if (error == ERROR_MORE_DATA)
        return SETTINGS_RAW_OTHER_TYPE;
    if (error != ERROR_SUCCESS)
        return SETTINGS_RAW_ABSENT;
    if (type != (setting->is_quad ? REG_QWORD : REG_DWORD) || size != wanted)
        return SETTINGS_RAW_OTHER_TYPE;
    *number = setting->is_quad ? data.quad : data.number;
    return SETTINGS_RAW_NUMBER;
}

enum pd_status settings_source_write(enum setting_id id, uint64_t number)
{
    const struct setting *setting = &settings_table[id];
    wchar_t path[PATH_MAX_LENGTH], name[PATH_MAX_LENGTH];
    DWORD small = (DWORD)number;
    LSTATUS error;
    HKEY key;

    key_path(SETTINGS_LOCAL, id, path);
    append(name, 0, setting->value);
    if (RegCreateKeyExW(HKEY_LOCAL_MACHINE, path, 0, NULL, 0, KEY_SET_VALUE | KEY_WOW64_64KEY, NULL,
                        &key, NULL) != ERROR_SUCCESS)
        return PD_ACCESS_DENIED;
    error = setting->is_quad
                ? RegSetValueExW(key, name, 0, REG_QWORD, (const BYTE *)&number, sizeof(number))
                : RegSetValueExW(key, name, 0, REG_DWORD, (const BYTE *)&small, sizeof(small));
    RegCloseKey(key);
    return error == ERROR_SUCCESS ? PD_OK : PD_ACCESS_DENIED;
}

enum pd_status settings_source_remove(enum setting_id id)
{
    wchar_t path[PATH_MAX_LENGTH], name[PATH_MAX_LENGTH];
    LSTATUS error;
    HKEY key;

    key_path(SETTINGS_LOCAL, id, path);
    append(name, 0, settings_table[id].value);
    error = RegOpenKeyExW(HKEY_LOCAL_MACHINE, path, 0, KEY_SET_VALUE | KEY_WOW64_64KEY, &key);
    if (error == ERROR_SUCCESS) {
        error = RegDeleteValueW(key, name);
        RegCloseKey(key);
    }
    return error == ERROR_SUCCESS || error == ERROR_FILE_NOT_FOUND ? PD_OK : PD_ACCESS_DENIED;
}

void settings_source_defaults(struct settings *settings)
{
    *settings = settings_defaults;
}
