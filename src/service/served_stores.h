/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The data caches of all users of this machine, as far as the service may read them: peers name
 * segments, not users. What was looked up is remembered for a moment: a segment has up to 512
 * blocks, and a look into the index costs more than reading one. */
#ifndef PEERDIST_SERVICE_SERVED_STORES_H
#define PEERDIST_SERVICE_SERVED_STORES_H

#include "store/answer_store.h"
#include "store/cache_store.h"

struct served_stores;
struct served_stores *served_stores_create(void);         /* NULL without memory */
void served_stores_destroy(struct served_stores *stores); /* NULL allowed */

/* Users who come later are seen within SERVED_STORES_REFRESH, changes of a segment within
 * SERVED_STORES_FRESH milliseconds. */
#define SERVED_STORES_REFRESH 500u
#define SERVED_STORES_FRESH   500u

/* A segment that somebody has. */
struct served_segment {
    /* Both live as long as `stores`. */
    struct cache_store *store;
    struct answer_store *answers; /* of the same user; NULL: cannot be asked */
    struct cache_held held;
};
/* From any thread. NULL: nobody has any of it. By one reference. `fresh`: what is remembered will
 * not do. */
const struct served_segment *served_stores_find(struct served_stores *stores, const uint8_t *id,
                                                size_t id_length, bool fresh);
void served_segment_release(struct served_stores *stores, const struct served_segment *segment);
/* The settings changed. */
void served_stores_set_limits(struct served_stores *stores, const struct cache_limits *limits);

#endif
