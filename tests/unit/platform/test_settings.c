/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the administrator set, and that changes of it are noticed. Writes the machine's policy, so
 * it runs alone. */
#include "platform/settings.h"

#include "platform/settings_source.h"
#include "platform/thread.h"
#include "support/unit_main.h"

#include <stdio.h>
#include <string.h>

#ifdef _WIN32
#include <windows.h>

static const char *const branches[] = {SETTINGS_POLICY_KEY, SETTINGS_LOCAL_KEY};

/* The keys of all settings and those above them; one that has others below stays until the last of
 * these is gone. */
static int remove_keys(void **state)
{
    char path[200];

    (void)state;
    for (int i = 0; i < SETTING_COUNT * SETTINGS_BRANCHES; i++) {
        const char *branch = branches[i % SETTINGS_BRANCHES];
        snprintf(path, sizeof(path), "%s\\%s", branch, settings_table[i / SETTINGS_BRANCHES].key);
        while (strlen(path) > strlen(branch)) {
            RegDeleteKeyExA(HKEY_LOCAL_MACHINE, path, KEY_WOW64_64KEY, 0);
            *strrchr(path, '\\') = 0;
        }
    }
    RegDeleteKeyExA(HKEY_LOCAL_MACHINE, SETTINGS_POLICY_KEY, KEY_WOW64_64KEY, 0);
    return 0;
}

static void put_bytes(enum settings_branch branch, enum setting_id id, DWORD type,
                      const void *bytes, DWORD size)
{
    char path[200];
    HKEY key;

    snprintf(path, sizeof(path), "%s\\%s", branches[branch], settings_table[id].key);
    assert_int_equal(RegCreateKeyExA(HKEY_LOCAL_MACHINE, path, 0, NULL, 0,
                                     KEY_SET_VALUE | KEY_WOW64_64KEY, NULL, &key, NULL),
                     ERROR_SUCCESS);
    if (bytes)
        RegSetValueExA(key, settings_table[id].value, 0, type, bytes, size);
    else
        RegDeleteValueA(key, settings_table[id].value);
    RegCloseKey(key);
}

static void put(enum settings_branch branch, enum setting_id id, enum settings_raw raw,
                uint64_t number)
{
    uint32_t small = (uint32_t)number;

    if (raw == SETTINGS_RAW_OTHER_TYPE)
        put_bytes(branch, id, REG_SZ, "1 and more", 11);
    else if (raw == SETTINGS_RAW_ABSENT)
        put_bytes(branch, id, 0, NULL, 0);
    else if (settings_table[id].is_quad)
        put_bytes(branch, id, REG_QWORD, &number, sizeof(number));
    else
        put_bytes(branch, id, REG_DWORD, &small, sizeof(small));
}

/* A value of another type or size counts as absent. */
static void test_wrong_types(void **state)
{
    static const struct {
        DWORD type, size;
    } wrong[] = {{REG_SZ, 4}, {REG_DWORD, 8}, {REG_BINARY, 4}, {REG_DWORD, 2}, {REG_DWORD, 0}};
    const BYTE zeroes[8] = {0};
    struct settings settings;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        put_bytes(SETTINGS_POLICY, SETTING_SERVICE_ENABLED, wrong[i].type, zeroes, wrong[i].size);
        settings_read(&settings);
        assert_true(settings.enabled);
    }
}
#else
#include "platform/posix/settings.h"

static int remove_keys(void **state)
{
    (void)state;
    settings_test_set(&settings_defaults);
    return 0;
}

static void put(enum settings_branch branch, enum setting_id id, enum settings_raw raw,
                uint64_t number)
{
    settings_test_put(branch, id, raw, number);
}
#endif

static void put_number(enum settings_branch branch, enum setting_id id, uint64_t number)
{
    put(branch, id, SETTINGS_RAW_NUMBER, number);
}

static struct setting_state state_of(enum setting_id id)
{
    struct setting_state state;

    settings_state(id, &state);
    return state;
}

/* Something that the default is not. */
static uint64_t other_value(const struct setting *setting)
{
    uint64_t value = setting_load(setting, &settings_defaults);

    return value < setting->greatest ? value + 1 : value - 1;
}

static void test_table(void **state)
{
    enum setting_id id;

    (void)state;
    for (unsigned i = 0; i < SETTING_COUNT; i++) {
        const struct setting *setting = &settings_table[i];
        uint64_t value = setting_load(setting, &settings_defaults);
        struct settings settings = settings_defaults;

        assert_true(setting_find(setting->name, &id) && id == i);
        assert_true(value >= setting->least && value <= setting->greatest);
        assert_true(setting->is_quad || setting->greatest <= UINT32_MAX);
        /* What may be set fits its field, and changes nothing else. */
        setting_store(setting, setting->greatest, &settings);
        assert_true(setting_load(setting, &settings) == setting->greatest);
        setting_store(setting, value, &settings);
        assert_memory_equal(&settings, &settings_defaults, sizeof(settings));
    }
    assert_false(setting_find("", &id));
    assert_false(setting_find("service", &id));
}

/* Each setting: default, local, policy where there is one, and back. */
static void test_origins(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SETTING_COUNT; i++) {
        enum setting_id id = (enum setting_id)i;
        const struct setting *setting = &settings_table[id];
        uint64_t normal = setting_load(setting, &settings_defaults), other = other_value(setting);
        struct setting_state now = state_of(id);
        struct settings settings;

        assert_int_equal(now.origin, SETTING_FROM_DEFAULT);
        assert_true(now.value == normal);
        assert_false(now.policy.set || now.local.set);
        assert_int_equal(settings_set(id, other), PD_OK);
        now = state_of(id);
        assert_int_equal(now.origin, SETTING_FROM_LOCAL);
        assert_true(now.value == other && now.in_force);
        settings_read(&settings);
        assert_true(setting_load(setting, &settings) == other);

        put_number(SETTINGS_POLICY, id, setting->least);
        now = state_of(id);
        assert_int_equal(now.origin,
                         setting->has_policy ? SETTING_FROM_POLICY : SETTING_FROM_LOCAL);
        assert_true(now.local.set && now.local.value == other);
        settings_read(&settings);
        assert_true(setting_load(setting, &settings) ==
                    (setting->has_policy ? setting->least : other));
        put(SETTINGS_POLICY, id, SETTINGS_RAW_ABSENT, 0);
        assert_int_equal(state_of(id).origin, SETTING_FROM_LOCAL);
        assert_int_equal(settings_unset(id), PD_OK);
        assert_int_equal(settings_unset(id), PD_OK);
        now = state_of(id);
        assert_int_equal(now.origin, SETTING_FROM_DEFAULT);
        assert_true(now.value == normal);
    }
}

/* What cannot be used is told, and counts as absent. */
static void test_ignored(void **state)
{
    struct setting_state now;

    (void)state;
    for (unsigned i = 0; i < SETTING_COUNT; i++) {
        enum setting_id id = (enum setting_id)i;
        const struct setting *setting = &settings_table[id];
        bool bounded = setting->greatest < UINT32_MAX && setting->kind == SETTING_NUMBER;

        assert_true(setting->greatest == UINT64_MAX ||
                    settings_set(id, setting->greatest + 1) == PD_INVALID_PARAMETER);
        assert_true(setting->least == 0 ||
                    settings_set(id, setting->least - 1) == PD_INVALID_PARAMETER);
        assert_false(state_of(id).local.set);
        if (bounded) {
            put_number(SETTINGS_LOCAL, id, 4000000000u);
            now = state_of(id);
            assert_int_equal(now.origin, SETTING_FROM_DEFAULT);
            assert_string_equal(now.local.ignored, "4000000000");
        }
        put(SETTINGS_LOCAL, id, SETTINGS_RAW_OTHER_TYPE, 0);
        now = state_of(id);
        assert_int_equal(now.origin, SETTING_FROM_DEFAULT);
        assert_string_equal(now.local.ignored, "of another type");
    }
    put_number(SETTINGS_POLICY, SETTING_CACHE_PERCENT, 81);
    assert_int_equal(settings_set(SETTING_CACHE_PERCENT, 9), PD_OK);
    now = state_of(SETTING_CACHE_PERCENT);
    assert_int_equal(now.origin, SETTING_FROM_LOCAL);
    assert_string_equal(now.policy.ignored, "81");
    /* Of switches every number means something. */
    put_number(SETTINGS_LOCAL, SETTING_SERVICE_ENABLED, 7);
    assert_true(state_of(SETTING_SERVICE_ENABLED).value == 1);
    put_number(SETTINGS_LOCAL, SETTING_VERSION_1_ONLY, 7);
    assert_true(state_of(SETTING_VERSION_1_ONLY).value == 0);
}

/* A policy wins; of the local sizes the one that was set last. */
static void test_cache_size(void **state)
{
    static const uint32_t wrong[] = {0, 81, 100, UINT32_MAX};
    struct settings settings;

    (void)state;
    assert_true(state_of(SETTING_CACHE_PERCENT).in_force);
    assert_false(state_of(SETTING_CACHE_BYTES).in_force);
    assert_int_equal(settings_set_cache_size(12, 0), PD_OK);
    settings_read(&settings);
    assert_int_equal(settings.cache_percent, 12);
    assert_false(settings.cache_by_bytes);
    assert_int_equal(settings_set_cache_size(0, 5000000000), PD_OK);
    settings_read(&settings);
    assert_true(settings.cache_by_bytes);
    assert_true(settings.cache_bytes == 5000000000);
    assert_false(state_of(SETTING_CACHE_PERCENT).in_force);
    assert_true(state_of(SETTING_CACHE_BYTES).in_force);
    put_number(SETTINGS_POLICY, SETTING_CACHE_PERCENT, 80);
    settings_read(&settings);
    assert_false(settings.cache_by_bytes);
    assert_int_equal(settings.cache_percent, 80);
    assert_true(state_of(SETTING_CACHE_PERCENT).in_force);
    assert_false(state_of(SETTING_CACHE_BYTES).in_force);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        put_number(SETTINGS_POLICY, SETTING_CACHE_PERCENT, wrong[i]);
        settings_read(&settings);
        assert_true(settings.cache_by_bytes);
    }
    assert_int_equal(settings_set_cache_size(7, 0), PD_OK);
    settings_read(&settings);
    assert_false(settings.cache_by_bytes);
    assert_int_equal(settings.cache_percent, 7);
}

/* The version that is preferred is 1, or both are made: also where a policy says so. */
static void test_preferred_version(void **state)
{
    struct settings settings;

    (void)state;
    put_number(SETTINGS_LOCAL, SETTING_VERSION_1_ONLY, 1);
    settings_read(&settings);
    assert_true(settings.version_1_only);
    put_number(SETTINGS_POLICY, SETTING_VERSION_1_ONLY, 2);
    settings_read(&settings);
    assert_false(settings.version_1_only);
    assert_int_equal(settings_set(SETTING_VERSION_1_ONLY, 0), PD_OK);
    put(SETTINGS_POLICY, SETTING_VERSION_1_ONLY, SETTINGS_RAW_ABSENT, 0);
    settings_read(&settings);
    assert_false(settings.version_1_only);
}

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

static void wait_for_value(struct seen *seen, const struct setting *setting, uint64_t value)
{
    uint64_t end = clock_milliseconds() + 20000;

    mutex_lock(&seen->mutex);
    while (setting_load(setting, &seen->settings) != value && clock_milliseconds() < end)
        condition_wait_for(&seen->condition, &seen->mutex, 1000);
    assert_true(setting_load(setting, &seen->settings) == value);
    mutex_unlock(&seen->mutex);
}

static void test_changes_are_noticed(void **state)
{
    struct seen seen = {.mutex = MUTEX_INITIALIZER, .condition = CONDITION_INITIALIZER};
    struct settings_watch *watch;

    (void)state;
    assert_int_equal(settings_watch_start(look, &seen, &watch), PD_OK);
    wait_until(&seen, true, false);
    /* Wherever it is. */
    for (unsigned i = 0; i < SETTING_COUNT; i++) {
        const struct setting *setting = &settings_table[i];
        assert_int_equal(settings_set((enum setting_id)i, other_value(setting)), PD_OK);
        wait_for_value(&seen, setting, other_value(setting));
    }
    remove_keys(NULL);
    wait_until(&seen, true, false);
    /* Twice: keys that were removed are watched for again. */
    for (int round = 0; round < 2; round++) {
        put_number(SETTINGS_POLICY, SETTING_SERVICE_ENABLED, 0);
        wait_until(&seen, false, false);
        put_number(SETTINGS_POLICY, SETTING_SERVICE_ENABLED, 1);
        wait_until(&seen, true, false);
        put_number(SETTINGS_POLICY, SETTING_VERSION_1_ONLY, 1);
        wait_until(&seen, true, true);
        put_number(SETTINGS_LOCAL, SETTING_SERVICE_ENABLED, 0);
        put(SETTINGS_POLICY, SETTING_SERVICE_ENABLED, SETTINGS_RAW_ABSENT, 0);
        wait_until(&seen, false, true);
        remove_keys(NULL);
        wait_until(&seen, true, false);
    }
    settings_watch_stop(watch);
    unsigned calls = seen.calls;
    put_number(SETTINGS_POLICY, SETTING_SERVICE_ENABLED, 0);
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
        cmocka_unit_test(test_table),
        cmocka_unit_test_setup_teardown(test_origins, remove_keys, remove_keys),
        cmocka_unit_test_setup_teardown(test_ignored, remove_keys, remove_keys),
        cmocka_unit_test_setup_teardown(test_cache_size, remove_keys, remove_keys),
        cmocka_unit_test_setup_teardown(test_preferred_version, remove_keys, remove_keys),
#ifdef _WIN32
        cmocka_unit_test_setup_teardown(test_wrong_types, remove_keys, remove_keys),
#endif
        cmocka_unit_test_setup_teardown(test_changes_are_noticed, remove_keys, remove_keys),
        cmocka_unit_test(test_start_and_stop),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}
