/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who gave and got how much: counters that outlive processes, in a small database of their own
 * beside a user's cache, or the service's.
 *
 * counter_add only notes; what was noted is written by counter_flush and counter_flush_due, which a
 * thread calls that runs as the user. A crash loses a few seconds of counts. From any thread. */
#ifndef PEERDIST_STORE_COUNTER_STORE_H
#define PEERDIST_STORE_COUNTER_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"

/* Stored under these numbers. */
enum counter_kind {
    COUNTER_FROM_CACHE = 1,  /* delivered to applications out of the cache */
    COUNTER_FROM_PEER = 2,   /* fetched and found good; by peer */
    COUNTER_FROM_ORIGIN = 3, /* added by applications */
    COUNTER_SERVED = 4,      /* blocks sent; by peer */
    COUNTER_PROBES = 5,      /* asked of the network; blocks: segments, failures: found nowhere */
    COUNTER_PROBED = 6       /* Probes that came; by peer; blocks: those that were answered */
};

#define COUNTER_PEER_MAX 64u
struct counter {
    enum counter_kind kind;
    char peer[COUNTER_PEER_MAX]; /* address without port; empty: not by peer */
    uint64_t bytes, blocks, failures;
    uint64_t used; /* the last time: seconds since 1970 */
};

struct counter_store;
/* `folder` is a name below the stores' root, `user` (SID string) its owner. Nothing is made on disk
 * before the first flush. NULL without memory. */
struct counter_store *counter_store_create(const char *folder, const char *user);
/* Flushes. */
void counter_store_destroy(struct counter_store *store); /* NULL allowed */

/* Of more than COUNTER_PENDING_MAX kinds and peers between two flushes the rest is not counted. */
#define COUNTER_PENDING_MAX 256u
void counter_add(struct counter_store *store, enum counter_kind which, const char *peer,
                 uint64_t bytes, uint64_t blocks, uint64_t failures);
enum pd_status counter_flush(struct counter_store *store);
/* The same, if something was noted and the last flush is seconds ago; else it costs nothing. */
void counter_flush_due(struct counter_store *store);
/* All there are, what was not flushed yet included, by kind and then by bytes, most first. Where
 * there is no database none is made. */
enum pd_status counter_visit(struct counter_store *store,
                             bool (*visit)(const struct counter *counter, void *context),
                             void *context);
/* Everything back to nothing. */
enum pd_status counter_reset(struct counter_store *store);

#endif
