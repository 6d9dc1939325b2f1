/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Statuses to Win32 errors ("System Error Codes", winerror.h), and to NTSTATUS and back. */
#include "api/error_map.h"

#include <peerdist.h>
#include <winternl.h>

#define STATUS_SUCCESS_VALUE   0
#define STATUS_CANCELLED_VALUE ((LONG)0xC0000120)
/* Severity error, facility 7 (NTWIN32): the low 16 bits are a Win32 error. */
#define NTWIN32_PREFIX       0xC0070000u
#define HRESULT_WIN32_PREFIX 0x80070000u

DWORD win32_error(enum pd_status status)
{
    static const DWORD errors[PD_STATUS_COUNT] = {
        [PD_OK] = ERROR_SUCCESS,
        [PD_INVALID_PARAMETER] = ERROR_INVALID_PARAMETER,
        [PD_INVALID_HANDLE] = ERROR_INVALID_HANDLE,
        [PD_NO_MEMORY] = ERROR_NOT_ENOUGH_MEMORY,
        [PD_INSUFFICIENT_BUFFER] = ERROR_INSUFFICIENT_BUFFER,
        [PD_ABORTED] = ERROR_OPERATION_ABORTED,
        [PD_NOT_FOUND] = ERROR_NOT_FOUND,
        [PD_DISABLED] = ERROR_ACCESS_DISABLED_BY_POLICY,
        [PD_UNAVAILABLE] = PEERDIST_ERROR_SERVICE_UNAVAILABLE,
        [PD_TIMEOUT] = ERROR_TIMEOUT,
        [PD_CONTENT_INFO_VERSION_UNSUPPORTED] = PEERDIST_ERROR_CONTENTINFO_VERSION_UNSUPPORTED,
        [PD_CANNOT_PARSE_CONTENT_INFO] = PEERDIST_ERROR_CANNOT_PARSE_CONTENTINFO,
        [PD_MISSING_DATA] = PEERDIST_ERROR_MISSING_DATA,
        [PD_NO_MORE] = PEERDIST_ERROR_NO_MORE,
        [PD_NOT_INITIALIZED] = PEERDIST_ERROR_NOT_INITIALIZED,
        [PD_SHUTDOWN_IN_PROGRESS] = PEERDIST_ERROR_SHUTDOWN_IN_PROGRESS,
        [PD_INVALIDATED] = PEERDIST_ERROR_INVALIDATED,
        [PD_ALREADY_EXISTS] = PEERDIST_ERROR_ALREADY_EXISTS,
        [PD_OPERATION_NOT_FOUND] = PEERDIST_ERROR_OPERATION_NOTFOUND,
        [PD_ALREADY_COMPLETED] = PEERDIST_ERROR_ALREADY_COMPLETED,
        [PD_OUT_OF_BOUNDS] = PEERDIST_ERROR_OUT_OF_BOUNDS,
        [PD_VERSION_UNSUPPORTED] = PEERDIST_ERROR_VERSION_UNSUPPORTED,
        [PD_ACCESS_DENIED] = ERROR_ACCESS_DENIED,
        [PD_IO_ERROR] = ERROR_READ_FAULT,
        [PD_WRONG_PASSPHRASE] = ERROR_INVALID_PASSWORD,
        [PD_NO_IDENTITY] = ERROR_CANT_OPEN_ANONYMOUS,
    };
    return errors[status];
}

/* Whether the system turns facility 7 NTSTATUS into their low word is nowhere documented: ask it,
 * and take the HRESULT form where it does not. */
static DWORD error_prefix(void)
{
    const DWORD probe = PEERDIST_ERROR_MISSING_DATA;
    return RtlNtStatusToDosError((LONG)(NTWIN32_PREFIX | probe)) == probe ? NTWIN32_PREFIX
                                                                          : HRESULT_WIN32_PREFIX;
}

LONG completion_status(enum pd_status status)
{
    if (status == PD_OK)
        return STATUS_SUCCESS_VALUE;
    if (status == PD_ABORTED)
        return STATUS_CANCELLED_VALUE;
    return (LONG)(error_prefix() | win32_error(status));
}

DWORD completion_error(LONG status)
{
    DWORD value = (DWORD)status;
    if (status >= 0)
        return ERROR_SUCCESS;
    if ((value & 0xFFFF0000u) == NTWIN32_PREFIX || (value & 0xFFFF0000u) == HRESULT_WIN32_PREFIX)
        return value & 0xFFFFu;
    return RtlNtStatusToDosError(status);
}
