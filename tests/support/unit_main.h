/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The main function of a cmocka test program: runs one group and prints the RESULT line that
 * run-test.sh counts by. Include it once, after the header under test. */
#ifndef PD_TESTS_SUPPORT_UNIT_MAIN_H
#define PD_TESTS_SUPPORT_UNIT_MAIN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static int pd_unit_skipped;

/* Leaves the running test as skipped; the reason is shown in the summary of a test run. */
#define PD_SKIP(reason)                               \
    do {                                              \
        pd_unit_skipped++;                            \
        printf("SKIP: %s: %s\n", __func__, (reason)); \
        fflush(stdout);                               \
        skip();                                       \
    } while (0)

static int pd_unit_report(size_t count, int failed)
{
    int total = (int)count;

    if (failed < 0 || failed > total)
        failed = total; /* the group's own set-up or tear-down failed */
    int passed = total - failed - pd_unit_skipped;
    printf("RESULT passed=%d failed=%d skipped=%d\n", passed > 0 ? passed : 0, failed,
           pd_unit_skipped);
    fflush(stdout);
    return failed != 0;
}

/* tests: an array of struct CMUnitTest; setup and teardown of the group may be NULL. */
#define PD_UNIT_MAIN_WITH(tests, setup, teardown)                          \
    int main(void)                                                         \
    {                                                                      \
        int failed = cmocka_run_group_tests((tests), (setup), (teardown)); \
                                                                           \
        return pd_unit_report(sizeof(tests) / sizeof((tests)[0]), failed); \
    }

#define PD_UNIT_MAIN(tests) PD_UNIT_MAIN_WITH(tests, NULL, NULL)

#endif
