/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Non-fatal checks for the conformance tests: one binary can run against this DLL and against
 * Windows' own. Each check names the rule it holds to: a section of spec/api.md, what of it, and
 * [D] where Microsoft documents it or [I] where it is our reading (a difference there on a real
 * Windows is news, not a defect). May be used from any thread.
 */
#ifndef PEERDIST_TESTS_PE_CHECK_H
#define PEERDIST_TESTS_PE_CHECK_H

#include <stdbool.h>
#include <stdio.h>

/* Every rule's fate goes, at the end, to the file that the environment variable CHECK_MATRIX names,
 * as lines of program, rule, checks that held and checks that did not: tests/support/conformance.py
 * makes the matrix of requirements of them. */

/* Begins a test program; it is ended as failed when it runs for longer than this many seconds. */
void check_begin(const char *program, unsigned seconds);
/* Prints the RESULT line; returns what main has to return. */
int check_end(void);

/* check(condition, "4.1/AddToStream/COMPLETING [I]", "format", ...): true when it held. The format
 * and its arguments say what was found. CHECK_VERBOSE=1 in the environment shows what passes. */
#define check(condition, rule, ...) \
    check_at(__FILE__, __LINE__, (condition), #condition, rule, __VA_ARGS__)
/* Two numbers that must be equal; shows both. */
#define check_equal(got, expected, rule)                                                          \
    check_equal_at(__FILE__, __LINE__, (unsigned long long)(got), (unsigned long long)(expected), \
                   #got, rule)
/* As check, for what has to hold before the test can go on: ends the program otherwise. */
#define require(condition, rule, ...)             \
    do {                                          \
        if (!check(condition, rule, __VA_ARGS__)) \
            check_abandon();                      \
    } while (0)

/* Counts a test that cannot run here; what and why are printed. */
void check_skip(const char *what, const char *why);

bool check_at(const char *file, int line, bool condition, const char *text, const char *rule,
              const char *format, ...) __attribute__((format(__MINGW_PRINTF_FORMAT, 6, 7)));
bool check_equal_at(const char *file, int line, unsigned long long got, unsigned long long expected,
                    const char *text, const char *rule);
_Noreturn void check_abandon(void);

#endif
