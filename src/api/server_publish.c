/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PeerDistServerPublishStream, ...AddToStream, ...CompleteStream, ...CloseStreamHandle, Unpublish,
 * PeerDistServerCancelAsyncOperation. */
#include "api/api.h"

static bool good_options(PCPEERDIST_PUBLICATION_OPTIONS options)
{
    return options == NULL || options->dwVersion == PEERDIST_PUBLICATION_OPTIONS_VERSION_1 ||
           options->dwVersion == PEERDIST_PUBLICATION_OPTIONS_VERSION_2;
}

EXPORT DWORD WINAPI PeerDistServerPublishStream(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                                DWORD cbContentIdentifier, PBYTE pContentIdentifier,
                                                ULONGLONG cbContentLength,
                                                PCPEERDIST_PUBLICATION_OPTIONS pPublishOptions,
                                                HANDLE hCompletionPort, ULONG_PTR ulCompletionKey,
                                                PPEERDIST_STREAM_HANDLE phStream)
{
    TRACE_CALL("hPeerDist %p, cbContentIdentifier %lu, pContentIdentifier %p, cbContentLength "
               "%llu, pPublishOptions %p, hCompletionPort %p, ulCompletionKey %#llx, phStream %p",
               hPeerDist, (unsigned long)cbContentIdentifier, (const void *)pContentIdentifier,
               cbContentLength, (const void *)pPublishOptions, hCompletionPort,
               (ULONGLONG)ulCompletionKey, (void *)phStream);
    if (phStream != NULL)
        *phStream = NULL;
    struct instance *instance = acquire_instance(hPeerDist);
    if (instance == NULL)
        return TRACE_RESULT(ERROR_INVALID_HANDLE);
    enum pd_status status = PD_INVALID_PARAMETER;
    struct completion_port *port = NULL;
    if (phStream != NULL && good_identifier(pContentIdentifier, cbContentIdentifier) &&
        good_options(pPublishOptions))
        status = completion_port_open(hCompletionPort, ulCompletionKey, &port);
    if (status == PD_OK) {
        uintptr_t handle = 0;
        status = stream_open(instance, pContentIdentifier, cbContentIdentifier, cbContentLength,
                             port, &handle);
        *phStream = (PEERDIST_STREAM_HANDLE)handle;
        completion_port_release(port);
    }
    release_instance(instance);
    return TRACE_RESULT(win32_error(status));
}

EXPORT DWORD WINAPI PeerDistServerPublishAddToStream(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                                     PEERDIST_STREAM_HANDLE hStream,
                                                     DWORD cbNumberOfBytes, PBYTE pBuffer,
                                                     LPOVERLAPPED lpOverlapped)
{
    TRACE_CALL("hPeerDist %p, hStream %p, cbNumberOfBytes %lu, pBuffer %p, lpOverlapped %p",
               hPeerDist, hStream, (unsigned long)cbNumberOfBytes, (const void *)pBuffer,
               (const void *)lpOverlapped);
    struct instance *instance = acquire_instance(hPeerDist);
    if (instance == NULL)
        return TRACE_RESULT(ERROR_INVALID_HANDLE);
    enum pd_status status = PD_INVALID_PARAMETER;
    if (lpOverlapped != NULL && (pBuffer != NULL || cbNumberOfBytes == 0)) {
        struct stream *stream = stream_acquire(instance, (uintptr_t)hStream);
        status = PD_INVALID_HANDLE;
        if (stream != NULL) {
            status = stream_add(stream, pBuffer, cbNumberOfBytes, lpOverlapped);
            stream_release(stream);
        }
    }
    release_instance(instance);
    return TRACE_RESULT(pending_or_error(status));
}

EXPORT DWORD WINAPI PeerDistServerPublishCompleteStream(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                                        PEERDIST_STREAM_HANDLE hStream,
                                                        LPOVERLAPPED lpOverlapped)
{
    TRACE_CALL("hPeerDist %p, hStream %p, lpOverlapped %p", hPeerDist, hStream,
               (const void *)lpOverlapped);
    struct instance *instance = acquire_instance(hPeerDist);
    if (instance == NULL)
        return TRACE_RESULT(ERROR_INVALID_HANDLE);
    enum pd_status status = PD_INVALID_PARAMETER;
    if (lpOverlapped != NULL) {
        struct stream *stream = stream_acquire(instance, (uintptr_t)hStream);
        status = PD_INVALID_HANDLE;
        if (stream != NULL) {
            status = stream_complete(stream, lpOverlapped);
            stream_release(stream);
        }
    }
    release_instance(instance);
    return TRACE_RESULT(pending_or_error(status));
}

/* Neither policy nor service can prevent a close. */
EXPORT DWORD WINAPI PeerDistServerCloseStreamHandle(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                                    PEERDIST_STREAM_HANDLE hStream)
{
    TRACE_CALL("hPeerDist %p, hStream %p", hPeerDist, hStream);
    struct instance *instance = acquire_instance(hPeerDist);
    if (instance == NULL)
        return TRACE_RESULT(ERROR_INVALID_HANDLE);
    enum pd_status status = PD_INVALID_HANDLE;
    struct stream *stream = stream_acquire(instance, (uintptr_t)hStream);
    if (stream != NULL) {
        status = stream_close(stream);
        stream_release(stream);
    }
    release_instance(instance);
    return TRACE_RESULT(win32_error(status));
}

/* The calling thread's user, where the service is on. */
static enum pd_status current_user(struct identity *identity)
{
    enum pd_status status = runtime_check();
    return status == PD_OK ? identity_current(identity) : status;
}

EXPORT DWORD WINAPI PeerDistServerUnpublish(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                            DWORD cbContentIdentifier, PBYTE pContentIdentifier)
{
    TRACE_CALL("hPeerDist %p, cbContentIdentifier %lu, pContentIdentifier %p", hPeerDist,
               (unsigned long)cbContentIdentifier, (const void *)pContentIdentifier);
    struct instance *instance = acquire_instance(hPeerDist);
    if (instance == NULL)
        return TRACE_RESULT(ERROR_INVALID_HANDLE);
    enum pd_status status = PD_INVALID_PARAMETER;
    if (good_identifier(pContentIdentifier, cbContentIdentifier)) {
        struct identity identity;
        status = current_user(&identity);
        if (status == PD_OK) {
            status =
                instance_unpublish(instance, &identity, pContentIdentifier, cbContentIdentifier);
            identity_fini(&identity);
        }
    }
    release_instance(instance);
    return TRACE_RESULT(win32_error(status));
}

EXPORT DWORD WINAPI PeerDistServerCancelAsyncOperation(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                                       DWORD cbContentIdentifier,
                                                       PBYTE pContentIdentifier,
                                                       LPOVERLAPPED pOverlapped)
{
    TRACE_CALL("hPeerDist %p, cbContentIdentifier %lu, pContentIdentifier %p, pOverlapped %p",
               hPeerDist, (unsigned long)cbContentIdentifier, (const void *)pContentIdentifier,
               (const void *)pOverlapped);
    struct instance *instance = acquire_instance(hPeerDist);
    if (instance == NULL)
        return TRACE_RESULT(ERROR_INVALID_HANDLE);
    enum pd_status status = PD_INVALID_PARAMETER;
    if (good_identifier(pContentIdentifier, cbContentIdentifier) && pOverlapped != NULL) {
        struct identity identity;
        status = current_user(&identity);
        if (status == PD_OK) {
            status = instance_cancel(instance, identity.user, pContentIdentifier,
                                     cbContentIdentifier, pOverlapped);
            identity_fini(&identity);
        }
    }
    release_instance(instance);
    /* The documentation has callers find 995 in the last error after a successful cancel. */
    if (status == PD_OK)
        SetLastError(ERROR_OPERATION_ABORTED);
    return TRACE_RESULT(win32_error(status));
}
