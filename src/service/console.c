/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "service/console.h"

#include <stdio.h>

#include <windows.h>

#include "platform/thread.h"
#include "service/node.h"

static HANDLE stop_event;

static BOOL WINAPI on_control(DWORD event)
{
    (void)event;
    SetEvent(stop_event);
    return TRUE;
}

static void write_line(void *context, const char *line)
{
    static struct mutex lock = MUTEX_INITIALIZER;
    SYSTEMTIME now;
    (void)context;
    GetLocalTime(&now);
    mutex_lock(&lock);
    printf("%02u:%02u:%02u.%03u %s\n", now.wHour, now.wMinute, now.wSecond, now.wMilliseconds,
           line);
    fflush(stdout);
    mutex_unlock(&lock);
}

/* Whoever starts us with a pipe ends us by closing it. */
static DWORD WINAPI watch_input(void *argument)
{
    char byte;
    DWORD got;
    (void)argument;
    while (ReadFile(GetStdHandle(STD_INPUT_HANDLE), &byte, 1, &got, NULL) && got > 0)
        continue;
    SetEvent(stop_event);
    return 0;
}

int console_run(void)
{
    const struct service_log log = {NULL, write_line};
    struct node *node;
    stop_event = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (stop_event == NULL || !SetConsoleCtrlHandler(on_control, TRUE) ||
        node_start(&log, &node) != PD_OK) {
        fputs("peerdistsvc: not enough memory, or the settings cannot be watched\n", stderr);
        return 1;
    }
    if (GetFileType(GetStdHandle(STD_INPUT_HANDLE)) == FILE_TYPE_PIPE) {
        HANDLE thread = CreateThread(NULL, 0, watch_input, NULL, 0, NULL);
        if (thread != NULL)
            CloseHandle(thread);
    }
    WaitForSingleObject(stop_event, INFINITE);
    node_stop(node);
    return 0;
}
