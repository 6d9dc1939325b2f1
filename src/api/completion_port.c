/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Delivery. An event beats a port: a packet after an event-driven caller freed its OVERLAPPED would
 * hit it. Failures go through NtSetIoCompletion, as PostQueuedCompletionStatus knows only success.
 */
#include "api/completion_port.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <winternl.h>

#include "api/error_map.h"
#include "api/trace.h"
#include "platform/thread.h"

#define STATUS_PENDING_VALUE 0x103

#ifndef __WINE__ /* whose headers have them */
NTSTATUS NTAPI NtSetIoCompletion(HANDLE port, ULONG_PTR key, ULONG_PTR value, NTSTATUS status,
                                 SIZE_T information);
NTSTATUS NTAPI NtQueryIoCompletion(HANDLE port, int class, void *information, ULONG length,
                                   ULONG *returned);
#endif

struct completion_port {
    atomic_uint references;
    HANDLE handle;
    ULONG_PTR key;
};

/* For PeerDistGetOverlappedResult, which waits for any completion and looks at its own block. */
static struct {
    struct mutex lock;
    struct condition completed;
    atomic_uint waiting;
} waiters = {.lock = MUTEX_INITIALIZER, .completed = CONDITION_INITIALIZER};

/* A handle of another kind, or none at all, is told apart by asking it what only a port answers. */
static bool is_port(HANDLE handle)
{
    const NTSTATUS wrong_type = (NTSTATUS)0xC0000024, no_handle = (NTSTATUS)0xC0000008;
    LONG depth;
    NTSTATUS status = NtQueryIoCompletion(handle, 0, &depth, sizeof(depth), NULL);
    return status != wrong_type && status != no_handle;
}

enum pd_status completion_port_open(HANDLE handle, ULONG_PTR key, struct completion_port **port)
{
    *port = NULL;
    if (handle == NULL)
        return PD_OK;
    HANDLE own;
    if (!DuplicateHandle(GetCurrentProcess(), handle, GetCurrentProcess(), &own, 0, FALSE,
                         DUPLICATE_SAME_ACCESS))
        return PD_INVALID_PARAMETER;
    struct completion_port *opened = is_port(own) ? malloc(sizeof(*opened)) : NULL;
    if (opened == NULL) {
        enum pd_status status = is_port(own) ? PD_NO_MEMORY : PD_INVALID_PARAMETER;
        CloseHandle(own);
        return status;
    }
    atomic_init(&opened->references, 1);
    opened->handle = own;
    opened->key = key;
    *port = opened;
    return PD_OK;
}

static void retain_port(struct completion_port *port)
{
    atomic_fetch_add_explicit(&port->references, 1, memory_order_relaxed);
}

void completion_port_release(struct completion_port *port)
{
    if (port == NULL || atomic_fetch_sub_explicit(&port->references, 1, memory_order_acq_rel) != 1)
        return;
    CloseHandle(port->handle);
    free(port);
}

/* Applications tag hEvent's lowest bit to say "no packet"; the handle is what is above it. */
static HANDLE event_of(const OVERLAPPED *overlapped)
{
    return (HANDLE)((ULONG_PTR)overlapped->hEvent & ~(ULONG_PTR)1);
}

static void accept_block(void *block)
{
    OVERLAPPED *overlapped = block;
    HANDLE event = event_of(overlapped);
    overlapped->InternalHigh = 0;
    __atomic_store_n(&overlapped->Internal, (ULONG_PTR)STATUS_PENDING_VALUE, __ATOMIC_RELEASE);
    if (event != NULL)
        ResetEvent(event);
}

static void deliver(struct completion_port *port, void *block, const struct completion *completion)
{
    OVERLAPPED *overlapped = block;
    HANDLE event = event_of(overlapped);
    bool tagged = overlapped->hEvent != event;
    LONG status = completion_status(completion->status);
    if (trace_is_on())
        trace_line("completion", "lpOverlapped %p, status %#lx, %llu bytes at %llu", block,
                   (unsigned long)(ULONG)status, (unsigned long long)completion->bytes,
                   (unsigned long long)completion->offset);
    if (completion->has_offset) {
        overlapped->Offset = (DWORD)completion->offset;
        overlapped->OffsetHigh = (DWORD)(completion->offset >> 32);
    }
    overlapped->InternalHigh = completion->bytes;
    /* From here on a polling caller may free the block. */
    __atomic_store_n(&overlapped->Internal, (ULONG_PTR)(ULONG)status, __ATOMIC_SEQ_CST);

    if (event != NULL)
        SetEvent(event);
    else if (port != NULL && !tagged)
        NtSetIoCompletion(port->handle, port->key, (ULONG_PTR)block, status, completion->bytes);
    if (atomic_load(&waiters.waiting) > 0) {
        mutex_lock(&waiters.lock);
        condition_wake_all(&waiters.completed);
        mutex_unlock(&waiters.lock);
    }
}

void completion_install(void)
{
    static const struct completion_sink sink = {accept_block, deliver, retain_port,
                                                completion_port_release};
    operation_set_sink(&sink);
}

static LONG status_of(OVERLAPPED *overlapped)
{
    return (LONG)__atomic_load_n(&overlapped->Internal, __ATOMIC_SEQ_CST);
}

BOOL completion_result(OVERLAPPED *overlapped, DWORD *bytes, BOOL wait)
{
    if (overlapped == NULL || bytes == NULL) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    LONG status = status_of(overlapped);
    if (status == STATUS_PENDING_VALUE && !wait) {
        SetLastError(ERROR_IO_INCOMPLETE);
        return FALSE;
    }
    if (status == STATUS_PENDING_VALUE) {
        mutex_lock(&waiters.lock);
        atomic_fetch_add(&waiters.waiting, 1);
        while ((status = status_of(overlapped)) == STATUS_PENDING_VALUE)
            condition_wait(&waiters.completed, &waiters.lock);
        atomic_fetch_sub(&waiters.waiting, 1);
        mutex_unlock(&waiters.lock);
    }
    *bytes = (DWORD)overlapped->InternalHigh; /* also of a failure: the length of a missing range */
    if (status >= 0)
        return TRUE;
    SetLastError(completion_error(status));
    return FALSE;
}
