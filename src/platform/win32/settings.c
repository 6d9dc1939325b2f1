/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The administrator's settings in the registry. */
#include "platform/settings.h"

#include <windows.h>

#include "platform/win32/registry.h"

#define CACHE_KEY L"CacheMgr\\Republication"

static const wchar_t *const branches[] = {REGISTRY_POLICY, REGISTRY_LOCAL};
enum { POLICY, LOCAL, BRANCHES };

static bool read_value(int branch, const wchar_t *below, const wchar_t *name, DWORD wanted,
                       void *value, DWORD length)
{
    DWORD type = 0, size = length;
    bool found = false;
    HKEY top, key;

    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, branches[branch], 0, KEY_READ | KEY_WOW64_64KEY, &top) !=
        ERROR_SUCCESS)
        return false;
    if (RegOpenKeyExW(top, below, 0, KEY_QUERY_VALUE | KEY_WOW64_64KEY, &key) == ERROR_SUCCESS) {
        found = RegQueryValueExW(key, name, NULL, &type, value, &size) == ERROR_SUCCESS &&
                type == wanted && size == length;
        RegCloseKey(key);
    }
    RegCloseKey(top);
    return found;
}

/* What the policy says, else what is set locally. */
static bool read_setting(const wchar_t *below, const wchar_t *name, DWORD *value)
{
    bool found = false;

    for (int branch = POLICY; branch < BRANCHES && !found; branch++)
        found = read_value(branch, below, name, REG_DWORD, value, sizeof(*value));
    return found;
}

static bool read_percent(int branch, uint32_t *percent)
{
    DWORD value = 0;

    if (!read_value(branch, CACHE_KEY, L"SizePercent", REG_DWORD, &value, sizeof(value)) ||
        value < 1 || value > SETTINGS_CACHE_PERCENT_MAX)
        return false;
    *percent = value;
    return true;
}

static bool read_age(int branch, uint32_t *days)
{
    DWORD value = 0;

    if (!read_value(branch, L"Retrieval", L"SegmentTTL", REG_DWORD, &value, sizeof(value)) ||
        value == 0)
        return false;
    *days = value;
    return true;
}

static void read_cache_size(struct settings *settings)
{
    settings->cache_percent = SETTINGS_CACHE_PERCENT;
    settings->cache_by_bytes = false;
    settings->cache_bytes = 0;
    if (read_percent(POLICY, &settings->cache_percent))
        return;
    settings->cache_by_bytes = read_value(LOCAL, CACHE_KEY, L"SizeBytes", REG_QWORD,
                                          &settings->cache_bytes, sizeof(settings->cache_bytes));
    (void)read_percent(LOCAL, &settings->cache_percent);
}

void settings_read(struct settings *settings)
{
    DWORD value = 0;

    *settings = settings_defaults;
    settings->enabled = !read_setting(L"Service", L"Enable", &value) || value != 0;
    settings->version_1_only =
        read_setting(L"Service\\Versioning", L"PreferredContentInformationVersion", &value) &&
        value == 1;
    read_cache_size(settings);
    if (!read_age(POLICY, &settings->cache_age_days) && !read_age(LOCAL, &settings->cache_age_days))
        settings->cache_age_days = SETTINGS_CACHE_AGE_DAYS;
    settings->distributed = read_setting(L"CooperativeCaching", L"Enable", &value) && value != 0;
    if (read_setting(L"DownloadManager\\Peers\\Connection", L"ListenPort", &value))
        settings->listen_port = (uint16_t)value;
}

enum pd_status settings_set_cache_size(uint32_t percent, uint64_t bytes)
{
    DWORD value = percent;
    HKEY top, key;
    LSTATUS error = RegCreateKeyExW(HKEY_LOCAL_MACHINE, REGISTRY_LOCAL, 0, NULL, 0,
                                    KEY_WRITE | KEY_WOW64_64KEY, NULL, &top, NULL);

    if (error != ERROR_SUCCESS)
        return PD_ACCESS_DENIED;
    error = RegCreateKeyExW(top, CACHE_KEY, 0, NULL, 0, KEY_SET_VALUE | KEY_WOW64_64KEY, NULL, &key,
                            NULL);
    RegCloseKey(top);
    if (error != ERROR_SUCCESS)
        return PD_ACCESS_DENIED;
    if (percent != 0) {
        error =
            RegSetValueExW(key, L"SizePercent", 0, REG_DWORD, (const BYTE *)&value, sizeof(value));
        if (error == ERROR_SUCCESS) {
            error = RegDeleteValueW(key, L"SizeBytes");
            if (error == ERROR_FILE_NOT_FOUND)
                error = ERROR_SUCCESS;
        }
    } else {
        error =
            RegSetValueExW(key, L"SizeBytes", 0, REG_QWORD, (const BYTE *)&bytes, sizeof(bytes));
    }
    RegCloseKey(key);
    return error == ERROR_SUCCESS ? PD_OK : PD_ACCESS_DENIED;
}
