/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all instances of a process share: the pool, the watch on settings, and the status that
 * follows from them. Exists from the first PeerDistStartup to the last PeerDistShutdown. */
#ifndef PEERDIST_ENGINE_RUNTIME_H
#define PEERDIST_ENGINE_RUNTIME_H

#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"

/* Numbered as PEERDIST_STATUS is. */
enum service_status {
    SERVICE_STATE_DISABLED = 0,
    SERVICE_STATE_UNAVAILABLE = 1,
    SERVICE_STATE_AVAILABLE = 2
};

struct service_state {
    enum service_status status;
    uint32_t min_version; /* of content information */
    uint32_t max_version;
    uint32_t drops; /* how often the status left AVAILABLE: handles of before are dead */
};

/* Paired; the first starts, the last stops and joins all threads. */
enum pd_status runtime_acquire(void);
void runtime_release(void);

struct service_state runtime_state(void);
/* PD_OK, PD_DISABLED or PD_UNAVAILABLE. */
enum pd_status runtime_check(void);

struct instance;
void runtime_add_instance(struct instance *instance);
void runtime_remove_instance(struct instance *instance);
/* Calls visit for each instance that is open, with a reference held and no lock. */
void runtime_visit_instances(void (*visit)(struct instance *instance, void *context),
                             void *context);

#endif
