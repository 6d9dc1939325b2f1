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
    TRACE_CALL("dwVersionRequested %lu, phPeerDist %p, pdwSupportedVersion %p",
               (unsigned long)dwVersionRequested, (void *)phPeerDist,
               (const void *)pdwSupportedVersion);
    if (phPeerDist == NULL)
        return TRACE_RESULT(ERROR_INVALID_PARAMETER);
    *phPeerDist = NULL;
    if (pdwSupportedVersion != NULL)
        *pdwSupportedVersion = VERSION_2;
    if (dwVersionRequested != VERSION_1 && dwVersionRequested != VERSION_2)
        return TRACE_RESULT((DWORD)PEERDIST_ERROR_VERSION_UNSUPPORTED);
    completion_install();
    uintptr_t handle = 0;
    enum pd_status status = instance_open(&handle);
    if (status == PD_OK)
        *phPeerDist = (PEERDIST_INSTANCE_HANDLE)handle;
    return TRACE_RESULT(win32_error(status));
}

/* At process exit all other threads are gone, with whatever they held or had to do: nothing is
 * waited for, and the system ends the publications. */
EXPORT DWORD WINAPI PeerDistShutdown(PEERDIST_INSTANCE_HANDLE hPeerDist)
{
    TRACE_CALL("hPeerDist %p", hPeerDist);
    if (RtlDllShutdownInProgress())
        return TRACE_RESULT(ERROR_SUCCESS);
    struct instance *instance = acquire_instance(hPeerDist);
    if (instance == NULL)
        return TRACE_RESULT(ERROR_INVALID_HANDLE);
    enum pd_status status = instance_close(instance);
    release_instance(instance);
    return TRACE_RESULT(win32_error(status));
}

EXPORT BOOL WINAPI PeerDistGetOverlappedResult(LPOVERLAPPED lpOverlapped,
                                               LPDWORD lpNumberOfBytesTransferred, BOOL bWait)
{
    TRACE_CALL("lpOverlapped %p, lpNumberOfBytesTransferred %p, bWait %d",
               (const void *)lpOverlapped, (const void *)lpNumberOfBytesTransferred, bWait);
    BOOL done = completion_result(lpOverlapped, lpNumberOfBytesTransferred, bWait);
    (void)TRACE_RESULT((DWORD)done);
    return done;
}
