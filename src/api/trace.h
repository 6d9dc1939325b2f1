/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls, arguments, results and completions as lines of text: on Wine's debug channel "peerdist"
 * (WINEDEBUG=+peerdist) where the DLL runs under Wine, to the debugger elsewhere while one is
 * attached, and in either case to a file instead when the environment variable PEERDIST_TRACE names
 * one. Numbers and addresses alone are shown: never the bytes of a buffer, which may be secret. */
#ifndef PEERDIST_API_TRACE_H
#define PEERDIST_API_TRACE_H

#include <windows.h>
#include <stdbool.h>

bool trace_is_on(void);
/* One line about a function of the API; printf's formats. */
void trace_line(const char *function, const char *format, ...)
    __attribute__((format(gnu_printf, 2, 3)));
/* Closes what is open; no call may be running. */
void trace_fini(void);

/* First in an export: what it was given. */
#define TRACE_CALL(...)                        \
    do {                                       \
        if (trace_is_on())                     \
            trace_line(__func__, __VA_ARGS__); \
    } while (0)
/* In its return statements: what it answers. */
#define TRACE_RESULT(result) trace_result(__func__, (result))

static inline DWORD trace_result(const char *function, DWORD result)
{
    if (trace_is_on())
        trace_line(function, "returns %lu", (unsigned long)result);
    return result;
}

#endif
