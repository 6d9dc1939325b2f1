/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/trace.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#define LINE_MAX_BYTES 512
#define WINE_TRACE     3    /* class of a line */
#define WINE_TRACE_BIT 0x08 /* in a channel's flags */

/* Wine's ntdll has these, Windows' has not. Flags 0xff: not looked up yet. */
struct wine_channel {
    unsigned char flags;
    char name[15];
};
static struct wine_channel channel = {0xff, "peerdist"};
typedef unsigned char(__cdecl *get_flags)(struct wine_channel *channel);
typedef int(__cdecl *print_header)(int class, struct wine_channel *channel, const char *function);
typedef int(__cdecl *print_text)(const char *text);
static struct {
    get_flags flags;
    print_header header;
    print_text output;
} wine;

static enum { TO_DEBUGGER, TO_WINE, TO_FILE } sink;
static HANDLE file;

static bool find_wine(void)
{
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
    if (ntdll == NULL)
        return false;
    /* By way of an integer: the types of functions do not convert into each other. */
    wine.flags = (get_flags)(uintptr_t)GetProcAddress(ntdll, "__wine_dbg_get_channel_flags");
    wine.header = (print_header)(uintptr_t)GetProcAddress(ntdll, "__wine_dbg_header");
    wine.output = (print_text)(uintptr_t)GetProcAddress(ntdll, "__wine_dbg_output");
    return wine.flags != NULL && wine.header != NULL && wine.output != NULL;
}

static bool open_file(void)
{
    wchar_t path[MAX_PATH];
    DWORD length = GetEnvironmentVariableW(L"PEERDIST_TRACE", path, MAX_PATH);
    if (length == 0 || length >= MAX_PATH)
        return false;
    file =
        CreateFileW(path, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                    NULL, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    return file != INVALID_HANDLE_VALUE;
}

static BOOL CALLBACK choose(PINIT_ONCE once, PVOID parameter, PVOID *context)
{
    (void)once;
    (void)parameter;
    (void)context;
    DWORD error = GetLastError();
    if (open_file())
        sink = TO_FILE;
    else if (find_wine())
        sink = TO_WINE;
    SetLastError(error);
    return TRUE;
}

bool trace_is_on(void)
{
    static INIT_ONCE chosen = INIT_ONCE_STATIC_INIT;
    InitOnceExecuteOnce(&chosen, choose, NULL, NULL);
    switch (sink) {
    case TO_FILE:
        return true;
    case TO_WINE:
        return (wine.flags(&channel) & WINE_TRACE_BIT) != 0;
    default:
        return IsDebuggerPresent();
    }
}

static void write_line(const char *function, const char *message)
{
    char line[LINE_MAX_BYTES + 128];
    DWORD written;
    int length = snprintf(line, sizeof(line), "%lu:%lu:%lu:%s %s\r\n",
                          (unsigned long)GetTickCount(), (unsigned long)GetCurrentProcessId(),
                          (unsigned long)GetCurrentThreadId(), function, message);
    if (sink == TO_DEBUGGER)
        OutputDebugStringA(line);
    else /* one call: lines of several threads stay whole */
        WriteFile(file, line, (DWORD)length, &written, NULL);
}

void trace_line(const char *function, const char *format, ...)
{
    char message[LINE_MAX_BYTES];
    DWORD error = GetLastError(); /* the caller's, or what the export has set */
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(message, sizeof(message) - 1, format, arguments);
    va_end(arguments);
    if (length < 0)
        message[0] = 0;
    if (sink == TO_WINE) {
        size_t end = length < 0 ? 0 : (size_t)length;
        if (end > sizeof(message) - 2)
            end = sizeof(message) - 2;
        message[end] = '\n';
        message[end + 1] = 0;
        if (wine.header(WINE_TRACE, &channel, function) >= 0)
            wine.output(message);
    } else {
        write_line(function, message);
    }
    SetLastError(error);
}

void trace_fini(void)
{
    if (sink == TO_FILE)
        CloseHandle(file);
}
