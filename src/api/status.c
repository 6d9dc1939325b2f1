/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PeerDistGetStatus[Ex], PeerDistRegisterForStatusChangeNotification[Ex], PeerDistUnregister... */
#include "api/api.h"

_Static_assert(sizeof(PEERDIST_STATUS) == 4 && sizeof(PEERDIST_STATUS_INFO) == 16,
               "instance_write_status writes words");

static DWORD get_status(PEERDIST_INSTANCE_HANDLE handle, void *output, bool extended)
{
    struct instance *instance = acquire_instance(handle);
    if (instance == NULL)
        return ERROR_INVALID_HANDLE;
    DWORD error = ERROR_INVALID_PARAMETER;
    if (output != NULL &&
        (!extended || ((PEERDIST_STATUS_INFO *)output)->cbSize >= sizeof(PEERDIST_STATUS_INFO))) {
        struct service_state state = runtime_state();
        instance_write_status(output, extended, &state);
        error = ERROR_SUCCESS;
    }
    release_instance(instance);
    return error;
}

EXPORT DWORD WINAPI PeerDistGetStatus(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                      PEERDIST_STATUS *pPeerDistStatus)
{
    TRACE_CALL("hPeerDist %p, pPeerDistStatus %p", hPeerDist, (const void *)pPeerDistStatus);
    return TRACE_RESULT(get_status(hPeerDist, pPeerDistStatus, false));
}

EXPORT DWORD WINAPI PeerDistGetStatusEx(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                        PEERDIST_STATUS_INFO *pPeerDistStatus)
{
    TRACE_CALL("hPeerDist %p, pPeerDistStatus %p", hPeerDist, (const void *)pPeerDistStatus);
    return TRACE_RESULT(get_status(hPeerDist, pPeerDistStatus, true));
}

/* For an instance that was found: the pointers are checked here. */
static enum pd_status register_with(struct instance *instance, HANDLE port_handle, ULONG_PTR key,
                                    OVERLAPPED *overlapped, void *output, bool extended)
{
    struct completion_port *port;
    if (overlapped == NULL || output == NULL ||
        (extended && ((PEERDIST_STATUS_INFO *)output)->cbSize < sizeof(PEERDIST_STATUS_INFO)))
        return PD_INVALID_PARAMETER;
    enum pd_status status = completion_port_open(port_handle, key, &port);
    if (status != PD_OK)
        return status;
    struct operation *operation = operation_create(OPERATION_STATUS_CHANGE, overlapped, port);
    completion_port_release(port);
    if (operation == NULL)
        return PD_NO_MEMORY;
    operation->output = output;
    operation->extended = extended;
    status = instance_register(instance, operation);
    if (status != PD_OK)
        operation_discard(operation);
    return status;
}

static DWORD register_for_status(PEERDIST_INSTANCE_HANDLE handle, HANDLE port, ULONG_PTR key,
                                 OVERLAPPED *overlapped, void *output, bool extended)
{
    struct instance *instance = acquire_instance(handle);
    if (instance == NULL)
        return ERROR_INVALID_HANDLE;
    DWORD error =
        pending_or_error(register_with(instance, port, key, overlapped, output, extended));
    release_instance(instance);
    return error;
}

EXPORT DWORD WINAPI PeerDistRegisterForStatusChangeNotification(PEERDIST_INSTANCE_HANDLE hPeerDist,
                                                                HANDLE hCompletionPort,
                                                                ULONG_PTR ulCompletionKey,
                                                                LPOVERLAPPED lpOverlapped,
                                                                PEERDIST_STATUS *pPeerDistStatus)
{
    TRACE_CALL("hPeerDist %p, hCompletionPort %p, ulCompletionKey %#llx, lpOverlapped %p, "
               "pPeerDistStatus %p",
               hPeerDist, hCompletionPort, (ULONGLONG)ulCompletionKey, (const void *)lpOverlapped,
               (const void *)pPeerDistStatus);
    return TRACE_RESULT(register_for_status(hPeerDist, hCompletionPort, ulCompletionKey,
                                            lpOverlapped, pPeerDistStatus, false));
}

EXPORT DWORD WINAPI PeerDistRegisterForStatusChangeNotificationEx(
    PEERDIST_INSTANCE_HANDLE hPeerDist, HANDLE hCompletionPort, ULONG_PTR ulCompletionKey,
    LPOVERLAPPED lpOverlapped, PEERDIST_STATUS_INFO *pPeerDistStatus)
{
    TRACE_CALL("hPeerDist %p, hCompletionPort %p, ulCompletionKey %#llx, lpOverlapped %p, "
               "pPeerDistStatus %p",
               hPeerDist, hCompletionPort, (ULONGLONG)ulCompletionKey, (const void *)lpOverlapped,
               (const void *)pPeerDistStatus);
    return TRACE_RESULT(register_for_status(hPeerDist, hCompletionPort, ulCompletionKey,
                                            lpOverlapped, pPeerDistStatus, true));
}

EXPORT DWORD WINAPI
PeerDistUnregisterForStatusChangeNotification(PEERDIST_INSTANCE_HANDLE hPeerDist)
{
    TRACE_CALL("hPeerDist %p", hPeerDist);
    struct instance *instance = acquire_instance(hPeerDist);
    if (instance == NULL)
        return TRACE_RESULT(ERROR_INVALID_HANDLE);
    instance_unregister(instance);
    release_instance(instance);
    return TRACE_RESULT(ERROR_SUCCESS);
}
