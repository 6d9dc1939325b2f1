/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The secret key: made once, whoever asks first; kept, replaced, refused when it is none. Changes
 * the machine's key while it runs, so it runs alone. */
#include "platform/secret_key_store.h"

#include "platform/thread.h"
#include "support/unit_main.h"
#include "unit/platform/scratch.h"

#include <string.h>

#define THREADS 8

static const char *program;
static struct secret_key key;

#ifdef _WIN32
#include <windows.h>
#include <aclapi.h>
#include <sddl.h>

#include "platform/win32/registry.h"

#define VALUE L"Seed"
static struct {
    BYTE bytes[8192];
    DWORD size;
} former;

static HKEY open_key(HKEY root)
{
    HKEY opened = NULL;

    RegOpenKeyExW(root, REGISTRY_SECRET, 0, KEY_ALL_ACCESS | KEY_WOW64_64KEY, &opened);
    return opened;
}

static void remove_everywhere(void)
{
    HKEY roots[] = {HKEY_LOCAL_MACHINE, HKEY_CURRENT_USER};

    for (int i = 0; i < 2; i++) {
        HKEY opened = open_key(roots[i]);

        if (!opened)
            continue;
        RegDeleteValueW(opened, VALUE);
        RegDeleteKeyExW(opened, L"Generated", KEY_WOW64_64KEY, 0);
        RegCloseKey(opened);
        RegDeleteKeyExW(roots[i], REGISTRY_SECRET, KEY_WOW64_64KEY, 0);
    }
}

static int keep_former(void **state)
{
    HKEY opened = open_key(HKEY_LOCAL_MACHINE);

    (void)state;
    former.size = sizeof(former.bytes);
    if (!opened ||
        RegQueryValueExW(opened, VALUE, NULL, NULL, former.bytes, &former.size) != ERROR_SUCCESS)
        former.size = 0;
    if (opened)
        RegCloseKey(opened);
    return 0;
}

static int restore_former(void **state)
{
    (void)state;
    remove_everywhere();
    if (former.size) {
        memcpy(key.bytes, former.bytes, former.size);
        key.length = former.size;
        return secret_key_save(&key) == PD_OK ? 0 : -1;
    }
    return 0;
}

static int start_without(void **state)
{
    (void)state;
    remove_everywhere();
    return 0;
}
#else
static int start_without(void **state)
{
    (void)state;
    return 0;
}
#endif

static void test_made_once(void **state)
{
    struct secret_key again;

    (void)state;
    assert_int_equal(secret_key_load(&key), PD_OK);
    assert_int_equal(key.length, SECRET_KEY_GENERATED);
    assert_non_null(secret_key_location());
    assert_int_equal(secret_key_load(&again), PD_OK);
    assert_int_equal(again.length, key.length);
    assert_memory_equal(again.bytes, key.bytes, key.length);
}

static void test_replaced(void **state)
{
    static const size_t lengths[] = {1, 32, 33, SECRET_KEY_MAX};
    static struct secret_key again;

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        key.length = lengths[i];
        memset(key.bytes, (int)i + 1, key.length);
        assert_int_equal(secret_key_save(&key), PD_OK);
        assert_int_equal(secret_key_load(&again), PD_OK);
        assert_int_equal(again.length, key.length);
        assert_memory_equal(again.bytes, key.bytes, key.length);
    }
    key.length = 0;
    assert_int_equal(secret_key_save(&key), PD_INVALID_PARAMETER);
    key.length = SECRET_KEY_MAX + 1;
    assert_int_equal(secret_key_save(&key), PD_INVALID_PARAMETER);
}

struct asking {
    struct secret_key key;
    enum pd_status status;
};

static void ask(void *argument)
{
    struct asking *asking = argument;

    asking->status = secret_key_load(&asking->key);
}

static void check_threads_agree(void)
{
    static struct asking asking[THREADS];
    struct thread *threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        assert_non_null(threads[i] = thread_start(ask, &asking[i]));
    for (int i = 0; i < THREADS; i++)
        thread_join(threads[i]);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(asking[i].status, PD_OK);
        assert_int_equal(asking[i].key.length, SECRET_KEY_GENERATED);
        assert_memory_equal(asking[i].key.bytes, asking[0].key.bytes, SECRET_KEY_GENERATED);
    }
    key = asking[0].key;
}

static void test_threads_agree(void **state)
{
    for (int round = 0; round < 10; round++) {
        start_without(state);
        check_threads_agree();
    }
}

#ifdef _WIN32
static void hex_of(const struct secret_key *from, char *text)
{
    for (size_t i = 0; i < from->length; i++)
        snprintf(text + 2 * i, 3, "%02x", from->bytes[i]);
}

static int child_load(void)
{
    char line[2 * SECRET_KEY_GENERATED + 16];

    child_tell("ready");
    while (child_hear(line, sizeof(line))) {
        if (secret_key_load(&key) != PD_OK || key.length != SECRET_KEY_GENERATED)
            return 1;
        hex_of(&key, line);
        child_tell(line);
    }
    return 0;
}

static void test_processes_agree(void **state)
{
    char line[2][2 * SECRET_KEY_GENERATED + 16], last[sizeof(line[0])] = "";
    struct child *children[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_non_null(children[i] = child_start(program, "load", "x"));
        assert_true(child_read_line(children[i], line[i], sizeof(line[i])));
    }
    for (int round = 0; round < 40; round++) {
        remove_everywhere();
        for (int i = 0; i < 2; i++)
            child_say(children[(i + round) % 2], "go");
        for (int i = 0; i < 2; i++)
            assert_true(child_read_line(children[i], line[i], sizeof(line[i])));
        assert_string_equal(line[0], line[1]);
        assert_string_not_equal(line[0], last); /* made anew each time */
        strcpy(last, line[0]);
        assert_int_equal(secret_key_load(&key), PD_OK);
        hex_of(&key, line[1]);
        assert_string_equal(line[0], line[1]);
    }
    for (int i = 0; i < 2; i++)
        assert_int_equal(child_finish(children[i]), 0);
}

/* Who died between winning and writing leaves the proposal: it is taken. */
static void test_left_proposal(void **state)
{
    BYTE proposal[32];
    HKEY opened, generated;

    (void)state;
    for (int i = 0; i < 32; i++)
        proposal[i] = (BYTE)i;
    assert_int_equal(secret_key_load(&key), PD_OK);
    opened = open_key(HKEY_LOCAL_MACHINE);
    for (int good = 0; good < 2; good++) {
        DWORD subkeys = 1;

        RegDeleteValueW(opened, VALUE);
        assert_int_equal(RegCreateKeyExW(opened, L"Generated", 0, NULL, 0,
                                         KEY_ALL_ACCESS | KEY_WOW64_64KEY, NULL, &generated, NULL),
                         ERROR_SUCCESS);
        if (good)
            RegSetValueExW(generated, VALUE, 0, REG_BINARY, proposal, sizeof(proposal));
        RegCloseKey(generated);
        if (!good) /* removed, and out of the way of the next one */
            assert_int_equal(secret_key_load(&key), PD_UNAVAILABLE);
        assert_int_equal(secret_key_load(&key), PD_OK);
        assert_int_equal(key.length, 32);
        if (good)
            assert_memory_equal(key.bytes, proposal, 32);
        assert_int_equal(RegQueryInfoKeyW(opened, NULL, NULL, NULL, &subkeys, NULL, NULL, NULL,
                                          NULL, NULL, NULL, NULL),
                         ERROR_SUCCESS);
        assert_int_equal(subkeys, 0);
    }
    RegCloseKey(opened);
}

static void test_no_key_in_the_value(void **state)
{
    static BYTE bytes[SECRET_KEY_MAX + 1];
    HKEY opened;

    (void)state;
    assert_int_equal(secret_key_load(&key), PD_OK);
    opened = open_key(HKEY_LOCAL_MACHINE);
    RegSetValueExW(opened, VALUE, 0, REG_BINARY, bytes, 0);
    assert_int_equal(secret_key_load(&key), PD_UNAVAILABLE);
    RegSetValueExW(opened, VALUE, 0, REG_BINARY, bytes, sizeof(bytes));
    assert_int_equal(secret_key_load(&key), PD_UNAVAILABLE);
    RegSetValueExW(opened, VALUE, 0, REG_SZ, (const BYTE *)L"text", 10);
    assert_int_equal(secret_key_load(&key), PD_UNAVAILABLE);
    key.length = 5;
    assert_int_equal(secret_key_save(&key), PD_OK);
    assert_int_equal(secret_key_load(&key), PD_OK);
    assert_int_equal(key.length, 5);
    RegCloseKey(opened);
}

/* Denies this process the machine's key, as it is for ordinary users. False: this system does not
 * hold to it. */
static bool deny_machine(bool deny)
{
    SECURITY_ATTRIBUTES attributes = {.nLength = sizeof(attributes)};
    HKEY opened = NULL, again = NULL;
    LSTATUS error;

    RegCreateKeyExW(HKEY_LOCAL_MACHINE, REGISTRY_SECRET, 0, NULL, 0, WRITE_DAC | KEY_WOW64_64KEY,
                    NULL, &opened, NULL);
    assert_non_null(opened);
    assert_true(ConvertStringSecurityDescriptorToSecurityDescriptorW(
        deny ? L"D:P(A;;RCWDSD;;;WD)" : L"D:P(A;;KA;;;WD)", SDDL_REVISION_1,
        &attributes.lpSecurityDescriptor, NULL));
    error = RegSetKeySecurity(opened, DACL_SECURITY_INFORMATION, attributes.lpSecurityDescriptor);
    LocalFree(attributes.lpSecurityDescriptor);
    RegCloseKey(opened);
    assert_int_equal(error, ERROR_SUCCESS);
    error = RegOpenKeyExW(HKEY_LOCAL_MACHINE, REGISTRY_SECRET, 0, KEY_QUERY_VALUE | KEY_WOW64_64KEY,
                          &again);
    if (error == ERROR_SUCCESS)
        RegCloseKey(again);
    return (error == ERROR_ACCESS_DENIED) == deny;
}

static int allow_machine(void **state)
{
    (void)state;
    deny_machine(false);
    return 0;
}

static void test_users_own_key(void **state)
{
    struct secret_key again;
    BYTE bytes[8192];
    DWORD size = sizeof(bytes), type;
    HKEY opened;

    (void)state;
    if (!deny_machine(true))
        PD_SKIP("this system lets everybody read every registry key");
    assert_int_equal(secret_key_load(&key), PD_OK);
    assert_int_equal(key.length, SECRET_KEY_GENERATED);
    assert_string_equal(secret_key_location(), "user");
    assert_int_equal(secret_key_load(&again), PD_OK);
    assert_memory_equal(again.bytes, key.bytes, key.length);

    /* What is kept is not the key itself. */
    opened = open_key(HKEY_CURRENT_USER);
    assert_non_null(opened);
    assert_int_equal(RegQueryValueExW(opened, VALUE, NULL, &type, bytes, &size), ERROR_SUCCESS);
    assert_int_equal(type, REG_BINARY);
    for (DWORD i = 0; i + SECRET_KEY_GENERATED <= size; i++)
        assert_memory_not_equal(bytes + i, key.bytes, SECRET_KEY_GENERATED);

    key.length = SECRET_KEY_MAX;
    memset(key.bytes, 7, key.length);
    assert_int_equal(secret_key_save(&key), PD_OK);
    assert_int_equal(secret_key_load(&again), PD_OK);
    assert_int_equal(again.length, SECRET_KEY_MAX);
    assert_memory_equal(again.bytes, key.bytes, key.length);

    RegSetValueExW(opened, VALUE, 0, REG_BINARY, bytes, size / 2);
    assert_int_equal(secret_key_load(&again), PD_UNAVAILABLE);
    RegDeleteValueW(opened, VALUE);
    check_threads_agree();
    RegCloseKey(opened);
    assert_true(deny_machine(false));
    assert_int_equal(secret_key_load(&again), PD_OK);
    assert_string_equal(secret_key_location(), "machine");
    assert_memory_not_equal(again.bytes, key.bytes, SECRET_KEY_GENERATED);
}
#endif

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_agree),
        cmocka_unit_test_setup(test_made_once, start_without),
        cmocka_unit_test(test_replaced),
#ifdef _WIN32
        cmocka_unit_test_setup(test_processes_agree, start_without),
        cmocka_unit_test_setup(test_left_proposal, start_without),
        cmocka_unit_test_setup(test_no_key_in_the_value, start_without),
        cmocka_unit_test_setup_teardown(test_users_own_key, start_without, allow_machine),
    };

    if (argc == 4)
        return child_load();
    program = argv[0];
    int failed = cmocka_run_group_tests(tests, keep_former, restore_former);
#else
    };

    (void)argc;
    program = argv[0];
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
#endif

    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}
