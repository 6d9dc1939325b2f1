/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PeerDistClientFlushContent: emptying a content tag. */
#ifndef PEERDIST_ENGINE_FLUSH_H
#define PEERDIST_ENGINE_FLUSH_H

#include "engine/instance.h"
#include "store/cache_store.h"

/* For the calling thread's user. PD_OK: accepted, `block` will have its completion, before
 * instance_close returns; it cannot be cancelled. Completions: PD_OK; PD_UNAVAILABLE. Else nothing
 * follows: PD_DISABLED, PD_UNAVAILABLE, PD_NO_IDENTITY, PD_NO_MEMORY, PD_SHUTDOWN_IN_PROGRESS. */
enum pd_status instance_flush(struct instance *instance, const struct cache_tag *tag,
                              struct completion_port *port, void *block);

#endif
