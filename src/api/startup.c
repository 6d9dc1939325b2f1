/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PeerDistStartup, PeerDistShutdown, PeerDistGetOverlappedResult. */
#include "api/api.h"

/* Low byte major, next byte minor ("PeerDistStartup"). */
#define VERSION_1 0x0001u
#define VERSION_2 0x0002u

BOOLEAN NTAPI RtlDllShutdownInProgress(void);

EXPORT DWORD WINAPI PeerDistStartup(DWORD dwVersionRequested, PPEERDIST_INSTANCE_HANDLE phPeerDist,
                                    PDWORD pdwSupportedVersion)
{
    if (phPeerDist == NULL)
        return ERROR_INVALID_PARAMETER;
    *phPeerDist = NULL;
    if (pdwSupportedVersion != NULL)
        *pdwSupportedVersion = VERSION_2;
    if (dwVersionRequested != VERSION_1 && dwVersionRequested != VERSION_2)
        return (DWORD)PEERDIST_ERROR_VERSION_UNSUPPORTED;
    completion_install();
    uintptr_t handle = 0;
    enum pd_status status = instance_open(&handle);
    if (status == PD_OK)
        *phPeerDist = (PEERDIST_INSTANCE_HANDLE)handle;
    return win32_error(status);
}

/* At process exit all other threads are gone, with whatever they held or had to do: nothing is
 * waited for, and the system ends the publications. */
EXPORT DWORD WINAPI PeerDistShutdown(PEERDIST_INSTANCE_HANDLE hPeerDist)
{
    if (RtlDllShutdownInProgress())
        return ERROR_SUCCESS;
    struct instance *instance = acquire_instance(hPeerDist);
    if (instance == NULL)
        return ERROR_INVALID_HANDLE;
    enum pd_status status = instance_close(instance);
    release_instance(instance);
    return win32_error(status);
}

EXPORT BOOL WINAPI PeerDistGetOverlappedResult(LPOVERLAPPED lpOverlapped,
                                               LPDWORD lpNumberOfBytesTransferred, BOOL bWait)
{
    return completion_result(lpOverlapped, lpNumberOfBytesTransferred, bWait);
}
