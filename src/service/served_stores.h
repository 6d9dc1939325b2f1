/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The data caches of all users of this machine, as far as the service may read them: peers name
 * segments, not users. */
#ifndef PEERDIST_SERVICE_SERVED_STORES_H
#define PEERDIST_SERVICE_SERVED_STORES_H

#include "store/cache_store.h"

struct served_stores;
struct served_stores *served_stores_create(void);         /* NULL without memory */
void served_stores_destroy(struct served_stores *stores); /* NULL allowed */

/* From any thread. False: nobody has the segment. *store lives as long as `stores`. Users who come
 * later are seen within SERVED_STORES_REFRESH milliseconds. */
#define SERVED_STORES_REFRESH 3000u
bool served_stores_find(struct served_stores *stores, const uint8_t *id, size_t id_length,
                        uint32_t number, struct cache_held *held, struct cache_store **store);
/* The settings changed. */
void served_stores_set_limits(struct served_stores *stores, const struct cache_limits *limits);

#endif
