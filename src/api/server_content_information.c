/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PeerDistServerOpenContentInformation[Ex], ...RetrieveContentInformation,
 * ...CloseContentInformation. */
#include "api/api.h"

struct versions {
    DWORD min, max;
};

static DWORD open_information(PEERDIST_INSTANCE_HANDLE handle, DWORD identifier_length,
                              const BYTE *identifier, ULONGLONG offset, ULONGLONG length,
                              const struct versions *versions, HANDLE port_handle, ULONG_PTR key,
                              PPEERDIST_CONTENTINFO_HANDLE information)
{
    if (information != NULL)
        *information = NULL;
    struct instance *instance = acquire_instance(handle);
    if (instance == NULL)
        return ERROR_INVALID_HANDLE;
    enum pd_status status = PD_INVALID_PARAMETER;
    struct completion_port *port = NULL;
    if (information != NULL && good_identifier(identifier, identifier_length) && versions != NULL &&
        versions->min <= versions->max && (offset == 0 || length != 0))
        status = completion_port_open(port_handle, key, &port);
    if (status == PD_OK) {
        uintptr_t opened = 0;
        status = content_information_open(instance, identifier, identifier_length, offset, length,
                                          versions->min, versions->max, port, &opened);
        *information = (PEERDIST_CONTENTINFO_HANDLE)opened;
        completion_port_release(port);
    }
    release_instance(instance);
    return win32_error(status);
}

/* Version 1 is the only one that every client of this function can read. */
EXPORT DWORD WINAPI PeerDistServerOpenContentInformation(
    PEERDIST_INSTANCE_HANDLE hPeerDist, DWORD cbContentIdentifier, PBYTE pContentIdentifier,
    ULONGLONG ullContentOffset, ULONGLONG cbContentLength, HANDLE hCompletionPort,
    ULONG_PTR ulCompletionKey, PPEERDIST_CONTENTINFO_HANDLE phContentInfo)
{
    TRACE_CALL(
        "hPeerDist %p, cbContentIdentifier %lu, pContentIdentifier %p, ullContentOffset %llu, "
        "cbContentLength %llu, hCompletionPort %p, ulCompletionKey %#llx, phContentInfo %p",
        hPeerDist, (unsigned long)cbContentIdentifier, (const void *)pContentIdentifier,
        ullContentOffset, cbContentLength, hCompletionPort, (ULONGLONG)ulCompletionKey,
        (void *)phContentInfo);
    static const struct versions version_1 = {PEERDIST_RETRIEVAL_OPTIONS_CONTENTINFO_VERSION_1,
                                              PEERDIST_RETRIEVAL_OPTIONS_CONTENTINFO_VERSION_1};
    return TRACE_RESULT(open_information(hPeerDist, cbContentIdentifier, pContentIdentifier,
                                         ullContentOffset, cbContentLength, &version_1,
                                         hCompletionPort, ulCompletionKey, phContentInfo));
}

EXPORT DWORD WINAPI PeerDistServerOpenContentInformationEx(
    PEERDIST_INSTANCE_HANDLE hPeerDist, DWORD cbContentIdentifier, PBYTE pContentIdentifier,
    ULONGLONG ullContentOffset, ULONGLONG cbContentLength,
    PEERDIST_RETRIEVAL_OPTIONS *pRetrievalOptions, HANDLE hCompletionPort,
    ULONG_PTR ulCompletionKey, PPEERDIST_CONTENTINFO_HANDLE phContentInfo)
{
    TRACE_CALL("hPeerDist %p, cbContentIdentifier %lu, pContentIdentifier %p, ullContentOffset "
               "%llu, cbContentLength %llu, pRetrievalOptions %p, hCompletionPort %p, "
               "ulCompletionKey %#llx, phContentInfo %p",
               hPeerDist, (unsigned long)cbContentIdentifier, (const void *)pContentIdentifier,
               ullContentOffset, cbContentLength, (const void *)pRetrievalOptions, hCompletionPort,
               (ULONGLONG)ulCompletionKey, (void *)phContentInfo);
    struct versions versions = {0, 0};
    bool good =
        pRetrievalOptions != NULL && pRetrievalOptions->cbSize >= sizeof(*pRetrievalOptions);
    if (good) {
        versions.min = pRetrievalOptions->dwContentInfoMinVersion;
        versions.max = pRetrievalOptions->dwContentInfoMaxVersion;
    }
    return TRACE_RESULT(open_information(hPeerDist, cbContentIdentifier, pContentIdentifier,
                                         ullContentOffset, cbContentLength, good ? &versions : NULL,
                                         hCompletionPort, ulCompletionKey, phContentInfo));
}

EXPORT DWORD WINAPI PeerDistServerRetrieveContentInformation(
    PEERDIST_INSTANCE_HANDLE hPeerDist, PEERDIST_CONTENTINFO_HANDLE hContentInfo,
    DWORD cbMaxNumberOfBytes, PBYTE pBuffer, LPOVERLAPPED lpOverlapped)
{
    TRACE_CALL("hPeerDist %p, hContentInfo %p, cbMaxNumberOfBytes %lu, pBuffer %p, lpOverlapped %p",
               hPeerDist, hContentInfo, (unsigned long)cbMaxNumberOfBytes, (const void *)pBuffer,
               (const void *)lpOverlapped);
    struct instance *instance = acquire_instance(hPeerDist);
    if (instance == NULL)
        return TRACE_RESULT(ERROR_INVALID_HANDLE);
    enum pd_status status = PD_INVALID_PARAMETER;
    if (lpOverlapped != NULL && pBuffer != NULL && cbMaxNumberOfBytes != 0) {
        struct content_information *information =
            content_information_acquire(instance, (uintptr_t)hContentInfo);
        status = PD_INVALID_HANDLE;
        if (information != NULL) {
            status = content_information_retrieve(information, pBuffer, cbMaxNumberOfBytes,
                                                  lpOverlapped);
            content_information_release(information);
        }
    }
    release_instance(instance);
    return TRACE_RESULT(pending_or_error(status));
}

/* Neither policy nor service can prevent a close. */
EXPORT DWORD WINAPI PeerDistServerCloseContentInformation(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                                          PEERDIST_CONTENTINFO_HANDLE hContentInfo)
{
    TRACE_CALL("hPeerDist %p, hContentInfo %p", hPeerDist, hContentInfo);
    struct instance *instance = acquire_instance(hPeerDist);
    if (instance == NULL)
        return TRACE_RESULT(ERROR_INVALID_HANDLE);
    enum pd_status status = PD_INVALID_HANDLE;
    struct content_information *information =
        content_information_acquire(instance, (uintptr_t)hContentInfo);
    if (information != NULL) {
        status = content_information_close(information);
        content_information_release(information);
    }
    release_instance(instance);
    return TRACE_RESULT(win32_error(status));
}
