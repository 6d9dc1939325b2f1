/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counting and printing for check.h, and the watchdog that ends a program which hangs. */
#include "pe/check.h"

#include <windows.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *name;
static unsigned limit;
static bool verbose;
static LONG passed;
static LONG failed;
static LONG skipped;
/* Guards stdout, so that lines of several threads do not mix; held by nobody who can block. */
static CRITICAL_SECTION output;

/* What became of each rule, for the file that CHECK_MATRIX names. */
#define RULES_MAX 512
static struct {
    const char *rule;
    unsigned long held, broken;
} rules[RULES_MAX];
static unsigned rule_count;
static const char *matrix;
static CRITICAL_SECTION matrix_lock; /* taken inside `output`, never the other way round */

static void record(const char *rule, bool condition)
{
    unsigned i = 0;

    if (matrix == NULL)
        return;
    EnterCriticalSection(&matrix_lock);
    while (i < rule_count && rules[i].rule != rule && strcmp(rules[i].rule, rule) != 0)
        i++;
    if (i == rule_count && i < RULES_MAX)
        rules[rule_count++].rule = rule;
    if (i < rule_count)
        *(condition ? &rules[i].held : &rules[i].broken) += 1;
    LeaveCriticalSection(&matrix_lock);
}

static void write_matrix(void)
{
    FILE *file = matrix ? fopen(matrix, "a") : NULL;
    unsigned i;

    for (i = 0; file && i < rule_count; i++)
        fprintf(file, "%s\t%s\t%lu\t%lu\n", name, rules[i].rule, rules[i].held, rules[i].broken);
    if (file)
        fclose(file);
}

static int result(void)
{
    write_matrix();
    printf("RESULT passed=%ld failed=%ld skipped=%ld\n", passed, failed, skipped);
    fflush(stdout);
    return failed ? 1 : 0;
}

static DWORD WINAPI watch(void *unused)
{
    (void)unused;
    Sleep(limit * 1000);
    EnterCriticalSection(&output);
    printf("FAIL: %s: still running after %u s\n", name, limit);
    failed++;
    TerminateProcess(GetCurrentProcess(), (UINT)result());
    return 0;
}

void check_begin(const char *program, unsigned seconds)
{
    HANDLE thread;

    name = program;
    limit = seconds;
    verbose = getenv("CHECK_VERBOSE") != NULL;
    InitializeCriticalSection(&output);
    InitializeCriticalSection(&matrix_lock);
    matrix = getenv("CHECK_MATRIX");
    thread = CreateThread(NULL, 0, watch, NULL, 0, NULL);
    if (thread)
        CloseHandle(thread);
}

int check_end(void)
{
    EnterCriticalSection(&output);
    return result();
}

_Noreturn void check_abandon(void)
{
    EnterCriticalSection(&output);
    printf("%s: cannot go on\n", name);
    ExitProcess((UINT)result());
}

static const char *base_name(const char *file)
{
    const char *slash = strrchr(file, '/');

    return slash ? slash + 1 : file;
}

bool check_at(const char *file, int line, bool condition, const char *text, const char *rule,
              const char *format, ...)
{
    va_list arguments;

    InterlockedIncrement(condition ? &passed : &failed);
    record(rule, condition);
    if (condition && !verbose)
        return true;
    EnterCriticalSection(&output);
    printf("%s: %s:%d: spec/api.md %s: %s: ", condition ? "ok" : "FAIL", base_name(file), line,
           rule, text);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
    LeaveCriticalSection(&output);
    return condition;
}

bool check_equal_at(const char *file, int line, unsigned long long got, unsigned long long expected,
                    const char *text, const char *rule)
{
    return check_at(file, line, got == expected, text, rule, "got %llu (%#llx), expected %llu", got,
                    got, expected);
}

void check_skip(const char *what, const char *why)
{
    InterlockedIncrement(&skipped);
    EnterCriticalSection(&output);
    printf("SKIP: %s: %s: %s\n", name, what, why);
    fflush(stdout);
    LeaveCriticalSection(&output);
}
