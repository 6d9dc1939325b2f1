/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/interrupt.h"

/* Kept to the end: the handler may be running at any time. */
static HANDLE event;

static BOOL WINAPI on_control(DWORD type)
{
    (void)type;
    /* The second time the system's own handler ends the process. */
    if (interrupted())
        return FALSE;
    SetEvent(event);
    return TRUE;
}

DWORD interrupt_watch(void)
{
    event = CreateEventW(NULL, TRUE, FALSE, NULL);
    return event != NULL && SetConsoleCtrlHandler(on_control, TRUE) ? ERROR_SUCCESS
                                                                    : GetLastError();
}

bool interrupted(void)
{
    return event != NULL && WaitForSingleObject(event, 0) == WAIT_OBJECT_0;
}

HANDLE interrupt_event(void)
{
    return event;
}
