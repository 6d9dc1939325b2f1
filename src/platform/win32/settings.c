/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The administrator's settings in the registry. */
#include "platform/settings.h"

#include <windows.h>

#include "platform/win32/registry.h"

/* What the policy says, else what is set locally. */
static bool read_setting(const wchar_t *below, const wchar_t *name, DWORD *value)
{
    static const wchar_t *const branches[] = {REGISTRY_POLICY, REGISTRY_LOCAL};
    bool found = false;

    for (size_t i = 0; i < sizeof(branches) / sizeof(branches[0]) && !found; i++) {
        DWORD type = 0, size = sizeof(*value);
        HKEY branch, key;

        if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, branches[i], 0, KEY_READ | KEY_WOW64_64KEY,
                          &branch) != ERROR_SUCCESS)
            continue;
        if (RegOpenKeyExW(branch, below, 0, KEY_QUERY_VALUE | KEY_WOW64_64KEY, &key) ==
            ERROR_SUCCESS) {
            found =
                RegQueryValueExW(key, name, NULL, &type, (BYTE *)value, &size) == ERROR_SUCCESS &&
                type == REG_DWORD && size == sizeof(*value);
            RegCloseKey(key);
        }
        RegCloseKey(branch);
    }
    return found;
}

void settings_read(struct settings *settings)
{
    DWORD value = 0;

    settings->enabled = !read_setting(L"Service", L"Enable", &value) || value != 0;
    settings->version_1_only =
        read_setting(L"Service\\Versioning", L"PreferredContentInformationVersion", &value) &&
        value == 1;
}
