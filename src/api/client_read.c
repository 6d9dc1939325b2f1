/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PeerDistClientBlockRead, PeerDistClientStreamRead. */
#include "api/api.h"

_Static_assert(PEERDIST_READ_TIMEOUT_LOCAL_CACHE_ONLY == CONTENT_TIMEOUT_LOCAL_CACHE_ONLY,
               "the engine's timeouts are the API's");
_Static_assert(PEERDIST_READ_TIMEOUT_DEFAULT == CONTENT_TIMEOUT_DEFAULT,
               "the engine's timeouts are the API's");

EXPORT DWORD WINAPI PeerDistClientBlockRead(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                            PEERDIST_CONTENT_HANDLE hContentHandle,
                                            DWORD cbMaxNumberOfBytes, PBYTE pBuffer,
                                            DWORD dwTimeoutInMilliseconds,
                                            LPOVERLAPPED lpOverlapped)
{
    TRACE_CALL("hPeerDist %p, hContentHandle %p, cbMaxNumberOfBytes %lu, pBuffer %p, "
               "dwTimeoutInMilliseconds %lu, lpOverlapped %p",
               hPeerDist, hContentHandle, (unsigned long)cbMaxNumberOfBytes, (const void *)pBuffer,
               (unsigned long)dwTimeoutInMilliseconds, (const void *)lpOverlapped);
    bool good = lpOverlapped != NULL && (pBuffer != NULL || cbMaxNumberOfBytes == 0);
    struct instance *instance;
    struct content *content;
    enum pd_status status = acquire_content(hPeerDist, hContentHandle, good, &instance, &content);
    if (status == PD_OK) {
        status = content_block_read(content, offset_of(lpOverlapped), pBuffer, cbMaxNumberOfBytes,
                                    dwTimeoutInMilliseconds, lpOverlapped);
        release_content(instance, content);
    }
    return TRACE_RESULT(pending_or_error(status));
}

EXPORT DWORD WINAPI PeerDistClientStreamRead(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                             PEERDIST_CONTENT_HANDLE hContentHandle,
                                             DWORD cbMaxNumberOfBytes, PBYTE pBuffer,
                                             DWORD dwTimeoutInMilliseconds,
                                             LPOVERLAPPED lpOverlapped)
{
    TRACE_CALL("hPeerDist %p, hContentHandle %p, cbMaxNumberOfBytes %lu, pBuffer %p, "
               "dwTimeoutInMilliseconds %lu, lpOverlapped %p",
               hPeerDist, hContentHandle, (unsigned long)cbMaxNumberOfBytes, (const void *)pBuffer,
               (unsigned long)dwTimeoutInMilliseconds, (const void *)lpOverlapped);
    bool good = lpOverlapped != NULL && (pBuffer != NULL || cbMaxNumberOfBytes == 0);
    struct instance *instance;
    struct content *content;
    enum pd_status status = acquire_content(hPeerDist, hContentHandle, good, &instance, &content);
    if (status == PD_OK) {
        status = content_stream_read(content, pBuffer, cbMaxNumberOfBytes, dwTimeoutInMilliseconds,
                                     lpOverlapped);
        release_content(instance, content);
    }
    return TRACE_RESULT(pending_or_error(status));
}
