/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ctrl-C, for commands that have something to take away before they end. */
#ifndef PEERDIST_CLI_INTERRUPT_H
#define PEERDIST_CLI_INTERRUPT_H

#include <windows.h>
#include <stdbool.h>

/* From now on Ctrl-C and the closing of the console set an event instead of ending the process; the
 * second time they end it. Never taken back. A Win32 error. */
DWORD interrupt_watch(void);
bool interrupted(void);
HANDLE interrupt_event(void); /* manual reset; NULL before interrupt_watch */

#endif
