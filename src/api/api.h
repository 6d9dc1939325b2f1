/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all exports share. Each export checks, in this order: the instance (6), pointers and values
 * (87), the second handle (6); the engine goes on with invalidated (4057), policy (1260), service
 * (4065) and state. */
#ifndef PEERDIST_API_API_H
#define PEERDIST_API_API_H

#include <windows.h>
#include <peerdist.h>

#include "api/completion_port.h"
#include "api/error_map.h"
#include "api/trace.h"
#include "engine/content.h"
#include "engine/content_information.h"
#include "engine/instance.h"
#include "engine/stream.h"

/* Callers on x86 may come with a stack aligned to 4 bytes; vector code below needs 16. */
#ifdef __i386__
#define EXPORT __attribute__((force_align_arg_pointer))
#else
#define EXPORT
#endif

static inline struct instance *acquire_instance(PEERDIST_INSTANCE_HANDLE handle)
{
    return (struct instance *)handle_acquire((uintptr_t)handle, HANDLE_INSTANCE);
}

static inline void release_instance(struct instance *instance)
{
    handle_release(&instance->object);
}

/* The instance, then pointers and values, which `good` tells, then the content handle; with both by
 * a reference, which release_content gives back. */
static inline enum pd_status acquire_content(PEERDIST_INSTANCE_HANDLE instance_handle,
                                             PEERDIST_CONTENT_HANDLE content_handle, bool good,
                                             struct instance **instance, struct content **content)
{
    *instance = acquire_instance(instance_handle);
    if (*instance == NULL)
        return PD_INVALID_HANDLE;
    *content = good ? content_acquire(*instance, (uintptr_t)content_handle) : NULL;
    if (*content != NULL)
        return PD_OK;
    release_instance(*instance);
    return good ? PD_INVALID_HANDLE : PD_INVALID_PARAMETER;
}

static inline void release_content(struct instance *instance, struct content *content)
{
    content_release(content);
    release_instance(instance);
}

static inline uint64_t offset_of(const OVERLAPPED *overlapped)
{
    return (uint64_t)overlapped->OffsetHigh << 32 | overlapped->Offset;
}

/* Windows documents no limit; ours is far above what it is known to take, and keeps one call from
 * filling the store. */
#define IDENTIFIER_MAX (1u << 20)

static inline bool good_identifier(const BYTE *identifier, DWORD length)
{
    return identifier != NULL && length != 0 && length <= IDENTIFIER_MAX;
}

/* What every asynchronous call returns when it was accepted. */
static inline DWORD pending_or_error(enum pd_status status)
{
    return status == PD_OK ? ERROR_IO_PENDING : win32_error(status);
}

#endif
