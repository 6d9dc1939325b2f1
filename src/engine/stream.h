/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A publication in the making: PublishStream, AddToStream, CompleteStream, CloseStreamHandle. */
#ifndef PEERDIST_ENGINE_STREAM_H
#define PEERDIST_ENGINE_STREAM_H

#include "engine/member.h"

struct stream;

/* Begins a publication for the calling thread's user. declared_length: bytes that will come, 0 when
 * not known. *handle belongs to the handle table. PD_ALREADY_EXISTS, PD_DISABLED, PD_UNAVAILABLE,
 * PD_NO_IDENTITY, PD_NO_MEMORY, PD_SHUTDOWN_IN_PROGRESS. */
enum pd_status stream_open(struct instance *instance, const void *identifier,
                           uint32_t identifier_length, uint64_t declared_length,
                           struct completion_port *port, uintptr_t *handle);

/* An open stream of this instance with a reference for the caller (stream_release), or NULL. */
struct stream *stream_acquire(const struct instance *instance, uintptr_t handle);
void stream_release(struct stream *stream);
enum pd_status stream_close(struct stream *stream);

/* PD_OK: accepted, `block` will have its completion. Else nothing follows: PD_INVALIDATED,
 * PD_DISABLED, PD_UNAVAILABLE, PD_ALREADY_COMPLETED, PD_NO_MEMORY.
 * Completions: PD_OK with `length` bytes; PD_OUT_OF_BOUNDS past the declared length, PD_UNAVAILABLE
 * when the store failed: both drop the publication. */
enum pd_status stream_add(struct stream *stream, uint8_t *buffer, uint32_t length, void *block);
/* Completions: PD_OK; PD_MISSING_DATA short of the declared length; as above. */
enum pd_status stream_complete(struct stream *stream, void *block);

#endif
