/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ten client functions: their arguments are checked as documented; there is no cache to read
 * from yet, so that what remains is PEERDIST_ERROR_SERVICE_UNAVAILABLE. No content handle is ever
 * given out, so that every one presented is a bad one. */
#include "api/api.h"

/* good: pointers and values are right. With a content handle, that is bad in any case. */
static DWORD answer(PEERDIST_INSTANCE_HANDLE handle, bool good, bool has_content_handle)
{
    struct instance *instance = acquire_instance(handle);
    if (instance == NULL)
        return ERROR_INVALID_HANDLE;
    release_instance(instance);
    if (!good)
        return ERROR_INVALID_PARAMETER;
    if (has_content_handle)
        return ERROR_INVALID_HANDLE;
    enum pd_status status = runtime_check();
    return win32_error(status == PD_OK ? PD_UNAVAILABLE : status);
}

static bool good_port(HANDLE handle)
{
    struct completion_port *port;
    bool good = completion_port_open(handle, 0, &port) == PD_OK;
    completion_port_release(port);
    return good;
}

EXPORT DWORD WINAPI PeerDistClientOpenContent(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                              PCPEERDIST_CONTENT_TAG pContentTag,
                                              HANDLE hCompletionPort, ULONG_PTR ulCompletionKey,
                                              PPEERDIST_CONTENT_HANDLE phContentHandle)
{
    (void)ulCompletionKey;
    if (phContentHandle != NULL)
        *phContentHandle = NULL;
    return answer(hPeerDist,
                  phContentHandle != NULL && pContentTag != NULL && good_port(hCompletionPort),
                  false);
}

EXPORT DWORD WINAPI PeerDistClientCloseContent(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                               PEERDIST_CONTENT_HANDLE hContentHandle)
{
    (void)hContentHandle;
    return answer(hPeerDist, true, true);
}

EXPORT DWORD WINAPI PeerDistClientAddContentInformation(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                                        PEERDIST_CONTENT_HANDLE hContentHandle,
                                                        DWORD cbNumberOfBytes, PBYTE pBuffer,
                                                        LPOVERLAPPED lpOverlapped)
{
    (void)hContentHandle;
    return answer(hPeerDist, lpOverlapped != NULL && (pBuffer != NULL || cbNumberOfBytes == 0),
                  true);
}

EXPORT DWORD WINAPI PeerDistClientCompleteContentInformation(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                                             PEERDIST_CONTENT_HANDLE hContentHandle,
                                                             LPOVERLAPPED lpOverlapped)
{
    (void)hContentHandle;
    return answer(hPeerDist, lpOverlapped != NULL, true);
}

EXPORT DWORD WINAPI PeerDistClientAddData(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                          PEERDIST_CONTENT_HANDLE hContentHandle,
                                          DWORD cbNumberOfBytes, PBYTE pBuffer,
                                          LPOVERLAPPED lpOverlapped)
{
    (void)hContentHandle;
    return answer(hPeerDist, lpOverlapped != NULL && (pBuffer != NULL || cbNumberOfBytes == 0),
                  true);
}

static DWORD answer_read(PEERDIST_INSTANCE_HANDLE handle, DWORD length, const BYTE *buffer,
                         const OVERLAPPED *overlapped)
{
    return answer(handle, overlapped != NULL && (buffer != NULL || length == 0), true);
}

EXPORT DWORD WINAPI PeerDistClientBlockRead(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                            PEERDIST_CONTENT_HANDLE hContentHandle,
                                            DWORD cbMaxNumberOfBytes, PBYTE pBuffer,
                                            DWORD dwTimeoutInMilliseconds,
                                            LPOVERLAPPED lpOverlapped)
{
    (void)hContentHandle;
    (void)dwTimeoutInMilliseconds;
    return answer_read(hPeerDist, cbMaxNumberOfBytes, pBuffer, lpOverlapped);
}

EXPORT DWORD WINAPI PeerDistClientStreamRead(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                             PEERDIST_CONTENT_HANDLE hContentHandle,
                                             DWORD cbMaxNumberOfBytes, PBYTE pBuffer,
                                             DWORD dwTimeoutInMilliseconds,
                                             LPOVERLAPPED lpOverlapped)
{
    (void)hContentHandle;
    (void)dwTimeoutInMilliseconds;
    return answer_read(hPeerDist, cbMaxNumberOfBytes, pBuffer, lpOverlapped);
}

EXPORT DWORD WINAPI PeerDistClientFlushContent(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                               PCPEERDIST_CONTENT_TAG pContentTag,
                                               HANDLE hCompletionPort, ULONG_PTR ulCompletionKey,
                                               LPOVERLAPPED lpOverlapped)
{
    (void)ulCompletionKey;
    return answer(hPeerDist,
                  pContentTag != NULL && lpOverlapped != NULL && good_port(hCompletionPort), false);
}

EXPORT DWORD WINAPI PeerDistClientCancelAsyncOperation(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                                       PEERDIST_CONTENT_HANDLE hContentHandle,
                                                       LPOVERLAPPED pOverlapped)
{
    (void)hContentHandle;
    (void)pOverlapped;
    return answer(hPeerDist, true, true);
}

EXPORT DWORD WINAPI PeerDistClientGetInformationByHandle(
    PEERDIST_INSTANCE_HANDLE hPeerDist, PEERDIST_CONTENT_HANDLE hContentHandle,
    PEERDIST_CLIENT_INFO_BY_HANDLE_CLASS PeerDistClientInfoClass, DWORD dwBufferSize,
    LPVOID lpInformation)
{
    (void)hContentHandle;
    if (PeerDistClientInfoClass == PeerDistClientBasicInfo && lpInformation != NULL &&
        dwBufferSize < sizeof(PEERDIST_CLIENT_BASIC_INFO)) {
        DWORD error = answer(hPeerDist, true, false);
        return error == ERROR_INVALID_HANDLE ? error : ERROR_INSUFFICIENT_BUFFER;
    }
    return answer(hPeerDist,
                  PeerDistClientInfoClass == PeerDistClientBasicInfo && lpInformation != NULL,
                  true);
}
