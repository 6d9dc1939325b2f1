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
