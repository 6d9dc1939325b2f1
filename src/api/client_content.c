/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PeerDistClientOpenContent, ...CloseContent, ...AddContentInformation,
 * ...CompleteContentInformation, ...AddData, ...CancelAsyncOperation, ...GetInformationByHandle,
 * ...FlushContent. */
#include "api/api.h"

#include <string.h>

#include "engine/flush.h"

_Static_assert(sizeof(PEERDIST_CONTENT_TAG) == sizeof(struct cache_tag), "a tag is a tag");

static struct cache_tag tag_of(PCPEERDIST_CONTENT_TAG given)
{
    struct cache_tag tag;
    memcpy(&tag, given, sizeof(tag));
    return tag;
}

EXPORT DWORD WINAPI PeerDistClientOpenContent(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                              PCPEERDIST_CONTENT_TAG pContentTag,
                                              HANDLE hCompletionPort, ULONG_PTR ulCompletionKey,
                                              PPEERDIST_CONTENT_HANDLE phContentHandle)
{
    TRACE_CALL("hPeerDist %p, pContentTag %p, hCompletionPort %p, ulCompletionKey %#llx, "
               "phContentHandle %p",
               hPeerDist, (const void *)pContentTag, hCompletionPort, (ULONGLONG)ulCompletionKey,
               (void *)phContentHandle);
    if (phContentHandle != NULL)
        *phContentHandle = NULL;
    struct instance *instance = acquire_instance(hPeerDist);
    if (instance == NULL)
        return TRACE_RESULT(ERROR_INVALID_HANDLE);
    enum pd_status status = PD_INVALID_PARAMETER;
    struct completion_port *port = NULL;
    if (phContentHandle != NULL && pContentTag != NULL)
        status = completion_port_open(hCompletionPort, ulCompletionKey, &port);
    if (status == PD_OK) {
        const struct cache_tag tag = tag_of(pContentTag);
        uintptr_t handle = 0;
        status = content_open(instance, &tag, port, &handle);
        *phContentHandle = (PEERDIST_CONTENT_HANDLE)handle;
        completion_port_release(port);
    }
    release_instance(instance);
    return TRACE_RESULT(win32_error(status));
}

/* Neither policy nor service can prevent a close. */
EXPORT DWORD WINAPI PeerDistClientCloseContent(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                               PEERDIST_CONTENT_HANDLE hContentHandle)
{
    TRACE_CALL("hPeerDist %p, hContentHandle %p", hPeerDist, hContentHandle);
    struct instance *instance;
    struct content *content;
    enum pd_status status = acquire_content(hPeerDist, hContentHandle, true, &instance, &content);
    if (status == PD_OK) {
        status = content_close(content);
        release_content(instance, content);
    }
    return TRACE_RESULT(win32_error(status));
}

EXPORT DWORD WINAPI PeerDistClientAddContentInformation(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                                        PEERDIST_CONTENT_HANDLE hContentHandle,
                                                        DWORD cbNumberOfBytes, PBYTE pBuffer,
                                                        LPOVERLAPPED lpOverlapped)
{
    TRACE_CALL("hPeerDist %p, hContentHandle %p, cbNumberOfBytes %lu, pBuffer %p, lpOverlapped %p",
               hPeerDist, hContentHandle, (unsigned long)cbNumberOfBytes, (const void *)pBuffer,
               (const void *)lpOverlapped);
    bool good = lpOverlapped != NULL && (pBuffer != NULL || cbNumberOfBytes == 0);
    struct instance *instance;
    struct content *content;
    enum pd_status status = acquire_content(hPeerDist, hContentHandle, good, &instance, &content);
    if (status == PD_OK) {
        status = content_add_information(content, pBuffer, cbNumberOfBytes, lpOverlapped);
        release_content(instance, content);
    }
    return TRACE_RESULT(pending_or_error(status));
}

EXPORT DWORD WINAPI PeerDistClientCompleteContentInformation(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                                             PEERDIST_CONTENT_HANDLE hContentHandle,
                                                             LPOVERLAPPED lpOverlapped)
{
    TRACE_CALL("hPeerDist %p, hContentHandle %p, lpOverlapped %p", hPeerDist, hContentHandle,
               (const void *)lpOverlapped);
    struct instance *instance;
    struct content *content;
    enum pd_status status =
        acquire_content(hPeerDist, hContentHandle, lpOverlapped != NULL, &instance, &content);
    if (status == PD_OK) {
        status = content_complete_information(content, lpOverlapped);
        release_content(instance, content);
    }
    return TRACE_RESULT(pending_or_error(status));
}

EXPORT DWORD WINAPI PeerDistClientAddData(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                          PEERDIST_CONTENT_HANDLE hContentHandle,
                                          DWORD cbNumberOfBytes, PBYTE pBuffer,
                                          LPOVERLAPPED lpOverlapped)
{
    TRACE_CALL("hPeerDist %p, hContentHandle %p, cbNumberOfBytes %lu, pBuffer %p, lpOverlapped %p",
               hPeerDist, hContentHandle, (unsigned long)cbNumberOfBytes, (const void *)pBuffer,
               (const void *)lpOverlapped);
    bool good = lpOverlapped != NULL && (pBuffer != NULL || cbNumberOfBytes == 0);
    struct instance *instance;
    struct content *content;
    enum pd_status status = acquire_content(hPeerDist, hContentHandle, good, &instance, &content);
    if (status == PD_OK) {
        status = content_add_data(content, offset_of(lpOverlapped), pBuffer, cbNumberOfBytes,
                                  lpOverlapped);
        release_content(instance, content);
    }
    return TRACE_RESULT(pending_or_error(status));
}

EXPORT DWORD WINAPI PeerDistClientFlushContent(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                               PCPEERDIST_CONTENT_TAG pContentTag,
                                               HANDLE hCompletionPort, ULONG_PTR ulCompletionKey,
                                               LPOVERLAPPED lpOverlapped)
{
    TRACE_CALL(
        "hPeerDist %p, pContentTag %p, hCompletionPort %p, ulCompletionKey %#llx, lpOverlapped %p",
        hPeerDist, (const void *)pContentTag, hCompletionPort, (ULONGLONG)ulCompletionKey,
        (const void *)lpOverlapped);
    struct instance *instance = acquire_instance(hPeerDist);
    if (instance == NULL)
        return TRACE_RESULT(ERROR_INVALID_HANDLE);
    enum pd_status status = PD_INVALID_PARAMETER;
    struct completion_port *port = NULL;
    if (pContentTag != NULL && lpOverlapped != NULL)
        status = completion_port_open(hCompletionPort, ulCompletionKey, &port);
    if (status == PD_OK) {
        const struct cache_tag tag = tag_of(pContentTag);
        status = instance_flush(instance, &tag, port, lpOverlapped);
        completion_port_release(port);
    }
    release_instance(instance);
    return TRACE_RESULT(pending_or_error(status));
}

EXPORT DWORD WINAPI PeerDistClientCancelAsyncOperation(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                                       PEERDIST_CONTENT_HANDLE hContentHandle,
                                                       LPOVERLAPPED pOverlapped)
{
    TRACE_CALL("hPeerDist %p, hContentHandle %p, pOverlapped %p", hPeerDist, hContentHandle,
               (const void *)pOverlapped);
    struct instance *instance;
    struct content *content;
    enum pd_status status = acquire_content(hPeerDist, hContentHandle, true, &instance, &content);
    if (status == PD_OK) {
        status = content_cancel(content, pOverlapped);
        release_content(instance, content);
    }
    /* The documentation has callers look there for the confirmation. */
    if (status == PD_OK)
        SetLastError(ERROR_OPERATION_ABORTED);
    return TRACE_RESULT(win32_error(status));
}

EXPORT DWORD WINAPI PeerDistClientGetInformationByHandle(
    PEERDIST_INSTANCE_HANDLE hPeerDist, PEERDIST_CONTENT_HANDLE hContentHandle,
    PEERDIST_CLIENT_INFO_BY_HANDLE_CLASS PeerDistClientInfoClass, DWORD dwBufferSize,
    LPVOID lpInformation)
{
    TRACE_CALL("hPeerDist %p, hContentHandle %p, PeerDistClientInfoClass %d, dwBufferSize %lu, "
               "lpInformation %p",
               hPeerDist, hContentHandle, (int)PeerDistClientInfoClass, (unsigned long)dwBufferSize,
               (const void *)lpInformation);
    bool good = PeerDistClientInfoClass == PeerDistClientBasicInfo && lpInformation != NULL;
    struct instance *instance;
    struct content *content;
    enum pd_status status = PD_OK;
    if (good && dwBufferSize < sizeof(PEERDIST_CLIENT_BASIC_INFO)) {
        instance = acquire_instance(hPeerDist);
        if (instance == NULL)
            return TRACE_RESULT(ERROR_INVALID_HANDLE);
        release_instance(instance);
        return TRACE_RESULT(ERROR_INSUFFICIENT_BUFFER);
    }
    status = acquire_content(hPeerDist, hContentHandle, good, &instance, &content);
    if (status == PD_OK) {
        bool crowd;
        status = content_is_flash_crowd(content, &crowd);
        if (status == PD_OK)
            ((PEERDIST_CLIENT_BASIC_INFO *)lpInformation)->fFlashCrowd = crowd;
        release_content(instance, content);
    }
    return TRACE_RESULT(win32_error(status));
}
