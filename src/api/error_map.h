/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one place where our statuses become Win32 errors, and these become NTSTATUS. */
#ifndef PEERDIST_API_ERROR_MAP_H
#define PEERDIST_API_ERROR_MAP_H

#include <windows.h>

#include "core/status.h"

DWORD win32_error(enum pd_status status);

/* The NTSTATUS that stands in OVERLAPPED.Internal and in a port's packet: GetQueuedCompletionStatus
 * and GetOverlappedResult turn it back into win32_error(status). */
LONG completion_status(enum pd_status status);

/* The Win32 error of such a status. */
DWORD completion_error(LONG status);

#endif
