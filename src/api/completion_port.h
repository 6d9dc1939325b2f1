/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How completions reach an application on Windows: its completion port, its event, and its
 * OVERLAPPED ("About Peer Distribution"). */
#ifndef PEERDIST_API_COMPLETION_PORT_H
#define PEERDIST_API_COMPLETION_PORT_H

#include <windows.h>

#include "async/operation.h"

/* Makes this file the way out of all operations. Any number of times. */
void completion_install(void);

/* Our own reference to the application's port, so that it may close its handle. NULL handle: *port
 * is NULL. PD_INVALID_PARAMETER: not a completion port. */
enum pd_status completion_port_open(HANDLE handle, ULONG_PTR key, struct completion_port **port);
void completion_port_release(struct completion_port *port); /* NULL allowed */

/* PeerDistGetOverlappedResult. */
BOOL completion_result(OVERLAPPED *overlapped, DWORD *bytes, BOOL wait);

#endif
