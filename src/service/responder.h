/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The server role of the discovery protocol ([MS-PCCRD] 3.2): Probes on UDP port 3702, answered
 * after a random wait when a user's cache has any of the segments. Answers go to machines of the
 * same subnet only, at a bounded rate, and name this machine's address on that subnet. */
#ifndef PEERDIST_SERVICE_RESPONDER_H
#define PEERDIST_SERVICE_RESPONDER_H

#include <stdbool.h>

#include "platform/settings.h"
#include "service/served_stores.h"
#include "service/service_log.h"
#include "store/counter_store.h"

struct responder_options {
    struct served_stores *stores;
    struct counter_store *counters;
    const struct service_log *log;
    uint16_t http_port;                /* where blocks are served */
    uint32_t backoff_min, backoff_max; /* milliseconds */
    uint32_t quorum; /* machines that have a segment: then this one does not offer it */
    void *context;
    bool (*may_serve)(void *context); /* nobody is answered meanwhile, where false */
};

struct responder;
/* All that the options name outlives it. PD_ALREADY_EXISTS: the port cannot be had. */
enum pd_status responder_start(const struct responder_options *options, struct responder **started);
void responder_stop(struct responder *responder); /* NULL allowed */

#endif
