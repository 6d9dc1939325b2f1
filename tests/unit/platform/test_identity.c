/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who calls: the process's user, and that the thread's token is looked at first. */
#include "platform/identity.h"

#include "support/unit_main.h"

#include <string.h>

#ifdef _WIN32
#include <windows.h>

/* Runs the calling thread under a duplicate of the process's token. */
static void impersonate(SECURITY_IMPERSONATION_LEVEL level)
{
    HANDLE own, token;

    assert_true(OpenProcessToken(GetCurrentProcess(), TOKEN_DUPLICATE | TOKEN_QUERY, &own));
    assert_true(DuplicateTokenEx(own, TOKEN_ALL_ACCESS, NULL, level, TokenImpersonation, &token));
    assert_true(SetThreadToken(NULL, token));
    CloseHandle(token);
    CloseHandle(own);
}

static bool is_impersonating(void)
{
    HANDLE token;

    if (!OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token))
        return false;
    CloseHandle(token);
    return true;
}

static void test_anonymous_has_no_identity(void **state)
{
    struct identity identity;
    void *token;

    (void)state;
    impersonate(SecurityAnonymous);
    enum pd_status current = identity_current(&identity);
    enum pd_status captured = identity_capture_token(&token);
    RevertToSelf();
    assert_int_equal(current, PD_NO_IDENTITY);
    assert_int_equal(captured, PD_NO_IDENTITY);
    assert_null(token);
    assert_int_equal(identity_current(&identity), PD_OK);
    identity_fini(&identity);
}

static void test_impersonation_is_kept(void **state)
{
    struct identity own, other;
    HANDLE kept;
    DWORD flags;

    (void)state;
    assert_int_equal(identity_current(&own), PD_OK);
    assert_null(own.token);
    impersonate(SecurityImpersonation);
    assert_int_equal(identity_current(&other), PD_OK);
    RevertToSelf();
    assert_non_null(other.token);
    assert_string_equal(other.user, own.user); /* Wine has one user */

    assert_false(is_impersonating());
    assert_true(identity_enter(other.token));
    assert_true(is_impersonating());
    identity_leave(other.token);
    assert_false(is_impersonating());

    kept = other.token;
    identity_fini(&other);
    assert_false(GetHandleInformation(kept, &flags));
    identity_fini(&own);
}
#endif

static void test_process_user(void **state)
{
    struct identity one, two;

    (void)state;
    assert_int_equal(identity_current(&one), PD_OK);
    assert_int_equal(identity_current(&two), PD_OK);
    assert_string_equal(one.user, two.user);
    assert_null(one.token);
#ifdef _WIN32
    assert_int_equal(strncmp(one.user, "S-1-5-", 6), 0);
#else
    assert_int_equal(strncmp(one.user, "uid-", 4), 0);
#endif
    assert_true(identity_enter(NULL));
    identity_leave(NULL);
    identity_fini(&two);
    identity_fini(&one);
    identity_close_token(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_process_user),
#ifdef _WIN32
        cmocka_unit_test(test_anonymous_has_no_identity),
        cmocka_unit_test(test_impersonation_is_kept),
#endif
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}
