/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the administrator set, and that changes of it are noticed. Writes the machine's policy, so
 * it runs alone. */
#include "platform/settings.h"

#include "platform/thread.h"
#include "support/unit_main.h"

#include <string.h>

#ifdef _WIN32
#include <windows.h>

#include "platform/win32/registry.h"

static HKEY make_key(const wchar_t *path)
{
    HKEY key;

    assert_int_equal(RegCreateKeyExW(HKEY_LOCAL_MACHINE, path, 0, NULL, 0,
                                     KEY_ALL_ACCESS | KEY_WOW64_64KEY, NULL, &key, NULL),
                     ERROR_SUCCESS);
    return key;
}

static void set(const wchar_t *path, const wchar_t *name, DWORD value)
{
    HKEY key = make_key(path);

    assert_int_equal(RegSetValueExW(key, name, 0, REG_DWORD, (const BYTE *)&value, sizeof(value)),
                     ERROR_SUCCESS);
    RegCloseKey(key);
}

static void unset(const wchar_t *path, const wchar_t *name)
{
    HKEY key = make_key(path);

    RegDeleteValueW(key, name);
    RegCloseKey(key);
}

#define REPUBLICATION L"\\CacheMgr\\Republication"

/* Only keys that these tests make; children first. */
static int remove_keys(void **state)
{
    static const wchar_t *const paths[] = {REGISTRY_POLICY L"\\Service\\Versioning",
                                           REGISTRY_POLICY L"\\Service",
                                           REGISTRY_POLICY,
                                           REGISTRY_LOCAL L"\\Service\\Versioning",
                                           REGISTRY_LOCAL L"\\Service",
                                           REGISTRY_POLICY REPUBLICATION,
                                           REGISTRY_POLICY L"\\CacheMgr",
                                           REGISTRY_LOCAL REPUBLICATION,
                                           REGISTRY_LOCAL L"\\CacheMgr",
                                           REGISTRY_POLICY L"\\Retrieval",
                                           REGISTRY_LOCAL L"\\Retrieval"};

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        RegDeleteKeyExW(HKEY_LOCAL_MACHINE, paths[i], KEY_WOW64_64KEY, 0);
    return 0;
}

#define POLICY     REGISTRY_POLICY L"\\Service"
#define LOCAL      REGISTRY_LOCAL L"\\Service"
#define VERSIONING L"\\Versioning"
#define PREFERRED  L"PreferredContentInformationVersion"

static void test_who_wins(void **state)
{
    struct settings settings;

    (void)state;
    settings_read(&settings);
    assert_true(settings.enabled);
    assert_false(settings.version_1_only);

    set(LOCAL, L"Enable", 0);
    settings_read(&settings);
    assert_false(settings.enabled);
    set(POLICY, L"Enable", 1);
    settings_read(&settings);
    assert_true(settings.enabled);
    set(LOCAL, L"Enable", 1);
    set(POLICY, L"Enable", 0);
    settings_read(&settings);
    assert_false(settings.enabled);
    unset(POLICY, L"Enable");
    settings_read(&settings);
    assert_true(settings.enabled);

    set(LOCAL VERSIONING, PREFERRED, 1);
    settings_read(&settings);
    assert_true(settings.version_1_only);
    set(POLICY VERSIONING, PREFERRED, 2);
    settings_read(&settings);
    assert_false(settings.version_1_only);
}

/* A value of another type counts as absent. */
static void test_wrong_types(void **state)
{
    struct settings settings;
    HKEY key = make_key(POLICY);
    const BYTE eight[8] = {0};

    (void)state;
    RegSetValueExW(key, L"Enable", 0, REG_SZ, (const BYTE *)L"0", 4);
    settings_read(&settings);
    assert_true(settings.enabled);
    RegSetValueExW(key, L"Enable", 0, REG_DWORD, eight, 8);
    settings_read(&settings);
    assert_true(settings.enabled);
    RegSetValueExW(key, L"Enable", 0, REG_BINARY, eight, 4);
    settings_read(&settings);
    assert_true(settings.enabled);
    RegCloseKey(key);
}
/* A policy wins; of the local values the one that was set last. Out of range is absent. */
static void test_cache_size(void **state)
{
    static const DWORD wrong[] = {0, 81, 100, 0xffffffff};
    struct settings settings;

    (void)state;
    settings_read(&settings);
    assert_int_equal(settings.cache_percent, SETTINGS_CACHE_PERCENT);
    assert_int_equal(settings.cache_age_days, SETTINGS_CACHE_AGE_DAYS);
    assert_false(settings.cache_by_bytes);
    assert_int_equal(settings_set_cache_size(12, 0), PD_OK);
    settings_read(&settings);
    assert_int_equal(settings.cache_percent, 12);
    assert_false(settings.cache_by_bytes);
    assert_int_equal(settings_set_cache_size(0, 5000000000), PD_OK);
    settings_read(&settings);
    assert_true(settings.cache_by_bytes);
    assert_int_equal(settings.cache_bytes, 5000000000);
    set(REGISTRY_POLICY REPUBLICATION, L"SizePercent", 80);
    settings_read(&settings);
    assert_false(settings.cache_by_bytes);
    assert_int_equal(settings.cache_percent, 80);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        set(REGISTRY_POLICY REPUBLICATION, L"SizePercent", wrong[i]);
        settings_read(&settings);
        assert_true(settings.cache_by_bytes);
    }
    assert_int_equal(settings_set_cache_size(7, 0), PD_OK);
    settings_read(&settings);
    assert_false(settings.cache_by_bytes);
    assert_int_equal(settings.cache_percent, 7);

    set(REGISTRY_LOCAL L"\\Retrieval", L"SegmentTTL", 3);
    settings_read(&settings);
    assert_int_equal(settings.cache_age_days, 3);
    set(REGISTRY_POLICY L"\\Retrieval", L"SegmentTTL", 9);
    settings_read(&settings);
    assert_int_equal(settings.cache_age_days, 9);
    set(REGISTRY_POLICY L"\\Retrieval", L"SegmentTTL", 0);
    settings_read(&settings);
    assert_int_equal(settings.cache_age_days, 3);
}
#else
#include "platform/posix/settings.h"

static int remove_keys(void **state)
{
    (void)state;
    settings_test_set(&(struct settings){.enabled = true});
    return 0;
}
#endif

struct seen {
    struct mutex mutex;
    struct condition condition;
    struct settings settings;
    unsigned calls;
};

static void look(void *context)
{
    struct seen *seen = context;
    struct settings settings;

    settings_read(&settings);
    mutex_lock(&seen->mutex);
    seen->settings = settings;
    seen->calls++;
    condition_wake_all(&seen->condition);
    mutex_unlock(&seen->mutex);
}

static void wait_until(struct seen *seen, bool enabled, bool version_1_only)
{
    uint64_t end = clock_milliseconds() + 20000;

    mutex_lock(&seen->mutex);
    while ((!seen->calls || seen->settings.enabled != enabled ||
            seen->settings.version_1_only != version_1_only) &&
           clock_milliseconds() < end)
        condition_wait_for(&seen->condition, &seen->mutex, 1000);
    assert_true(seen->calls > 0);
    assert_int_equal(seen->settings.enabled, enabled);
    assert_int_equal(seen->settings.version_1_only, version_1_only);
    mutex_unlock(&seen->mutex);
}

static void test_changes_are_noticed(void **state)
{
    struct seen seen = {.mutex = MUTEX_INITIALIZER, .condition = CONDITION_INITIALIZER};
    struct settings_watch *watch;

    (void)state;
    assert_int_equal(settings_watch_start(look, &seen, &watch), PD_OK);
    wait_until(&seen, true, false);
#ifdef _WIN32
    /* Twice: keys that were removed are watched for again. */
    for (int round = 0; round < 2; round++) {
        set(POLICY, L"Enable", 0);
        wait_until(&seen, false, false);
        set(POLICY, L"Enable", 1);
        wait_until(&seen, true, false);
        set(POLICY VERSIONING, PREFERRED, 1);
        wait_until(&seen, true, true);
        set(LOCAL, L"Enable", 0);
        unset(POLICY, L"Enable");
        wait_until(&seen, false, true);
        remove_keys(NULL);
        wait_until(&seen, true, false);
    }
#else
    settings_test_set(&(struct settings){.enabled = false});
    wait_until(&seen, false, false);
    settings_test_set(&(struct settings){.enabled = true, .version_1_only = true});
    wait_until(&seen, true, true);
#endif
    settings_watch_stop(watch);
    unsigned calls = seen.calls;
#ifdef _WIN32
    set(POLICY, L"Enable", 0);
#else
    settings_test_set(&(struct settings){.enabled = false});
#endif
    assert_int_equal(seen.calls, calls);
}

static void test_start_and_stop(void **state)
{
    struct seen seen = {.mutex = MUTEX_INITIALIZER, .condition = CONDITION_INITIALIZER};
    struct settings_watch *watches[4];

    (void)state;
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 4; i++)
            assert_int_equal(settings_watch_start(look, &seen, &watches[i]), PD_OK);
        for (int i = 0; i < 4; i++)
            settings_watch_stop(watches[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef _WIN32
        cmocka_unit_test_setup_teardown(test_who_wins, remove_keys, remove_keys),
        cmocka_unit_test_setup_teardown(test_wrong_types, remove_keys, remove_keys),
        cmocka_unit_test_setup_teardown(test_cache_size, remove_keys, remove_keys),
#endif
        cmocka_unit_test_setup_teardown(test_changes_are_noticed, remove_keys, remove_keys),
        cmocka_unit_test(test_start_and_stop),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}
